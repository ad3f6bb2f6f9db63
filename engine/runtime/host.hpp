#pragma once

#include "engine/lane/door.hpp"
#include "engine/lane/epoch.hpp"
#include "engine/lane/stage.hpp"
#include "engine/lane/wiring.hpp"
#include "engine/runtime/actors.hpp"
#include "engine/runtime/environment.hpp"
#include "engine/runtime/meters.hpp"

#include <caf/stateful_actor.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::runtime {

/// Owns lanes: opens them, feeds their doors, ends their epochs together, starts their calls, and
/// opens them again from the last commit when one fails.
///
/// Problem: many lanes must share one commit, go on while it is written, and none may see what
/// another lane's failure left half done. Idea: all lanes of a host are in the same epoch; a
/// failure anywhere throws the open epochs of the host away and opens its lanes again from the
/// store, at once, but for the one that failed, which waits.
///
/// Invariants:
/// 1. At most one epoch is between barrier and commit, and one more is open.
/// 2. A call that is no read starts after the commit of the epoch that asked for it.
/// 3. What an older incarnation of the lanes says is ignored.
struct host_state {
  static inline const char* name = "host";
  using instant = std::chrono::steady_clock::time_point;

  explicit host_state(host_actor::pointer self) : self(self) {}

  // -- types -----------------------------------------------------------------------------

  struct assignment {
    const topology::part* part = nullptr;
    std::uint32_t partition = 0;
  };

  /// Whether the host is told at most once of new records until it has looked.
  using flag = std::shared_ptr<std::atomic<bool>>;

  struct slot {
    const topology::part* part = nullptr;
    lane::lane_name name;
    lane::wiring wires;
    // of the incarnation
    bool open = false;
    std::unique_ptr<lane::door> entry;
    std::vector<stage_actor> shells;
    std::vector<std::optional<wall_time>> due;
    std::uint64_t next_round = 1;
    std::map<std::uint64_t, std::size_t> reports; ///< rounds in flight, by reports that are missing
    bool opened_told = false;
    std::optional<std::uint64_t> tick_round;
    bool records_may_wait = true;
    std::deque<lane::answer> answers;
    std::deque<lane::command> orders;
    // of the ending epoch
    bool in_ending = false;
    std::uint64_t barrier_round = 0; ///< the last round of the ending epoch
    lane::lane_epoch ending;
    // of its failures
    std::uint32_t failures = 0;
    instant reopen_at{};
    bool missed = false; ///< counted in `environment::lanes_missing`
  };

  enum class phase : std::uint8_t { running, draining, ended };

  // -- initialization --------------------------------------------------------------------

  void init(const environment* with, std::size_t index, const std::vector<assignment>& lanes,
            flag nudged);
  host_actor::behavior_type make_behavior();

  // -- lanes -----------------------------------------------------------------------------

  void open_lanes();
  void open_lane(slot& s);
  void close_lanes();
  void lane_failed(slot& s, const error& why);
  void note_open(slot& s, bool open);
  void roll_back(const error& why);

  // -- inputs ----------------------------------------------------------------------------

  void work();
  bool feed(slot& s);
  void gather_signals(slot& s, std::vector<lane::signal>& signals);
  std::vector<lane::event> gather_records(slot& s);
  void send_round(slot& s, std::vector<lane::event> events,
                  const std::vector<lane::signal>& signals, std::optional<std::uint64_t> barrier);
  [[nodiscard]] bool tick_due(const slot& s, wall_time now) const;

  // -- epochs ----------------------------------------------------------------------------

  void end_epoch_if_due();
  void on_report(const stage_report& r);
  void commit_if_sealed();
  void on_commit(const commit_report& r);
  void add_journal_drops(log_commit& commit);

  // -- calls -----------------------------------------------------------------------------

  void start(slot& s, std::size_t index, const lane::call_start& what);
  void on_call(const call_report& r);

  // -- end ---------------------------------------------------------------------------------

  void on_drain(const drain& d);
  void end_if_drained();
  void schedule_wake();

  // -- properties ------------------------------------------------------------------------

  host_actor::pointer self;
  const environment* env = nullptr;
  std::vector<slot> slots;
  flag nudged;
  committer_actor writer;
  std::unique_ptr<meters> told;
  std::unique_ptr<lane::epoch_cycle> cycle;
  std::uint64_t incarnation = 0;
  bool committing = false;
  bool reopen_after_commit = false;
  std::size_t parts_missing = 0;
  std::vector<std::pair<std::size_t, lane::call_start>> starts; ///< of the ending epoch, by slot
  lane::counters counted;                                       ///< by the open epoch
  lane::counters counted_ending;                                ///< by the ending one
  std::vector<lane::observation> observed;                      ///< as `counted`
  std::vector<lane::observation> observed_ending;
  instant epoch_began{};
  instant ending_began{};
  std::size_t calls_under_way = 0;
  std::uint32_t commit_failures = 0;
  instant next_journal_drop{};
  phase now_in = phase::running;
  instant drain_until{};
  std::uint64_t wake_number = 0;
};

host_actor::behavior_type host(host_actor::stateful_pointer<host_state> self,
                               const environment* with, std::size_t index,
                               const std::vector<host_state::assignment>& lanes,
                               host_state::flag nudged);

} // namespace sallyport::runtime
