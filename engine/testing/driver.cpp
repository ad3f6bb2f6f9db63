#include "engine/testing/driver.hpp"

#include "engine/core/assert.hpp"
#include "engine/core/murmur2.hpp"

#include <algorithm>

namespace sallyport::testing {

namespace {

/// A status that cannot fail in memory but for a mistake of the test.
template <class T>
T must(result<T> r) {
  if (!r)
    throw lane::engine_failure{std::move(r).error()};
  return std::move(*r);
}

void must(status s) {
  if (!s)
    throw lane::engine_failure{std::move(s).error()};
}

/// Of a topic and partition, where no history is kept.
constexpr std::uint64_t kept_bytes = 64U << 10U;

} // namespace

driver::driver(topology::plan plan, driver_options options)
  : plan_(std::move(plan)), options_(options), clock_(options.start), log_(store_, clock_) {
  for (auto& [name, topic] : plan_.topics) {
    if (!options_.keeps_history)
      topic.retention_bytes = kept_bytes;
    must(log_.create_topic(topic));
  }
  open();
}

driver::~driver() = default;

void driver::open() {
  lanes_.clear();
  for (const auto& part : plan_.topology.parts) {
    const auto& topic = plan_.topics.at(part.reads);
    for (std::uint32_t p = 0; p < topic.partitions; ++p) {
      auto made = std::make_unique<lane::lane>(
        lane::lane_name{plan_.application, part.name, p, topic.name}, part, store_, plan_.limits,
        plan_.topics, options_.keeps_places);
      auto position = must(log_.position(plan_.application, {topic.name, p}));
      made->open(position.value_or(must(log_.offsets({topic.name, p})).begin));
      lanes_.push_back(std::move(made));
    }
  }
  next_due_.assign(lanes_.size(), std::nullopt);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    pass(i, {}, {lanes_[i]->entry().admit(lane::tick{true}, now())});
    commit(i);
  }
}

void driver::restart() {
  answers_.clear();
  unanswered_.clear();
  open();
}

void driver::answer(const std::string& port, peer with) {
  peers_[port] = std::move(with);
  auto waiting = std::exchange(unanswered_, {});
  for (auto& [lane, start_of] : waiting)
    start(lane, start_of);
}

void driver::feed(const std::string& port, record r) {
  auto topic = plan_.topics.find(port);
  SALLYPORT_ASSERT(topic != plan_.topics.end());
  partition_id to{topic->second.name,
                  r.key.is_null() ? 0 : partition_of(r.key, topic->second.partitions)};
  if (r.timestamp == wall_time{})
    r.timestamp = now();
  must(log_.append({to, {std::move(r)}}, std::nullopt));
}

void driver::run() {
  while (true) {
    bool progress = false;
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      progress = drain(i) || progress;
    if (progress || deliver_answers() || fire_timers())
      continue;
    return;
  }
}

bool driver::drain(std::size_t lane) {
  auto& l = *lanes_[lane];
  bool any = false;
  while (true) {
    auto records = must(log_.read({l.name().source, l.name().partition}, l.entry().next_offset(),
                                  {options_.batch_records_max, std::size_t{1} << 30U}));
    if (records.empty())
      break;
    any = true;
    pass(lane, l.entry().admit(std::move(records), now()), {});
    if (options_.commit_each_round)
      commit(lane);
  }
  if (any && !options_.commit_each_round)
    commit(lane);
  return any;
}

bool driver::deliver_answers() {
  std::vector<std::vector<lane::answer>> wave(lanes_.size());
  while (!answers_.empty() && std::get<0>(answers_.begin()->first) <= now()) {
    auto& next = answers_.begin()->second;
    wave[next.lane].push_back(std::move(next.what));
    answers_.erase(answers_.begin());
  }
  bool any = false;
  for (std::size_t i = 0; i < wave.size(); ++i) {
    for (std::size_t from = 0; from < wave[i].size(); from += options_.batch_records_max) {
      auto to = std::min(wave[i].size(), from + options_.batch_records_max);
      std::vector<lane::signal> signals;
      signals.reserve(to - from);
      for (auto a = from; a < to; ++a)
        signals.push_back(lanes_[i]->entry().admit(std::move(wave[i][a]), now()));
      pass(i, {}, std::move(signals));
      if (options_.commit_each_round)
        commit(i);
    }
    if (!wave[i].empty() && !options_.commit_each_round)
      commit(i);
    any = any || !wave[i].empty();
  }
  return any;
}

bool driver::fire_timers() {
  bool any = false;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (!next_due_[i] || *next_due_[i] > now())
      continue;
    pass(i, {}, {lanes_[i]->entry().admit(lane::tick{}, now())});
    commit(i);
    any = true;
  }
  return any;
}

void driver::pass(std::size_t lane, std::vector<lane::event> events,
                  std::vector<lane::signal> signals) {
  auto out = lanes_[lane]->run(std::move(events), std::move(signals));
  next_due_[lane] = out.next_due;
  failures_ += out.failures;
  for (const auto& read : out.reads)
    start(lane, read);
}

void driver::commit(std::size_t lane) {
  std::vector<lane::lane_epoch> epochs;
  epochs.push_back(lanes_[lane]->seal());
  auto what = lane::compose(plan_.application, epochs, plan_.topics);
  if (!options_.keeps_history)
    std::erase_if(what.state.changes,
                  [](const store_change& c) { return c.where == family::journal; });
  must(log_.commit(what));
  lanes_[lane]->committed();
  for (auto& s : lanes_[lane]->stages())
    for (const auto& [what, times] : s->take_counters())
      counters_[what] += times;
  for (const auto& part : epochs.front().parts)
    for (const auto& write : part.starts)
      start(lane, write);
  if (auto difference = lanes_[lane]->difference(); difference != 0)
    throw lane::engine_failure{error::internal("conservation difference of lane " +
                                               lanes_[lane]->name().text() + " is " +
                                               std::to_string(difference))};
}

void driver::start(std::size_t lane, const lane::call_start& what) {
  auto at = peers_.find(what.port);
  if (at == peers_.end()) {
    unanswered_.emplace_back(lane, what);
    return;
  }
  const auto& l = *lanes_[lane];
  made_call made{now(), what.port, what.request,
                 lane::idempotency_key(l.name(), 1, l.part().stages[what.stage].name, what.id), 1};
  if (options_.keeps_history)
    made.tries = ++tries_[made.idempotency_key];
  else
    made.tries = what.first_try ? 1 : 2;
  auto says = at->second(made);
  answer_order order{now() + says.after, lane, what.stage, what.id};
  answers_[order] = {lane, {what.stage, what.id, std::move(says.answer)}};
  if (options_.keeps_history)
    calls_.emplace_back(answer_order{now(), lane, what.stage, what.id}, std::move(made));
}

std::optional<wall_time> driver::next_event() const {
  std::optional<wall_time> next;
  auto consider = [&](wall_time at) {
    if (!next || at < *next)
      next = at;
  };
  for (const auto& due : next_due_)
    if (due)
      consider(*due);
  if (!answers_.empty())
    consider(std::get<0>(answers_.begin()->first));
  return next;
}

void driver::advance(duration by) { advance_to(now() + by); }

void driver::advance_to(wall_time to) {
  run();
  while (auto next = next_event()) {
    if (*next > to)
      break;
    clock_.set(std::max(*next, now()));
    run();
    if (!options_.keeps_history)
      forget_history();
  }
  clock_.set(to);
  run();
}

void driver::forget_history() { (void) must(log_.retain(now())); }

void driver::set_clock(wall_time to) {
  clock_.set(to);
  run();
}

void driver::command(const std::string& part, const std::string& stage, const std::string& name,
                     const std::string& payload) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i]->part().name != part)
      continue;
    const auto& stages = lanes_[i]->part().stages;
    auto at = std::ranges::find(stages, stage, &topology::stage::name);
    SALLYPORT_ASSERT(at != stages.end());
    lane::command order{static_cast<std::size_t>(at - stages.begin()), name, payload};
    pass(i, {}, {lanes_[i]->entry().admit(std::move(order), now())});
    commit(i);
  }
  run();
}

std::vector<record> driver::topic(const std::string& port) const {
  const auto& topic = plan_.topics.at(port);
  std::vector<record> all;
  for (std::uint32_t p = 0; p < topic.partitions; ++p) {
    auto begin = must(log_.offsets({topic.name, p})).begin;
    auto records = must(log_.read({topic.name, p}, begin, {SIZE_MAX, SIZE_MAX}));
    for (auto& r : records)
      all.push_back(std::move(r.rec));
  }
  return all;
}

std::vector<made_call> driver::calls() const {
  auto sorted = calls_;
  std::ranges::stable_sort(sorted, {}, [](const auto& c) { return c.first; });
  std::vector<made_call> all;
  all.reserve(sorted.size());
  for (auto& [order, call] : sorted)
    all.push_back(std::move(call));
  return all;
}

std::map<std::string, std::string> driver::stage_state(const std::string& part,
                                                       const std::string& stage) const {
  std::map<std::string, std::string> rows;
  for (const auto& l : lanes_) {
    if (l->part().name != part)
      continue;
    for (const auto& s : l->stages())
      if (s->name() == stage)
        s->scan_state("", [&](std::string_view key, std::string_view value) {
          rows.emplace(key, value);
          return true;
        });
  }
  return rows;
}

driver::part_counts driver::counts(const std::string& part) const {
  part_counts sum;
  for (const auto& l : lanes_) {
    if (l->part().name != part)
      continue;
    sum.received += l->entry().received();
    sum.difference += l->difference();
    for (const auto& s : l->stages()) {
      const auto& c = s->counts();
      sum.made += c.made;
      for (std::size_t t = 0; t < term_count; ++t)
        sum.terms[std::string{to_string(static_cast<term>(t))}] += c.terms[t];
      for (const auto& [reason, n] : c.discarded)
        sum.discarded[reason] += n;
      for (const auto& [cause, n] : c.dead)
        sum.dead[cause] += n;
    }
  }
  return sum;
}

std::uint64_t driver::counter(const std::string& name, const std::string& label) const {
  auto it = counters_.find({name, label});
  return it == counters_.end() ? 0 : it->second;
}

} // namespace sallyport::testing
