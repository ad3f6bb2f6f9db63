#pragma once

#include "connectors/kafka/cluster.hpp"

#include "engine/log/listeners.hpp"
#include "engine/log/log.hpp"

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace sallyport::kafka {

/// Reads any partition from any offset, as `log::read` does.
///
/// Problem: librdkafka follows partitions, it does not look things up; and the readers of a log
/// (egress, pages of the API, tools) each follow at their own pace. Idea: a read leaves a *cursor*
/// behind, which stands where it ended and goes on fetching a bounded amount, so that the next read
/// in a row is served from memory. A read from elsewhere starts a cursor there. A client can have
/// one cursor a partition; a second reader of the same partition gets a second client, up to
/// `clients_max`, from where on cursors jump.
///
/// Whoever has read to the end of a partition is told by `listeners` when more comes.
///
/// Thread safety: all functions may be called from any thread.
///
/// Invariants:
/// 1. A read gives records from its offset on, in order, none left out, and is empty only if the
/// cluster said, after the call, that there is no more.
/// 2. Records point into what was fetched; they outlive the reader.
/// 3. Every wait is bounded.
class reader {
public:
  static constexpr std::size_t clients_max = 4;

  /// Both outlive the reader. Not `committed_only`: sees open and aborted transactions as well.
  reader(const cluster& of, listeners& told, bool committed_only = true);
  ~reader();
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  [[nodiscard]] result<std::vector<log_record>> read(const partition_id& of, std::int64_t from,
                                                     const read_limits& limits);

private:
  class cursor;
  struct lease;

  [[nodiscard]] result<lease> lease_at(const partition_id& of, std::int64_t from);
  [[nodiscard]] cursor* standing_at(const partition_id& of, std::int64_t from);
  [[nodiscard]] result<std::size_t> room_for(const partition_id& of,
                                             std::unique_lock<std::mutex>& lock);
  [[nodiscard]] result<std::vector<log_record>> read_from(cursor& at, std::int64_t from,
                                                          const read_limits& limits);
  void give_back(cursor& of, bool keep);
  void close(cursor& of, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] result<std::int64_t> end_of(const partition_id& of) const;
  void tell();
  void drop_idle(std::unique_lock<std::mutex>& lock);

  const cluster& of_;
  listeners& told_;
  const bool committed_only_;
  std::mutex guard_;
  std::condition_variable changed_;  ///< there is something to tell
  std::condition_variable returned_; ///< a cursor is free
  std::vector<client> clients_;
  std::list<std::unique_ptr<cursor>> cursors_;
  std::set<partition_id> news_;
  bool stopping_ = false;
  std::thread teller_;
};

} // namespace sallyport::kafka
