#pragma once

#include "engine/log/log.hpp"
#include "engine/services/committed_lanes.hpp"
#include "engine/time/clock.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sallyport {

/// What a person says with an order: why, and who they are.
struct order_cause {
  std::string reason;
  std::string by;
};

/// Orders of people to all instances of an application: what is paused, and what is to be done with
/// single records and calls.
///
/// Problem: an order is given to one instance, but holds for lanes that any of them may have, now
/// or later; and a lane may take it only as an input of its own, or a replay would not give the
/// same. Idea: the log is the truth. `<application>.control` (one partition, key = what is paused,
/// value or tombstone) says what is paused: its last record of each key holds. Every instance
/// follows it and compares it with what stands in the rows of the lanes that are open there, once a
/// second; a lane that differs gets a command through its door. `<application>.orders` has every
/// order that was given, with reason and person; those for single records and calls are read from
/// there by all instances, and each hands them to its own lanes.
///
/// Thread safety: all functions from any thread, `start` and `stop` from one.
///
/// Invariants:
/// 1. An order is on the log before anything is done.
/// 2. A pause holds until it is ended, whatever is restarted or moved meanwhile; a lane that was
///    not open when it was given takes it within a second of its opening.
/// 3. An order for a record or call is handed over at most once by an instance, and never after a
///    restart: orders are safe to repeat, and whoever gives one sees whether it had an effect.
class control_board {
public:
  /// A stage that calls, and the call ports that it uses.
  struct calling_stage {
    std::string part;
    std::string stage;
    std::vector<std::string> peers;
  };
  /// What is to hold in a stage from now on.
  struct wanted_pause {
    bool all = false;
    std::set<std::string, std::less<>> peers;

    friend bool operator==(const wanted_pause&, const wanted_pause&) = default;
  };
  /// A command for a stage, in all lanes of its part or in one.
  struct stage_order {
    std::string part;
    std::optional<std::uint32_t> partition;
    std::string stage;
    std::string name;
    std::string payload;
  };
  struct pause {
    std::string what; ///< `all`, `peer/<name>` or `stage/<part>.<stage>`
    order_cause why;
    wall_time at{};
  };

  struct lanes {
    /// Open in this process, as (part, partition).
    std::function<std::vector<std::pair<std::string, std::uint32_t>>()> here;
    std::function<result<wanted_pause>(const stage_place&)> paused_in;
    std::function<void(const stage_place&, const wanted_pause&)> set_pause;
    std::function<void(const stage_order&)> hand_over;
  };

  /// All outlive it.
  control_board(std::string application, std::vector<calling_stage> stages, log& of,
                const wall_clock& clock);
  ~control_board();
  control_board(const control_board&) = delete;
  control_board& operator=(const control_board&) = delete;

  /// Makes the topics and reads what is paused.
  [[nodiscard]] status open();
  /// Follows the log from now on. @pre open
  void start(lanes with);
  void stop();

  /// The name under which a person's word for it is kept: `all`, a peer, a stage (`part.stage`, or
  /// its name alone where no other has it). An error names what there is.
  [[nodiscard]] result<std::string> named(std::string_view what) const;

  [[nodiscard]] std::vector<pause> pauses() const;
  /// Durable when it returns. @pre `what` was `named`
  [[nodiscard]] status set_pause(const std::string& what, const order_cause& why);
  [[nodiscard]] status end_pause(const std::string& what, const order_cause& why);
  /// Whether the lanes here have committed what is paused now; waits up to `within`.
  [[nodiscard]] bool lanes_follow(duration within);

  /// Writes the order down and hands it to the lanes of all instances. `on`: the record or call,
  /// for who reads the topic.
  [[nodiscard]] status give(const stage_order& what, std::string_view on, const order_cause& why);
  /// Writes down what is done by other means.
  [[nodiscard]] status note(std::string_view what, std::string_view on, const order_cause& why);

  [[nodiscard]] const std::string& orders_topic() const noexcept { return orders_; }
  [[nodiscard]] const std::string& control_topic() const noexcept { return control_; }

private:
  [[nodiscard]] status write_order(std::string_view what, std::string_view on,
                                   const order_cause& why, const stage_order* full);
  [[nodiscard]] status append(const std::string& topic, record what);
  [[nodiscard]] status read_control();
  [[nodiscard]] status read_orders();
  [[nodiscard]] wanted_pause wanted_for(const calling_stage& of) const;
  /// @returns how many stages of lanes here differ still
  std::size_t enforce(bool act);
  void follow();

  const std::string application_;
  const std::string control_;
  const std::string orders_;
  const std::vector<calling_stage> stages_;
  log& log_;
  const wall_clock& clock_;
  lanes lanes_;
  std::atomic<bool> started_ = false; ///< `lanes_` is set

  std::mutex reading_; ///< one reads the log at a time
  std::int64_t next_control_ = 0;
  std::int64_t next_order_ = 0;

  mutable std::mutex guard_;
  std::condition_variable wake_;
  std::map<std::string, pause> paused_;
  bool news_ = false;
  bool stopping_ = false;
  std::uint64_t subscription_ = 0;
  std::thread follower_;
};

} // namespace sallyport
