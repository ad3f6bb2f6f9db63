#include "engine/runtime/host.hpp"

#include "engine/core/fault.hpp"
#include "engine/log/checks.hpp"
#include "engine/observe/log.hpp"
#include "engine/runtime/committer.hpp"
#include "engine/runtime/stage_shell.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace sallyport::runtime {

namespace {

using namespace std::chrono_literals;

/// The wall clock may be set: timers are looked at again after this at the latest.
constexpr auto longest_sleep = 1s;
constexpr auto journal_drop_every = 10min;

/// Doubles from the initial pause to the longest.
duration pause(const topology::limits& limits, std::uint32_t failures) {
  auto d = limits.lane_restart_initial;
  for (std::uint32_t i = 1; i < failures && d < limits.lane_restart_max; ++i)
    d *= 2;
  return std::min(d, limits.lane_restart_max);
}

/// A process of ours ends so when another has its name: whoever starts it again must know.
constexpr int exit_of_fenced = 3;

} // namespace

std::vector<lane_place> lanes_of(const topology::plan& plan) {
  std::vector<lane_place> all;
  for (const auto& part : plan.topology.parts) {
    const auto& topic = plan.topics.at(part.reads);
    for (std::uint32_t p = 0; p < topic.partitions; ++p)
      all.push_back({part.name, {topic.name, p}});
  }
  return all;
}

// -- initialization ----------------------------------------------------------------------

void host_state::init(const environment* with, std::size_t index, std::unique_ptr<membership> in,
                      flag flag_of_host) {
  env = with;
  nudged = std::move(flag_of_host);
  group = std::move(in);
  told = std::make_unique<meters>(env->metrics, index);
  for (const auto& place : lanes_of(env->plan)) {
    slot s;
    s.part = &*std::ranges::find(env->plan.topology.parts, place.part, &topology::part::name);
    s.name = {env->plan.application, place.part, place.source.partition, place.source.topic};
    s.place = place;
    s.wires = lane::wiring::of(*s.part);
    slots.push_back(std::move(s));
  }
  cycle = std::make_unique<lane::epoch_cycle>(env->plan.limits);
  writer = self->spawn<caf::detached>(committer, group.get(), host_actor{self});
  next_journal_drop = std::chrono::steady_clock::now() + journal_drop_every;
}

host_actor::behavior_type host_state::make_behavior() {
  return {
    [this](const stage_report& r) { on_report(r); },
    [this](const stage_failed& f) {
      if (f.incarnation == slots[f.lane].incarnation)
        lane_failed(slots[f.lane], f.why);
      work();
    },
    [this](const commit_report& r) { on_commit(r); },
    [this](const call_report& r) { on_call(r); },
    [this](const nudge&) {
      nudged->store(false);
      for (auto& s : slots)
        s.records_may_wait = true;
      work();
    },
    [this](const wake& w) {
      if (w.number == wake_number) {
        wake_at = {};
        work();
      }
    },
    [this](const go_on&) {
      working_soon = false;
      work();
    },
    [this](const drain& d) { on_drain(d); },
    [this](const order& o) {
      for (auto& s : slots) {
        if (!s.given || s.part->name != o.part || (o.partition && *o.partition != s.name.partition))
          continue;
        auto at = std::ranges::find(s.part->stages, o.stage, &topology::stage::name);
        if (at != s.part->stages.end())
          s.orders.push_back(
            {static_cast<std::size_t>(at - s.part->stages.begin()), o.name, o.payload});
      }
      work();
    },
  };
}

// -- lanes -------------------------------------------------------------------------------

host_state::slot* host_state::find(const lane_place& place) {
  auto at = std::ranges::find(slots, place, &slot::place);
  return at == slots.end() ? nullptr : &*at;
}

void host_state::take_changes() {
  for (const auto& change : group->changes())
    std::visit([this](const auto& c) { take(c); }, change);
}

void host_state::take(const lane_given& change) {
  auto* s = find(change.lane);
  if (s == nullptr)
    return;
  s->given = true;
  s->wanted = false;
  s->asked_again = false;
  s->position = change.position;
  s->calls_in_doubt = change.calls_in_doubt;
}

void host_state::take(const lane_wanted& change) {
  auto* s = find(change.lane);
  if (s == nullptr)
    return;
  s->wanted = true;
  s->hand_over_until = std::chrono::steady_clock::now() + env->plan.limits.hand_over_within;
  if (auto asked = fault::at("hand_over.asked"); !asked)
    roll_back(asked.error());
}

void host_state::take(const lane_lost& change) {
  auto* s = find(change.lane);
  if (s == nullptr)
    return;
  s->wanted = true;
  told->lane_lost(s->name);
  if (s->open)
    roll_back(error::external(errc::fenced, "the lane " + s->name.text() + " is another's"));
}

void host_state::take(const lane_refused& change) {
  auto* s = find(change.lane);
  if (s == nullptr)
    return;
  told->lane_open(s->name, false);
  note_open(*s, change.over);
}

void host_state::take(const membership_over& change) {
  observe::log(observe::level::error, "host.over",
               "a host has lost its membership; the process ends", {{"why", change.why.what}});
  observe::flush_log();
  std::_Exit(exit_of_fenced);
}

void host_state::open_lanes() {
  if (reopen_after_commit)
    return;
  auto now = std::chrono::steady_clock::now();
  for (auto& s : slots)
    if (s.given && !s.wanted && !s.open && !s.asked_again && s.reopen_at <= now)
      open_lane(s);
}

void host_state::open_lane(slot& s) {
  try {
    auto opened = fault::at("restart.lanes");
    if (!opened)
      throw lane::engine_failure{opened.error()};
    s.entry = std::make_unique<lane::door>(s.name, *s.part, env->store);
    s.entry->open(s.position);
    s.incarnation = ++last_incarnation;
    std::vector<std::shared_ptr<lane::stage>> stages;
    for (std::size_t i = 0; i < s.part->stages.size(); ++i) {
      stages.push_back(std::make_shared<lane::stage>(lane::stage::environment{
        s.name, *s.part, i, env->store, env->plan.limits, env->plan.topics}));
      stages.back()->open();
    }
    if (auto found = fault::at("restart.ledger"); !found)
      throw lane::engine_failure{found.error()};
    auto index = static_cast<std::size_t>(&s - slots.data());
    s.shells.resize(stages.size());
    // From the last to the first: a stage must know its readers.
    for (auto i = stages.size(); i-- > 0;) {
      std::vector<std::vector<stage_shell_state::target>> readers;
      for (const auto& port : s.wires.readers[i]) {
        auto& to = readers.emplace_back();
        for (const auto& t : port)
          to.push_back({s.shells[t.stage], t.input});
      }
      s.shells[i] = self->spawn(
        stage_shell, stages[i],
        stage_shell_state::place{s.incarnation, index, i, s.part->stages[i].inputs.size()},
        std::move(readers), host_actor{self});
    }
    s.due.assign(stages.size(), std::nullopt);
    s.next_round = 1;
    s.opened_told = false;
    s.tick_round.reset();
    s.records_may_wait = true;
    s.first_number = s.entry->next_number();
    s.old_calls_from = {};
    if (std::exchange(s.calls_in_doubt, false))
      s.old_calls_from = std::chrono::steady_clock::now() + env->plan.limits.call_in_doubt;
    s.open = true;
    told->lane_open(s.name, true);
    note_open(s, true);
    note_here(s);
  } catch (const lane::engine_failure& e) {
    ++s.failures;
    s.reopen_at = std::chrono::steady_clock::now() + pause(env->plan.limits, s.failures);
    told->lane_open(s.name, false);
    note_open(s, false);
    observe::log(observe::level::error, "lane.open_failed", "a lane cannot be opened",
                 {{"lane", s.name.text()}, {"why", e.why().what}});
  }
}

void host_state::close_lane(slot& s) {
  s.incarnation = ++last_incarnation;
  for (auto& shell : s.shells)
    self->send_exit(shell, caf::exit_reason::user_shutdown);
  s.shells.clear();
  s.entry.reset();
  s.reports.clear();
  s.answers.clear();
  s.calls_wait.clear();
  s.calls_under_way = 0;
  s.in_ending = false;
  s.last_epoch = false;
  s.ending = {};
  // The slots of lanes that other hosts have are closed as well: what is said of those is theirs.
  if (std::exchange(s.open, false))
    note_here(s);
}

void host_state::close_lanes() {
  for (auto& s : slots)
    close_lane(s);
  parts_missing = 0;
  starts.clear();
  counted.clear();
  counted_ending.clear();
  observed.clear();
  observed_ending.clear();
  cycle = std::make_unique<lane::epoch_cycle>(env->plan.limits);
}

void host_state::release(slot& s) {
  if (auto released = fault::at("hand_over.released"); !released)
    observe::log(observe::level::warn, "fault.ignored", "a lane is released all the same",
                 {{"lane", s.name.text()}, {"why", released.error().what}});
  s.given = false;
  s.wanted = false;
  s.asked_again = false;
  s.failures = 0;
  s.reopen_at = {};
  s.orders.clear();
  told->lane_open(s.name, false);
  told->lane_gone(s.name);
  note_open(s, true); // it is not missing here: it is elsewhere
  group->release(s.place);
}

/// Lanes that are wanted elsewhere and closed here, with nothing of them being committed.
void host_state::release_closed() {
  if (committing)
    return;
  for (auto& s : slots)
    if (s.wanted && !s.open)
      release(s);
}

bool host_state::may_hand_over(const slot& s) const {
  return s.open && s.wanted && !s.last_epoch && s.reports.empty() && s.answers.empty() &&
         (s.calls_under_way == 0 || std::chrono::steady_clock::now() >= s.hand_over_until);
}

void host_state::lane_failed(slot& s, const error& why) {
  ++s.failures;
  s.reopen_at = std::chrono::steady_clock::now() + pause(env->plan.limits, s.failures);
  told->lane_failed(s.name);
  told->lane_open(s.name, false);
  note_open(s, false);
  observe::log(observe::level::error, "lane.failed", "a lane failed and is opened again",
               {{"lane", s.name.text()}, {"why", why.what}});
  roll_back(why);
}

void host_state::note_open(slot& s, bool open) {
  if (open == s.missed)
    *env->lanes_missing += open ? -1 : 1;
  s.missed = !open;
}

void host_state::note_here(const slot& s) const {
  std::lock_guard lock{env->lanes_here->guard};
  if (s.open)
    env->lanes_here->lanes.emplace(s.name.part, s.name.partition);
  else
    env->lanes_here->lanes.erase({s.name.part, s.name.partition});
  env->lanes_here->changed.notify_all();
}

void host_state::roll_back(const error& why) {
  observe::log(observe::level::warn, "epoch.dropped",
               "open epochs are dropped; their lanes go on from the last commit",
               {{"why", why.what}});
  told->rolled_back();
  close_lanes();
  if (committing)
    reopen_after_commit = true;
  else
    open_lanes();
}

// -- inputs ------------------------------------------------------------------------------

void host_state::work() {
  if (now_in == phase::ended)
    return;
  take_changes();
  release_closed();
  open_lanes();
  start_waiting();
  bool fed = true;
  while (fed) {
    fed = false;
    for (auto& s : slots)
      fed = feed(s) || fed;
  }
  end_epoch_if_due();
  end_if_drained();
  schedule_wake();
}

void host_state::work_soon() {
  if (!std::exchange(working_soon, true))
    self->send(self, go_on{});
}

bool host_state::tick_due(const slot& s, wall_time now) const {
  return !s.tick_round &&
         std::ranges::any_of(s.due, [&](const auto& due) { return due && *due <= now; });
}

bool host_state::feed(slot& s) {
  if (!s.open || s.last_epoch || s.reports.size() >= env->plan.limits.credit_rounds_max ||
      !cycle->may_admit())
    return false;
  std::vector<lane::signal> signals;
  try {
    gather_signals(s, signals);
    auto events = gather_records(s);
    if (signals.empty() && events.empty())
      return false;
    send_round(s, std::move(events), std::move(signals), std::nullopt);
  } catch (const lane::engine_failure& e) {
    lane_failed(s, e.why());
    return false;
  }
  return true;
}

void host_state::gather_signals(slot& s, std::vector<lane::signal>& signals) {
  auto now = env->clock.now();
  if (!s.opened_told) {
    s.opened_told = true;
    signals.push_back(s.entry->admit(lane::tick{true}, now));
  }
  if (now_in == phase::running)
    for (; !s.orders.empty(); s.orders.pop_front())
      signals.push_back(s.entry->admit(std::move(s.orders.front()), now));
  while (!s.answers.empty() && signals.size() < env->plan.limits.batch_records_max) {
    if (auto admitted = fault::at("call.admitted"); !admitted)
      throw lane::engine_failure{admitted.error()};
    signals.push_back(s.entry->admit(std::move(s.answers.front()), now));
    s.answers.pop_front();
  }
  if (now_in == phase::running && !s.wanted && tick_due(s, now)) {
    signals.push_back(s.entry->admit(lane::tick{}, now));
    s.tick_round = s.next_round;
  }
}

std::vector<lane::event> host_state::gather_records(slot& s) {
  if (!s.records_may_wait || now_in != phase::running || s.wanted)
    return {};
  const auto& limits = env->plan.limits;
  auto records = group->read(s.place, s.entry->next_offset(),
                             {limits.batch_records_max, limits.batch_bytes_max});
  if (!records)
    throw lane::engine_failure{std::move(records).error()};
  if (records->empty()) {
    s.records_may_wait = false;
    return {};
  }
  auto now = env->clock.now();
  auto oldest = records->front().rec.timestamp;
  auto events = s.entry->admit(std::move(*records), now);
  told->admitted(s.name, events.size(), std::chrono::duration<double>(now - oldest).count());
  return events;
}

void host_state::send_round(slot& s, std::vector<lane::event> events,
                            std::vector<lane::signal> signals,
                            std::optional<std::uint64_t> barrier) {
  if (!barrier) {
    std::size_t bytes = 0;
    for (const auto& e : events)
      bytes += checks::size_of(e.rec);
    auto now = std::chrono::steady_clock::now();
    if (!cycle->end_at())
      epoch_began = now;
    cycle->admitted(events.size() + signals.size(), bytes, now);
  }
  auto round = s.next_round++;
  s.reports[round] = s.shells.size();
  auto own_signals = lane::by_stage(std::move(signals), s.shells.size());
  for (std::size_t i = 0; i < s.shells.size(); ++i)
    self->send(s.shells[i],
               enter{round, std::make_shared<std::vector<lane::signal>>(std::move(own_signals[i])),
                     barrier});
  lane::hand_out(std::move(events), s.wires.source_readers,
                 [&](const lane::wiring::target& to, std::vector<lane::event>&& what) {
                   self->send(s.shells[to.stage],
                              deliver{round, to.input,
                                      std::make_shared<std::vector<lane::event>>(std::move(what))});
                 });
  told->credit(s.name, env->plan.limits.credit_rounds_max -
                         std::min(s.reports.size(), env->plan.limits.credit_rounds_max));
}

// -- epochs ------------------------------------------------------------------------------

void host_state::end_epoch_if_due() {
  if (!cycle->ending() &&
      std::ranges::any_of(slots, [&](const slot& s) { return may_hand_over(s); }))
    end_soon();
  if (!cycle->should_end(std::chrono::steady_clock::now()))
    return;
  if (auto barrier = fault::at("epoch.barrier"); !barrier) {
    roll_back(barrier.error());
    return;
  }
  auto epoch = cycle->end();
  ending_began = epoch_began;
  counted_ending = std::exchange(counted, {});
  observed_ending = std::exchange(observed, {});
  for (auto& s : slots) {
    if (!s.open)
      continue;
    s.in_ending = true;
    s.last_epoch = may_hand_over(s);
    s.ending = {};
    s.ending.handed_over = s.last_epoch && s.calls_under_way == 0;
    s.ending.lane = &s.name;
    s.ending.entry = s.entry->seal();
    s.ending.parts.resize(s.shells.size());
    s.barrier_round = s.next_round;
    parts_missing += s.shells.size();
    send_round(s, {}, {}, epoch);
  }
}

void host_state::on_report(const stage_report& r) {
  auto& s = slots[r.lane];
  if (r.incarnation != s.incarnation)
    return;
  auto& what = *r.what;
  told->passed(s.name, s.part->stages[r.stage], what);
  s.due[r.stage] = what.output.next_due;
  bool of_ending = s.in_ending && r.round <= s.barrier_round;
  auto& counters = of_ending ? counted_ending : counted;
  for (const auto& [key, times] : what.counters)
    counters[key] += times;
  auto& observations = of_ending ? observed_ending : observed;
  observations.insert(observations.end(), std::make_move_iterator(what.observations.begin()),
                      std::make_move_iterator(what.observations.end()));
  for (auto& read : what.output.reads)
    start(s, std::move(read));
  if (what.output.effects_wait && !of_ending)
    cycle->effects_wait();
  if (what.output.outputs_wait && !of_ending)
    cycle->outputs_wait();
  if (what.part) {
    for (auto& write : what.part->starts)
      starts.emplace_back(r.lane, std::move(write));
    s.ending.parts[r.stage] = std::move(*what.part);
    --parts_missing;
  }
  auto at = s.reports.find(r.round);
  if (--at->second == 0) {
    s.reports.erase(at);
    if (s.tick_round && *s.tick_round == r.round)
      s.tick_round.reset();
  }
  commit_if_sealed();
  work_soon();
}

void host_state::commit_if_sealed() {
  if (!cycle->ending() || committing || parts_missing > 0)
    return;
  if (auto sealed = fault::at("epoch.sealed"); !sealed) {
    roll_back(sealed.error());
    return;
  }
  std::vector<lane::lane_epoch> lanes;
  for (auto& s : slots)
    if (s.in_ending)
      lanes.push_back(std::move(s.ending));
  auto commit =
    std::make_shared<log_commit>(lane::compose(env->plan.application, lanes, env->plan.topics));
  add_journal_drops(*commit);
  for (auto& l : lanes) {
    auto at = std::ranges::find_if(slots, [&](const slot& s) { return &s.name == l.lane; });
    at->ending = std::move(l);
  }
  committing = true;
  self->send(writer, commit_order{cycle->open() - 1, std::move(commit)});
}

void host_state::add_journal_drops(log_commit& commit) {
  auto now = std::chrono::steady_clock::now();
  if (now < next_journal_drop)
    return;
  next_journal_drop = now + journal_drop_every;
  auto before = env->clock.now() - env->plan.limits.journal_retention;
  for (const auto& s : slots)
    if (!s.open)
      continue;
    else if (auto range = lane::expired_journal(env->store, s.name, before); range && *range)
      commit.state.drops.push_back(std::move(**range));
}

void host_state::on_commit(const commit_report& r) {
  committing = false;
  if (r.failed) {
    ++commit_failures;
    told->commit_failed();
    for (auto& s : slots)
      s.reopen_at = std::chrono::steady_clock::now() + pause(env->plan.limits, commit_failures);
    if (!std::exchange(reopen_after_commit, false))
      roll_back(*r.failed);
    // What the log says of the lanes is not known now: the membership finds out.
    for (auto& s : slots)
      if (s.given && !s.wanted && !s.asked_again) {
        s.asked_again = true;
        told->lane_open(s.name, false);
        note_open(s, true); // whether it is this host's still is the membership's to say
        group->again(s.place);
      }
    work();
    return;
  }
  if (std::exchange(reopen_after_commit, false)) {
    work();
    return;
  }
  if (auto published = fault::at("commit.published"); !published) {
    roll_back(published.error());
    work();
    return;
  }
  commit_failures = 0;
  for (auto& s : slots) {
    if (!s.in_ending)
      continue;
    s.in_ending = false;
    s.failures = 0;
    told->committed(s.name, s.ending.parts, *s.part, s.ending.entry.received);
    s.ending = {};
    for (auto& shell : s.shells)
      self->send(shell, epoch_committed{r.epoch});
    if (s.last_epoch)
      close_lane(s);
  }
  told->epoch(
    std::chrono::duration<double>(std::chrono::steady_clock::now() - ending_began).count(),
    r.seconds);
  told->counted(counted_ending);
  counted_ending.clear();
  told->observed(observed_ending);
  observed_ending.clear();
  for (auto& [lane, write] : std::exchange(starts, {}))
    if (slots[lane].open)
      start(slots[lane], std::move(write));
  cycle->committed();
  work();
}

// -- calls -------------------------------------------------------------------------------

bool host_state::may_start(const slot& s, const lane::call_start& what) const {
  auto now = std::chrono::steady_clock::now();
  return now < group->calls_until() &&
         (what.id.number >= s.first_number || now >= s.old_calls_from);
}

void host_state::start(slot& s, lane::call_start what) {
  if (now_in != phase::running || s.wanted)
    return; // it stays open in the ledger
  auto peer = env->callers.find(what.port);
  if (peer == env->callers.end())
    return;
  if (!may_start(s, what)) {
    s.calls_wait.push_back(std::move(what));
    return;
  }
  ++calls_under_way;
  ++s.calls_under_way;
  // A read starts before its number is committed: after a crash the number may stand for another
  // call, which must not be taken for this one.
  caller::attempt attempt{
    std::move(what.request),
    what.read ? std::string{}
              : lane::idempotency_key(
                  s.name, env->generations.of(s.name.part, s.name.partition, what.id.number),
                  s.part->stages[what.stage].name, what.id),
    what.timeout, what.first_try, group->calls_until()};
  auto index = static_cast<std::size_t>(&s - slots.data());
  peer->second->start(
    std::move(attempt),
    [to = host_actor{self}, incarnation = s.incarnation, index, stage = what.stage, id = what.id,
     port = what.port, board = env->peers_seen, clock = &env->clock,
     began = std::chrono::steady_clock::now()](call_answer said) {
      board->note(port, said,
                  std::chrono::duration_cast<duration>(std::chrono::steady_clock::now() - began),
                  clock->now());
      caf::anon_send(
        to, call_report{incarnation, index,
                        std::make_shared<lane::answer>(lane::answer{stage, id, std::move(said)})});
    });
}

/// Calls that waited for a confirmation that the lanes are still ours, or for the answers that
/// another may have got. A commit brings the confirmation, even when nothing else is in it.
void host_state::start_waiting() {
  bool confirmation_wanted = false;
  for (auto& s : slots) {
    auto waiting = std::exchange(s.calls_wait, {});
    for (auto& what : waiting) {
      confirmation_wanted = confirmation_wanted || now_in == phase::running;
      start(s, std::move(what));
    }
  }
  if (confirmation_wanted && std::chrono::steady_clock::now() >= group->calls_until())
    end_soon();
}

void host_state::end_soon() {
  auto now = std::chrono::steady_clock::now();
  if (!cycle->end_at())
    epoch_began = now;
  cycle->admitted(0, 0, now);
  cycle->effects_wait();
}

void host_state::on_call(const call_report& r) {
  --calls_under_way;
  auto& s = slots[r.lane];
  if (r.incarnation == s.incarnation) {
    --s.calls_under_way;
    s.answers.push_back(std::move(*r.what));
  }
  work_soon();
}

// -- end ---------------------------------------------------------------------------------

void host_state::on_drain(const drain& d) {
  if (d.leave && !leaving) {
    leaving = true;
    group->leave();
    work();
    return;
  }
  if (now_in != phase::running)
    return;
  now_in = phase::draining;
  drain_until = d.until;
  if (auto drained = fault::at("stop.drain"); !drained) {
    close_lanes();
    for (auto& s : slots)
      s.reopen_at = instant::max();
  }
  work();
}

void host_state::end_if_drained() {
  if (now_in != phase::draining)
    return;
  bool patience = std::chrono::steady_clock::now() < drain_until;
  if (calls_under_way > 0 && patience)
    return;
  if (committing && !patience)
    group->hurry();
  bool idle = !committing && !cycle->ending();
  for (const auto& s : slots)
    idle = idle && s.reports.empty() && (!s.open || s.answers.empty());
  if (!idle)
    return;
  if (cycle->end_at()) {
    cycle->effects_wait();
    end_epoch_if_due();
    return;
  }
  now_in = phase::ended;
  close_lanes();
  self->send_exit(writer, caf::exit_reason::user_shutdown);
  writer = nullptr;
  group.reset();
  self->quit();
}

void host_state::schedule_wake() {
  if (now_in == phase::ended)
    return;
  auto now = std::chrono::steady_clock::now();
  auto sleep = std::chrono::duration_cast<std::chrono::milliseconds>(longest_sleep);
  auto at_most = [&](auto until) {
    sleep = std::min(sleep, std::max(std::chrono::milliseconds{1},
                                     std::chrono::ceil<std::chrono::milliseconds>(until)));
  };
  if (auto end = cycle->end_at(); end && !cycle->ending())
    at_most(*end - now);
  auto wall = env->clock.now();
  for (const auto& s : slots) {
    if (s.given && !s.open && s.reopen_at != instant::max())
      at_most(s.reopen_at - now);
    if (s.open && s.wanted && !s.last_epoch)
      at_most(s.hand_over_until - now);
    if (!s.calls_wait.empty() && s.old_calls_from > now)
      at_most(s.old_calls_from - now);
    if (!s.tick_round)
      for (const auto& due : s.due)
        if (due && s.open)
          at_most(*due - wall);
  }
  if (now_in == phase::draining)
    at_most(drain_until - now);
  // A wake-up that comes a little too early looks again; most are replaced before they come.
  if (wake_at > now && wake_at <= now + sleep)
    return;
  wake_at = now + sleep;
  self->delayed_send(self, sleep, wake{++wake_number});
}

host_actor::behavior_type host(host_actor::stateful_pointer<host_state> self,
                               const environment* with, std::size_t index,
                               const std::shared_ptr<std::unique_ptr<membership>>& in,
                               host_state::flag nudged) {
  self->state.init(with, index, std::move(*in), std::move(nudged));
  self->send(self, nudge{});
  return self->state.make_behavior();
}

} // namespace sallyport::runtime
