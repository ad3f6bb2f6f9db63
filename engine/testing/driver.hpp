#pragma once

#include "engine/lane/lane.hpp"
#include "engine/log/memory_log.hpp"
#include "engine/state/memory_store.hpp"
#include "engine/time/clock.hpp"
#include "engine/topology/plan.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::testing {

/// How a driver cuts its work. None of it may show in any output (a test of every topology sees to
/// it).
struct driver_options {
  wall_time start{std::chrono::seconds{1'600'000'000}};
  std::size_t batch_records_max = 1024; ///< inputs that a lane takes in at once
  bool commit_each_round = false; ///< an epoch after every batch, not only when a lane has drained
  bool keeps_places = true;       ///< or conversations are run again from their start at each reply
  /// Without it a run of millions of calls fits into memory: there are no `calls`, no journal, and
  /// topics keep what is unread and a little more. Of tries it is known only which is the first.
  bool keeps_history = true;
};

/// A call that was made, in the order in which an observer of the peers would see them; calls of
/// one moment are ordered by lane and call, as their order on the wire is a matter of luck.
struct made_call {
  wall_time at{};
  std::string port;
  call_request request;
  std::string
    idempotency_key;       ///< of reads too, to tell calls apart; a peer sees it with writes only
  std::uint32_t tries = 1; ///< which try this is
};

/// What a peer does with a call: its answer, and how long that takes.
struct scripted_answer {
  call_answer answer;
  duration after{0};
};
using peer = std::function<scripted_answer(const made_call&)>;

/// Runs a whole topology, the one of production, in one thread and in virtual time, on a log and a
/// store in memory, with the calls answered by a script.
///
/// It drives the same doors, stages, epochs and ledgers as the actors do. What it does not
/// simulate: threads, several hosts, a commit that overlaps the next epoch, a disk.
///
/// Within one moment of virtual time it works in this order, until nothing is left: records of each
/// lane, lane by lane; answers; timers. That order is one that could happen in production, and it
/// does not depend on how the work is cut into batches and epochs.
///
/// Confined to the thread of the test. Throws `lane::engine_failure` where production would close a
/// lane.
class driver {
public:
  explicit driver(topology::plan plan, driver_options options = {});
  ~driver();

  // -- the world -----------------------------------------------------------------------

  /// What answers the calls of a port. A call to a port without a peer gets no answer until there
  /// is one.
  void answer(const std::string& port, peer with);

  /// Appends a record to the topic of a source port (or any name the topology has for a topic). The
  /// partition is that of the key; without one, the first. Nothing is processed yet.
  void feed(const std::string& port, record r);

  /// Works until nothing is left to do at this moment.
  void run();

  /// Lets time pass, stopping wherever something falls due on the way.
  void advance(duration by);
  void advance_to(wall_time to);

  /// Sets the clock without stopping on the way (also back): what fell due fires late, at once.
  void set_clock(wall_time to);

  /// An order to a stage of all lanes of its part.
  void command(const std::string& part, const std::string& stage, const std::string& name,
               const std::string& payload);

  /// The process dies and starts again: everything that is not committed is gone, calls under way
  /// are made again.
  void restart();

  // -- what came of it ------------------------------------------------------------------

  [[nodiscard]] wall_time now() const { return clock_.now(); }
  /// The records of a topic, by partition and offset, under the topology's name for it.
  [[nodiscard]] std::vector<record> topic(const std::string& port) const;
  [[nodiscard]] std::vector<made_call> calls() const;
  [[nodiscard]] const memory_store& state() const { return store_; }
  [[nodiscard]] memory_log& log() { return log_; }
  [[nodiscard]] const topology::plan& plan() const { return plan_; }
  /// The operator's rows of a stage, over all lanes of its part, in the order of the keys.
  [[nodiscard]] std::map<std::string, std::string> stage_state(const std::string& part,
                                                               const std::string& stage) const;
  [[nodiscard]] std::vector<std::unique_ptr<lane::lane>>& lanes() { return lanes_; }

  /// Sums over the lanes of a part.
  struct part_counts {
    std::int64_t received = 0;
    std::int64_t made = 0;
    std::map<std::string, std::int64_t> terms; ///< by name
    std::map<std::string, std::uint64_t> discarded;
    std::map<std::string, std::uint64_t> dead;
    std::int64_t difference = 0;
  };
  [[nodiscard]] part_counts counts(const std::string& part) const;
  [[nodiscard]] std::uint64_t counter(const std::string& name, const std::string& label) const;
  /// Callbacks of operators that threw.
  [[nodiscard]] std::size_t failures() const noexcept { return failures_; }

private:
  struct pending_answer {
    std::size_t lane = 0;
    lane::answer what;
  };
  using answer_order = std::tuple<wall_time, std::size_t, std::size_t, lane::call_id>;

  void open();
  [[nodiscard]] bool drain(std::size_t lane);
  [[nodiscard]] bool deliver_answers();
  [[nodiscard]] bool fire_timers();
  void pass(std::size_t lane, std::vector<lane::event> events, std::vector<lane::signal> signals);
  void commit(std::size_t lane);
  void start(std::size_t lane, const lane::call_start& what);
  void forget_history();
  [[nodiscard]] std::optional<wall_time> next_event() const;

  topology::plan plan_;
  driver_options options_;
  manual_clock clock_;
  memory_store store_;
  memory_log log_;
  std::vector<std::unique_ptr<lane::lane>> lanes_;
  std::vector<std::optional<wall_time>> next_due_;
  std::map<std::string, peer> peers_;
  std::map<answer_order, pending_answer> answers_;
  std::vector<std::pair<std::size_t, lane::call_start>> unanswered_; ///< of ports without a peer
  std::map<std::string, std::uint32_t> tries_; ///< by idempotency key, while history is kept
  std::vector<std::pair<answer_order, made_call>> calls_;
  lane::counters counters_;
  std::size_t failures_ = 0;
};

} // namespace sallyport::testing
