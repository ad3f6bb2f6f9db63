#pragma once

#include "connectors/kafka/client.hpp"
#include "connectors/kafka/copy_position.hpp"
#include "connectors/kafka/wakeup.hpp"

#include "engine/log/membership.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/state/store.hpp"
#include "engine/time/clock.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::kafka {

/// Brings the store's copy of a lane up to what the log says of it, before the lane is opened.
///
/// Problem: who gets a lane must go on exactly where the last owner's last commit ended, though
/// that owner may be dead, stopped in the middle of a transaction, or another host of this process.
/// Idea: first the lane's position in the group, which waits for a transaction that holds it; then
/// the end of its changelog, open transactions included; then all committed rows up to there. What
/// the store has already is not read again, unless it cannot be trusted.
///
/// It is also the one place that knows which lanes are in use in this process, so that a lane that
/// moves between its hosts is opened by one after it was closed by the other.
///
/// Thread safety: `take` and `release` from any thread; it has a thread of its own.
///
/// Invariants:
/// 1. A lane is handed out to one taker at a time.
/// 2. A lane that is handed out has all rows of all transactions that its position depends on.
/// 3. Rows and the position of the copy are one write; a restore that was cut short goes on where
/// it was.
class restorer {
public:
  struct environment {
    std::string application;
    std::string instance;
    client committed; ///< read_committed, of the application's group, without a subscription
    client probe;     ///< read_uncommitted: sees the end of what is being written
    duration tombstones{0};
    bool standby = false;
    sallyport::store& store;
    const wall_clock& clock;
    observe::metrics& metrics;
  };

  explicit restorer(environment env);
  ~restorer();
  restorer(const restorer&) = delete;
  restorer& operator=(const restorer&) = delete;

  struct taken {
    std::int64_t position = 0; ///< where the lane goes on in its source
    bool calls_in_doubt = false;
    std::string identity; ///< of its changelog; empty: it has none yet
  };
  /// `done` is called on the restorer's thread when the lane stands, or cannot be had: that is
  /// final. While the broker does not answer it is tried again.
  void take(const lane_place& lane, std::function<void(result<taken>)> done);
  void release(const lane_place& lane);

  /// The lanes of which copies are kept when they are not in use here.
  void follow(const std::vector<lane_place>& lanes);

private:
  enum class phase : std::uint8_t {
    free,     ///< nobody wants it
    asked,    ///< waits to be looked at
    naming,   ///< the changelog's first record is read
    reading,  ///< rows are read
    standing, ///< read up to the end, and followed
    held      ///< handed out
  };

  struct lane_state {
    phase at = phase::free;
    bool followed = false;
    std::function<void(result<taken>)> done; ///< set: somebody waits for it
    std::optional<std::int64_t> position;    ///< in the group
    std::int64_t source_begin = 0;           ///< where a lane without a position begins
    std::int64_t begin = 0;                  ///< of the changelog
    std::int64_t end = 0;                    ///< up to which it must be read
    copy_position copy;
    std::int64_t reached = 0; ///< all before is in the copy or in `rows`
    store_batch rows;
    std::uint64_t records = 0;
    std::chrono::steady_clock::time_point since{};
  };
  using lanes = std::map<lane_place, lane_state>;

  void run();
  void take_orders();
  void look_at_asked();
  [[nodiscard]] status look(const std::vector<lanes::value_type*>& asked);
  [[nodiscard]] result<bool> is_there(const std::string& topic) const;
  void begin(lanes::value_type& lane);
  void read_some();
  void on_message(const rd_kafka_message_t& message);
  void on_row(lanes::value_type& lane, const rd_kafka_message_t& message);
  void name(lanes::value_type& lane, std::string identity, std::int64_t first);
  void on_end(lanes::value_type& lane, std::int64_t offset);
  void flush(lanes::value_type& lane);
  void finish_if_done(lanes::value_type& lane);
  void hand_out(lanes::value_type& lane);
  [[nodiscard]] bool has_copy(const lane_place& lane) const;
  void refuse(lanes::value_type& lane, error why);
  void set_aside(const lane_place& lane, std::string_view why);
  [[nodiscard]] status assign(const lane_place& lane, std::int64_t offset);
  void unassign(const lane_place& lane);
  [[nodiscard]] lanes::value_type* lane_of(const rd_kafka_message_t& message);

  environment env_;
  owned<rd_kafka_queue_t> queue_;
  wakeup wake_;

  struct order {
    lane_place lane;
    std::function<void(result<taken>)> done; ///< empty: it is released
    bool follow = false;
  };
  std::mutex guard_;
  std::vector<order> orders_;
  std::atomic<bool> stopping_{false};

  // -- of the thread -----------------------------------------------------------------------
  lanes lanes_;
  std::map<std::pair<std::string, std::uint32_t>, lanes::value_type*> by_topic_;
  std::map<lane_place, std::vector<std::function<void(result<taken>)>>> waiting_; ///< for a release
  std::chrono::steady_clock::time_point look_again_{};
  std::thread thread_;
};

} // namespace sallyport::kafka
