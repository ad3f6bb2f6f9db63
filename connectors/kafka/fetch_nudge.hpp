#pragma once

#include "connectors/kafka/client.hpp"

#include "engine/log/log.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace sallyport::kafka {

/// Wakes librdkafka's fetching thread.
///
/// Problem: the thread that fetches does not look again for up to a second at partitions whose
/// queues it has found full, however fast they are emptied meanwhile; from 2.2 on the property
/// `fetch.queue.backoff.ms` says how long, before that nothing does. Idea: any request to the
/// partition's leader passes through that thread and wakes it; the cheapest one asks for the ends
/// of the partition. It is made on a thread of its own, as it waits for the answer.
///
/// Thread safety: `nudge` from any thread; it never waits.
class fetch_nudge {
public:
  /// Whether this librdkafka needs it.
  [[nodiscard]] static bool needed();

  fetch_nudge();
  ~fetch_nudge();
  fetch_nudge(const fetch_nudge&) = delete;
  fetch_nudge& operator=(const fetch_nudge&) = delete;

  /// For the partition's leader. One that is asked for while another is made replaces those that
  /// wait.
  void nudge(client of, const partition_id& partition);

private:
  struct request {
    client of;
    partition_id partition;
  };
  void run();

  std::mutex guard_;
  std::condition_variable asked_;
  std::optional<request> next_;
  bool ended_ = false;
  std::thread thread_;
};

} // namespace sallyport::kafka
