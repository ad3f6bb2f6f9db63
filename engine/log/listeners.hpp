#pragma once

#include "engine/log/log.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

namespace sallyport {

/// Who wants to hear of new records: what every log does for `subscribe`.
///
/// Idea: a listener runs without a lock, but it is known who runs it, so that `unsubscribe` can
/// wait for the others.
///
/// Thread safety: all functions may be called from any thread, also from within a listener.
///
/// Invariants:
/// 1. After `unsubscribe` has returned no thread is in the listener, except the caller itself when
/// it unsubscribes from within.
class listeners {
public:
  [[nodiscard]] std::uint64_t subscribe(log::listener on_append);
  void unsubscribe(std::uint64_t handle);

  /// Tells every listener of every partition.
  void notify(std::span<const partition_id> partitions);

private:
  struct entry {
    log::listener call;
    std::vector<std::thread::id> running;
    bool removed = false;
  };

  std::mutex guard_;
  std::condition_variable idle_;
  std::uint64_t last_handle_ = 0;
  std::map<std::uint64_t, std::shared_ptr<entry>> entries_;
};

} // namespace sallyport
