#pragma once

#include "connectors/kafka/client.hpp"
#include "connectors/kafka/epoch_writer.hpp"
#include "connectors/kafka/fetch_nudge.hpp"
#include "connectors/kafka/restorer.hpp"
#include "connectors/kafka/wakeup.hpp"

#include "engine/log/membership.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::kafka {

/// One host as a member of the application's consumer group.
///
/// Problem: librdkafka must be polled, assigned, sought and revoked by one thread, while the host
/// reads from another and commits from a third; and what the group says must be known at the moment
/// of a commit. Idea: a thread of its own does all that concerns the consumer and fills a bounded
/// buffer a lane, straight from the lane's queue; when a buffer is full, the queue is let alone.
/// The others leave orders.
///
/// A lane that the group gives is restored first (`restorer`), and read from the position that its
/// state belongs to. A lane that the group takes is acknowledged when the host has released it.
///
/// Thread safety: as `membership`.
class member final : public membership {
public:
  struct environment {
    std::string application;
    std::string instance; ///< for the log
    client consumer;      ///< not subscribed yet; its rebalance callback is `on_rebalance`
    std::function<result<client>()> make_consumer; ///< another one such
    std::vector<std::string> topics;
    duration session_timeout{0};
    std::uint64_t prefetch_bytes = 0;
    std::shared_ptr<restorer> lanes;
    epoch_writer::environment writer;
  };
  /// `self` is filled before the consumer is made, as its callbacks need it.
  struct callbacks {
    std::mutex guard; ///< held while another thread than the member's uses `to`
    member* to = nullptr;
  };

  member(environment env, membership_options how, std::shared_ptr<callbacks> self);
  ~member() override;
  member(const member&) = delete;
  member& operator=(const member&) = delete;

  [[nodiscard]] std::vector<lane_change> changes() override;
  void release(const lane_place& lane) override;
  void again(const lane_place& lane) override;
  [[nodiscard]] result<std::vector<log_record>> read(const lane_place& lane, std::int64_t from,
                                                     const read_limits& limits) override;
  [[nodiscard]] status commit(const std::shared_ptr<log_commit>& what) override;
  [[nodiscard]] std::chrono::steady_clock::time_point calls_until() const override;
  void hurry() override { writer_.hurry(); }
  void leave() override;

  static void on_rebalance(rd_kafka_t* of, rd_kafka_resp_err_t what,
                           rd_kafka_topic_partition_list_t* partitions, void* callbacks);

private:
  struct chunk {
    std::vector<log_record> records;
    std::size_t taken = 0; ///< of them, by the host
    std::size_t bytes = 0;
  };

  /// A lane as the group has it. What is marked so belongs to the thread; all else is guarded.
  struct lane_state {
    bool ours = false;          ///< the group says so
    bool taking = false;        ///< the restorer has it
    std::uint64_t tenure = 0;   ///< counts how often the group gave it
    bool given = false;         ///< the host has it, or its `lane_given`
    std::uint64_t given_in = 0; ///< the tenure that the host has it in
    bool revoked = false;       ///< the group waits for it
    bool assigned = false;      ///< its records are fetched
    owned<rd_kafka_queue_t> queue;
    std::deque<chunk> buffer;
    std::size_t buffered_bytes = 0;
    std::int64_t next_read = 0;          ///< what the host will ask for
    std::int64_t next_fetched = 0;       ///< behind the last record of the buffer
    std::optional<std::int64_t> seek_to; ///< asked for by the host
    std::optional<error> failed;         ///< told at the next read
    bool refused = false;                ///< the host was told that it cannot be had
    bool was_full = false;
    std::size_t emptied_bytes = 0; ///< taken from `queue` since its fetching was last nudged
    std::chrono::steady_clock::time_point emptied_at{};
  };

  [[nodiscard]] status commit_once(const std::shared_ptr<log_commit>& what);
  [[nodiscard]] bool is_member() const;
  void run();
  void subscribe();
  void serve_consumer();
  void on_fatal(const char* why);
  [[nodiscard]] bool start_over();
  void carry_out();
  void assign_taken();
  void seek(const lane_place& place, lane_state& lane);
  [[nodiscard]] bool fill_all();
  void nudge_if_idle();
  struct fetch {
    chunk what;
    std::int64_t next = 0;
    std::optional<error> failed;
  };
  [[nodiscard]] fetch sort(const lane_place& place, std::int64_t next,
                           std::vector<rd_kafka_message_t*> messages) const;
  void assigned(const rd_kafka_topic_partition_list_t& partitions);
  void revoked(const rd_kafka_topic_partition_list_t& partitions, bool lost);
  void acknowledge_if_released();
  void take(const lane_place& place, std::uint64_t tenure);
  void taken(const lane_place& place, std::uint64_t tenure, result<restorer::taken> what);
  void start_fetching(const lane_place& place, lane_state& lane, std::int64_t from);
  void stop_fetching(const std::vector<lane_place>& places);
  [[nodiscard]] std::size_t room_per_lane() const;
  [[nodiscard]] lane_state* find(const lane_place& place);
  [[nodiscard]] const lane_place* place_of(std::string_view topic, std::int32_t partition) const;
  /// Those of the partitions that are lanes.
  [[nodiscard]] std::vector<lane_place>
  places_in(const rd_kafka_topic_partition_list_t& partitions) const;
  void tell(lane_change what);
  void end_refusal(const lane_place& place, lane_state& lane);

  /// The group's view for a commit: taken by the thread that serves the rebalances.
  struct snapshot {
    owned<rd_kafka_consumer_group_metadata_t> group;
    std::vector<lane_place> lanes;
  };
  struct snapshot_request {
    bool done = false;
    snapshot what;
  };
  [[nodiscard]] result<snapshot> ask_group();

  environment env_;
  membership_options how_;
  std::shared_ptr<callbacks> self_;
  std::map<partition_id, lane_place> places_; ///< by what a lane reads
  bool cooperative_ = true;
  wakeup wake_;
  epoch_writer writer_;

  mutable std::mutex guard_;
  std::condition_variable answered_;
  std::map<lane_place, lane_state> lanes_;
  std::vector<lane_change> changes_;
  struct take_over {
    lane_place place;
    std::uint64_t tenure = 0;
    result<restorer::taken> what;
  };
  std::deque<take_over> taken_;
  std::map<lane_place, std::chrono::steady_clock::time_point> take_again_;
  std::vector<std::shared_ptr<snapshot_request>> requests_;
  std::map<lane_place, lane_book> books_; ///< of the committing thread, but for new lanes
  bool leaving_ = false;
  bool left_ = false;

  // of the thread
  bool revoking_ = false;            ///< the group waits for lanes
  bool session_ended_ = false;       ///< for want of answers, and the group has given nothing since
  unsigned started_over_ = 0;        ///< times, since then
  std::optional<fetch_nudge> nudge_; ///< where librdkafka needs it
  bool nudges_wait_ = false;
  std::atomic<std::chrono::steady_clock::rep> confirmed_until_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

} // namespace sallyport::kafka
