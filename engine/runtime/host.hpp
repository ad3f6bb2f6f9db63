#pragma once

#include "engine/lane/door.hpp"
#include "engine/lane/epoch.hpp"
#include "engine/lane/stage.hpp"
#include "engine/lane/wiring.hpp"
#include "engine/log/membership.hpp"
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

/// Has the lanes that its membership gives it: opens them, feeds their doors, ends their epochs
/// together, starts their calls, and opens them again from the last commit when one fails.
///
/// Problem: many lanes must share one commit, go on while it is written, and none may see what
/// another lane's failure left half done. Idea: all lanes of a host are in the same epoch; a
/// failure anywhere throws the open epochs of the host away and opens its lanes again from the
/// store, at once, but for the one that failed, which waits.
///
/// Invariants:
/// 1. At most one epoch is between barrier and commit, and one more is open.
/// 2. A call that is no read starts after the commit of the epoch that asked for it.
/// 3. What an older incarnation of a lane says is ignored.
/// 4. A lane that another has taken writes nothing more and starts no call.
struct host_state {
  static inline const char* name = "host";
  using instant = std::chrono::steady_clock::time_point;

  explicit host_state(host_actor::pointer self) : self(self) {}

  // -- types -----------------------------------------------------------------------------

  /// Whether the host is told at most once of new records until it has looked.
  using flag = std::shared_ptr<std::atomic<bool>>;

  /// One for each lane of the application, whether it is here or not.
  struct slot {
    const topology::part* part = nullptr;
    lane::lane_name name;
    lane_place place;
    lane::wiring wires;
    // of the membership
    bool given = false;        ///< this host's, and its rows are in the store
    bool wanted = false;       ///< to be handed over
    bool asked_again = false;  ///< `again` was called, `lane_given` will follow
    std::int64_t position = 0; ///< where the log says it stands
    bool calls_in_doubt = false;
    instant hand_over_until{};
    bool last_epoch = false; ///< the ending epoch is the lane's last here
    // of the incarnation
    bool open = false;
    std::uint64_t incarnation = 0;
    std::size_t calls_under_way = 0;
    std::uint64_t first_number = 0;          ///< older calls may have been sent by another
    instant old_calls_from{};                ///< and are not repeated before
    std::deque<lane::call_start> calls_wait; ///< for `old_calls_from` or `calls_until`
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

  void init(const environment* with, std::size_t index, std::unique_ptr<membership> in,
            flag nudged);
  host_actor::behavior_type make_behavior();

  // -- lanes -----------------------------------------------------------------------------

  void take_changes();
  void take(const lane_given& change);
  void take(const lane_wanted& change);
  void take(const lane_lost& change);
  void take(const lane_refused& change);
  void take(const membership_over& change);
  [[nodiscard]] slot* find(const lane_place& place);
  void open_lanes();
  void open_lane(slot& s);
  void close_lane(slot& s);
  void close_lanes();
  void release(slot& s);
  void release_closed();
  [[nodiscard]] bool may_hand_over(const slot& s) const;
  void lane_failed(slot& s, const error& why);
  void note_open(slot& s, bool open);
  void note_here(const slot& s) const;
  void roll_back(const error& why);

  // -- inputs ----------------------------------------------------------------------------

  void work();
  /// `work`, when what was said to the host before is taken in: so that a lane gets what came
  /// together in one round.
  void work_soon();
  bool feed(slot& s);
  void gather_signals(slot& s, std::vector<lane::signal>& signals);
  std::vector<lane::event> gather_records(slot& s);
  void send_round(slot& s, std::vector<lane::event> events, std::vector<lane::signal> signals,
                  std::optional<std::uint64_t> barrier);
  [[nodiscard]] bool tick_due(const slot& s, wall_time now) const;

  // -- epochs ----------------------------------------------------------------------------

  void end_epoch_if_due();
  void end_soon();
  void on_report(const stage_report& r);
  void commit_if_sealed();
  void on_commit(const commit_report& r);
  void add_journal_drops(log_commit& commit);

  // -- calls -----------------------------------------------------------------------------

  void start(slot& s, lane::call_start what);
  [[nodiscard]] bool may_start(const slot& s, const lane::call_start& what) const;
  void start_waiting();
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
  std::unique_ptr<membership> group;
  committer_actor writer;
  std::unique_ptr<meters> told;
  std::unique_ptr<lane::epoch_cycle> cycle;
  std::uint64_t last_incarnation = 0;
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
  bool leaving = false; ///< the lanes are to go to others before the host ends
  std::uint64_t wake_number = 0;
  instant wake_at{};         ///< of the last wake-up that was ordered and has not come
  bool working_soon = false; ///< a `go_on` is under way
};

host_actor::behavior_type host(host_actor::stateful_pointer<host_state> self,
                               const environment* with, std::size_t index,
                               const std::shared_ptr<std::unique_ptr<membership>>& in,
                               host_state::flag nudged);

} // namespace sallyport::runtime
