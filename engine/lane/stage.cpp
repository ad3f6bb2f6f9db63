#include "engine/lane/stage.hpp"

#include "engine/core/assert.hpp"
#include "engine/lane/orders.hpp"
#include "engine/lane/replies.hpp"
#include "engine/lane/rows.hpp"
#include "engine/log/checks.hpp"

#include <algorithm>
#include <stdexcept>

namespace sallyport::lane {

namespace {

/// How long the engine waits before it repeats a callback (of a timer, reply or conclusion) that
/// threw.
constexpr duration callback_repeat_after{60'000};

// Names of the engine's own timers.
constexpr char repeat_reply = 'R';
constexpr char repeat_conclusion = 'C';

/// Leaves a conversation's function that is not to go on: its lane closes. No std::exception, so
/// that the function's own handlers let it pass.
struct leave_conversation {};

class record_too_big : public std::runtime_error {
public:
  record_too_big() : std::runtime_error("the record is bigger than record_bytes_max") {}
};

std::vector<std::string> ports_of(const topology::stage& spec) {
  auto ports = spec.op->outputs;
  ports.emplace_back("rejected");
  return ports;
}

/// What an operator throws while it is made or opened closes its lane only.
template <class F>
auto guarded(const topology::stage& of, F&& what) {
  try {
    return what();
  } catch (const engine_failure&) {
    throw;
  } catch (const std::exception& e) {
    throw engine_failure{
      error::internal("operator '" + of.op->spec.name + "' cannot be opened: " + e.what())};
  } catch (...) {
    throw engine_failure{error::internal("operator '" + of.op->spec.name + "' cannot be opened")};
  }
}

std::unique_ptr<operator_base> make_operator(const topology::stage& of) {
  return guarded(of, [&] { return of.op->make(of.with); });
}

constexpr std::string_view too_big = "record_too_big";
constexpr std::string_view operator_failed = "internal";

} // namespace

// -- what the operator sees ---------------------------------------------------------

class stage::operator_state final : public keyed_state {
public:
  explicit operator_state(overlay& rows) : rows_(rows) {}

  std::optional<std::string> get(std::string_view key) override {
    auto row = rows_.get(rows::key(rows::kind::state, key));
    if (row)
      row->erase(0, 1);
    return row;
  }
  void put(std::string_view key, std::string value) override {
    value.insert(value.begin(), static_cast<char>(rows::row_format));
    rows_.put(rows::key(rows::kind::state, key), std::move(value));
  }
  void erase(std::string_view key) override { rows_.erase(rows::key(rows::kind::state, key)); }
  void scan(std::string_view prefix,
            const std::function<bool(std::string_view, std::string_view)>& visit) override {
    rows_.scan_prefix(rows::key(rows::kind::state, prefix),
                      [&](std::string_view key, std::string_view value) {
                        return visit(key.substr(1), value.substr(1));
                      });
  }

private:
  overlay& rows_;
};

class stage::operator_context final : public context {
public:
  explicit operator_context(stage& of) : stage_(of), state_(of.rows_) {}

  wall_time now() const override { return stage_.now_; }
  std::uint64_t number() const override { return stage_.number_; }
  std::optional<std::int64_t> offset() const override {
    return stage_.offset_ < 0 ? std::nullopt : std::optional{stage_.offset_};
  }

  void emit(std::string_view port, record r) override {
    stage_.effects_.emplace_back(emitted{stage_.port_index(port), std::move(r)});
  }
  void publish(std::string_view to, record r) override {
    if (!stage_.topics_.contains(std::string{to}))
      throw std::logic_error("the topology has no sink port or internal topic '" + std::string{to} +
                             "'");
    stage_.check_size(r);
    r.timestamp = stage_.now_;
    stage_.effects_.emplace_back(published{stage_.number_, std::string{to}, std::move(r)});
  }
  void settle(term from, verdict v) override {
    if (v.what() == verdict::kind::forward)
      (void) stage_.port_index(v.text());
    stage_.effects_.emplace_back(settled{from, std::move(v)});
  }

  keyed_state& state() override { return state_; }

  void timer_set(std::string_view name, wall_time at, std::string payload) override {
    stage_.timers_.set(operator_timer + std::string{name}, at, payload);
  }
  void timer_cancel(std::string_view name) override {
    stage_.timers_.cancel(operator_timer + std::string{name});
  }
  std::optional<wall_time> timer_due(std::string_view name) override {
    return stage_.timers_.due(operator_timer + std::string{name});
  }

  void call(sallyport::call what) override { stage_.effects_.emplace_back(std::move(what)); }
  void converse(std::string_view key, std::string subject) override {
    stage_.effects_.emplace_back(conversed{std::string{key}, std::move(subject)});
  }
  bool conversing(std::string_view key) override {
    return stage_.conversations_.busy(key) ||
           std::ranges::any_of(stage_.effects_, [&](const effect& e) {
             const auto* c = std::get_if<conversed>(&e);
             return c != nullptr && c->key == key;
           });
  }

  void observe(std::string_view histogram, std::string_view label, double value) override {
    stage_.effects_.emplace_back(observation{std::string{histogram}, std::string{label}, value});
  }
  void count(std::string_view counter, std::string_view label, std::uint64_t by) override {
    stage_.effects_.emplace_back(counted{std::string{counter}, std::string{label}, by});
  }

private:
  stage& stage_;
  operator_state state_;
};

class stage::stage_talk final : public talk {
public:
  stage_talk(stage& of, const conversation& about, fiber& on)
    : stage_(of), about_(about), fiber_(on), now_(about.started) {}

  const call_reply& ask(call what) override {
    if (what.key.empty())
      what.key = about_.key;
    if (next_ == about_.steps.size()) {
      wanted = std::move(what);
      if (!leaving)
        fiber_.suspend();
      if (leaving)
        throw leave_conversation{};
    } else if (about_.steps[next_].asked != request_hash(what)) {
      throw std::logic_error("the conversation asked for another call than when it was run before");
    }
    const auto& step = about_.steps[next_++];
    now_ = step.now;
    return step.reply;
  }

  wall_time now() const override { return now_; }

  void emit(std::string_view port, record r) override {
    if (once())
      stage_.context_->emit(port, std::move(r));
  }
  void publish(std::string_view to, record r) override {
    if (once())
      stage_.context_->publish(to, std::move(r));
  }
  void count(std::string_view counter, std::string_view label, std::uint64_t by) override {
    if (once())
      stage_.context_->count(counter, label, by);
  }

  std::optional<call> wanted;
  std::uint64_t effects = 0;
  bool leaving = false; ///< the function is to end without its replies

private:
  /// Whether the effect in hand was not made by an earlier run.
  bool once() { return effects++ >= about_.effects; }

  stage& stage_;
  const conversation& about_;
  fiber& fiber_;
  wall_time now_;
  std::size_t next_ = 0;
};

/// The function of one conversation, on a stack of its own that it borrows from its stage.
class stage::running_conversation final : public suspended {
public:
  running_conversation(stage& of, const conversation& about)
    : stage_(of), about_(about), fiber_(borrow(of)), with(of, about, *fiber_) {}

  ~running_conversation() override {
    with.leaving = true;
    while (!fiber_->idle())
      fiber_->resume();
    stage_.spare_fibers_.push_back(std::move(fiber_));
  }
  running_conversation(const running_conversation&) = delete;
  running_conversation& operator=(const running_conversation&) = delete;

  /// Until the function asks for a call that has no reply yet, or ends.
  void go_on() {
    with.wanted.reset();
    if (std::exchange(begun_, true))
      fiber_->resume();
    else
      fiber_->start([this] { run(); });
    if (broken_)
      std::rethrow_exception(broken_);
  }

  [[nodiscard]] bool ended() const { return fiber_->idle(); }

private:
  static std::unique_ptr<fiber> borrow(stage& from) {
    auto& spare = from.spare_fibers_;
    if (spare.empty())
      return std::make_unique<fiber>();
    auto one = std::move(spare.back());
    spare.pop_back();
    return one;
  }

  void run() {
    try {
      outcome = stage_.operator_->converse(with, about_.key, about_.subject);
    } catch (const leave_conversation&) { // NOLINT(bugprone-empty-catch): nobody wants its outcome
    } catch (const engine_failure&) {
      broken_ = std::current_exception();
    } catch (const std::exception& e) {
      failed = true;
      outcome = e.what();
    } catch (...) {
      failed = true;
      outcome = "the conversation failed";
    }
  }

  stage& stage_;
  const conversation& about_;
  std::unique_ptr<fiber> fiber_;
  bool begun_ = false;
  std::exception_ptr broken_;

public:
  stage_talk with;
  std::string outcome;
  bool failed = false;
};

// -- life ---------------------------------------------------------------------------

stage::stage(const environment& env)
  : lane_(env.lane), part_(env.part), spec_(env.part.stages[env.index]), index_(env.index),
    limits_(env.limits), topics_(env.topics), ports_(ports_of(spec_)), readers_(ports_.size(), 0),
    operator_(make_operator(spec_)), context_(std::make_unique<operator_context>(*this)),
    keeps_places_(env.keeps_places),
    rows_(env.committed, rows::stage_prefix(env.lane.part, env.lane.partition, spec_.name)),
    timers_(rows_),
    ledger_(rows_, {env.limits.calls_in_flight_max,
                    {env.limits.circuit_failing_keys, env.limits.circuit_open_for}}),
    conversations_(rows_, env.limits.conversations_open_max) {
  for (const auto& reader : part_.stages)
    for (const auto& edge : reader.inputs)
      if (edge.stage == index_)
        ++readers_[port_index(edge.port)];
}

stage::~stage() {
  // Functions that stand still may use all that the stage has.
  conversations_.forget_places();
}

void stage::open() {
  if (auto row = rows_.get(rows::key(rows::kind::counts)))
    counts_ = stage_counts::decode(*row);
  saved_counts_ = counts_;
  timers_.open(counts_.timers);
  ledger_.open();
  conversations_.open(counts_.queued, counts_.in_line);
  begin(0, {}, -1);
  begin_callback();
  guarded(spec_, [&] { operator_->open(*context_); });
  if (!effects_.empty())
    throw engine_failure{error::internal("operator '" + spec_.op->spec.name +
                                         "' emits, calls or settles while it is opened")};
}

std::size_t stage::port_index(std::string_view name) const {
  auto it = std::ranges::find(ports_, name);
  if (it == ports_.end())
    throw std::logic_error("operator '" + spec_.op->spec.name + "' has no output port '" +
                           std::string{name} + "'");
  return static_cast<std::size_t>(it - ports_.begin());
}

void stage::check_size(const record& r) const {
  if (checks::size_of(r) > limits_.record_bytes_max)
    throw record_too_big{};
}

epoch_part stage::seal() {
  counts_.timers = timers_.pending();
  counts_.queued = conversations_.queued();
  counts_.in_line = conversations_.in_line();
  if (counts_ != saved_counts_) {
    rows_.put(rows::key(rows::kind::counts), counts_.encode());
    saved_counts_ = counts_;
  }
  epoch_part part;
  part.stage = index_;
  part.prefix = rows_.prefix();
  part.starts = ledger_.take_writes();
  for (auto& s : part.starts)
    s.stage = index_;
  part.rows = rows_.seal();
  part.outputs = std::exchange(outputs_, {});
  part.counts = counts_;
  return part;
}

void stage::scan_state(std::string_view prefix, const row_visitor& visit) const {
  rows_.scan_prefix(rows::key(rows::kind::state, prefix),
                    [&](std::string_view key, std::string_view value) {
                      return visit(key.substr(1), value.substr(1));
                    });
}

// -- inputs --------------------------------------------------------------------------

stage_output stage::step(std::span<std::vector<event>> inputs, std::span<signal> signals) {
  stage_output out;
  out.by_port.resize(ports_.size());
  out_ = &out;
  std::vector<std::size_t> at(inputs.size(), 0);
  std::size_t next_signal = 0;
  while (true) {
    std::size_t chosen = inputs.size();
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (at[i] < inputs[i].size() &&
          (chosen == inputs.size() || inputs[i][at[i]].number < inputs[chosen][at[chosen]].number))
        chosen = i;
    bool signal_first =
      next_signal < signals.size() &&
      (chosen == inputs.size() || signals[next_signal].number <= inputs[chosen][at[chosen]].number);
    if (signal_first)
      take(signals[next_signal++]);
    else if (chosen < inputs.size())
      take(std::move(inputs[chosen][at[chosen]++]));
    else
      break;
  }
  out.reads = ledger_.take_reads();
  for (auto& s : out.reads)
    s.stage = index_;
  out.next_due = timers_.next_due();
  if (auto calls = ledger_.next_due(); calls && (!out.next_due || *calls < *out.next_due))
    out.next_due = calls;
  out.effects_wait = ledger_.writes_wait();
  out.outputs_wait = !outputs_.empty();
  out_ = nullptr;
  return out;
}

void stage::begin(std::uint64_t number, wall_time now, std::int64_t offset) {
  if (number != number_)
    position_ = 0;
  number_ = number;
  now_ = now;
  offset_ = offset;
}

void stage::begin_callback() {
  rows_.begin_callback();
  timers_.begin_callback();
  effects_.clear();
}

void stage::undo_callback() {
  rows_.undo_callback();
  timers_.undo_callback();
  effects_.clear();
  if (out_ != nullptr)
    ++out_->failures;
}

void stage::take(event&& e) {
  ++out_->records_in;
  begin(e.number, e.now, e.offset);
  // The operator may move the record out and throw then; the payload is shared, so that a copy
  // costs little.
  auto kept = e.rec;
  auto cause = process(std::move(e.rec));
  if (cause == too_big && readers_.back() == 0 && !kept.value.empty()) {
    // A dead letter has nowhere further to go. Where the record stood on the log tells where its
    // value is.
    kept.set("sallyport-value-bytes", std::to_string(kept.value.size()));
    kept.value = bytes{""};
    cause = process(record{kept});
  }
  if (cause)
    reject(std::move(kept), std::string{*cause},
           *cause == too_big ? "an output is bigger than record_bytes_max"
                             : "the operator failed on this record");
  run_conversations();
}

std::optional<std::string_view> stage::process(record&& r) {
  begin_callback();
  try {
    auto v = operator_->process(std::move(r), *context_);
    if (v.what() == verdict::kind::forward)
      (void) port_index(v.text());
    apply_effects();
    apply(std::move(v));
    return std::nullopt;
  } catch (const engine_failure&) {
    throw;
  } catch (const record_too_big&) {
    undo_callback();
    return too_big;
  } catch (...) {
    undo_callback();
    return operator_failed;
  }
}

void stage::take(signal& s) {
  begin(s.number, s.now, -1);
  if (const auto* t = std::get_if<tick>(&s.what)) {
    if (t->opened)
      ledger_.restart(s.now);
    ledger_.tick(s.now);
    fire_timers(s.now, limits_.timers_per_tick_max);
  } else if (auto* a = std::get_if<answer>(&s.what)) {
    take_answer(std::move(*a));
  } else if (const auto* c = std::get_if<command>(&s.what)) {
    take_command(*c);
  }
  run_conversations();
}

void stage::take_command(const command& c) {
  if (c.name.starts_with(orders::prefix)) {
    take_order(c);
    return;
  }
  begin_callback();
  try {
    operator_->on_command(c.name, c.payload, *context_);
    apply_effects();
  } catch (const engine_failure&) {
    throw;
  } catch (...) {
    undo_callback();
  }
}

/// What cannot be read changes nothing: who gives orders checks them.
void stage::take_order(const command& c) {
  if (c.name == orders::pause) {
    if (const auto wanted = decode_paused(c.payload))
      ledger_.pause(*wanted, now_);
  } else if (c.name == orders::try_now) {
    if (const auto id = parse_call_id(c.payload))
      ledger_.try_now(*id, now_);
  } else if (c.name == orders::settle) {
    if (const auto wanted = orders::parse_settlement(c.payload))
      take_settled(
        ledger_.settle(wanted->id, {wanted->status, {}, "", "settled by hand", false}, now_));
  }
}

void stage::take_answer(answer a) { take_settled(ledger_.answered(std::move(a), now_)); }

void stage::take_settled(std::optional<settled_call> settled_now) {
  if (!settled_now)
    return;
  if (!settled_now->conversation) {
    on_reply(settled_now->reply);
    return;
  }
  auto* c = conversations_.find(settled_now->owner);
  if (c == nullptr)
    throw engine_failure{error::internal("a reply came for a conversation that is not open")};
  conversations_.add_reply(*c, {std::move(settled_now->reply), now_, settled_now->asked});
  run(*c);
}

// -- timers and replies ----------------------------------------------------------------

void stage::fire_timers(wall_time now, std::size_t max) {
  timers_.take_due(now, max);
  while (auto t = timers_.next_fired()) {
    ++out_->timers_fired;
    out_->lateness_max = std::max(out_->lateness_max, now - t->due);
    fire(*t);
    run_conversations();
  }
}

void stage::fire(const timer& t) {
  auto kind = t.name.front();
  auto rest = t.name.substr(1);
  binary::reader in{t.payload};
  switch (kind) {
  case operator_timer: on_timer(rest, t.due, t.payload); break;
  case repeat_reply: on_reply(read_reply(in)); break;
  case repeat_conclusion:
    if (auto* c = conversations_.find(rest))
      run(*c);
    break;
  default: throw engine_failure{error::internal("a timer of an unknown kind")};
  }
}

void stage::repeat_later(const std::string& name, const std::string& payload) {
  timers_.begin_callback();
  rows_.begin_callback();
  timers_.set(name, now_ + callback_repeat_after, payload);
}

void stage::on_timer(const std::string& name, wall_time due, const std::string& payload) {
  begin_callback();
  try {
    operator_->on_timer({name, due, payload}, *context_);
    apply_effects();
  } catch (const engine_failure&) {
    throw;
  } catch (...) {
    undo_callback();
    // Under its own name, so that the operator can still move or cancel it.
    repeat_later(operator_timer + name, payload);
  }
}

void stage::on_reply(const call_reply& reply) {
  begin_callback();
  try {
    operator_->on_reply(reply, *context_);
    apply_effects();
  } catch (const engine_failure&) {
    throw;
  } catch (...) {
    undo_callback();
    std::string kept;
    put_reply(kept, reply);
    auto id = next_id();
    repeat_later(repeat_reply + std::to_string(id.number) + "/" + std::to_string(id.position),
                 kept);
  }
}

// -- effects ---------------------------------------------------------------------------

void stage::apply_effects() {
  auto effects = std::exchange(effects_, {});
  for (auto& one : effects) {
    if (auto* e = std::get_if<emitted>(&one)) {
      ++counts_.made;
      forward(e->port, std::move(e->rec));
    } else if (auto* p = std::get_if<published>(&one)) {
      outputs_.push_back(std::move(*p));
    } else if (auto* s = std::get_if<settled>(&one)) {
      --counts_.at(s->from);
      apply(std::move(s->what));
    } else if (auto* c = std::get_if<call>(&one)) {
      ledger_.ask(next_id(), std::move(*c), std::nullopt, now_);
    } else if (auto* v = std::get_if<conversed>(&one)) {
      conversations_.add(v->key, v->subject, next_id(), now_);
    } else if (auto* n = std::get_if<counted>(&one)) {
      counters_[{n->counter, n->label}] += n->by;
    } else if (auto* o = std::get_if<observation>(&one)) {
      observations_.push_back(std::move(*o));
    }
  }
  effects.clear();
  effects_ = std::move(effects);
}

void stage::apply(verdict&& v) {
  switch (v.what()) {
  case verdict::kind::forward: forward(port_index(v.text()), std::move(v.rec())); break;
  case verdict::kind::reject: reject(std::move(v.rec()), v.text(), v.detail()); break;
  case verdict::kind::keep: ++counts_.at(v.where()); break;
  case verdict::kind::finish:
    ++counts_.at(v.where());
    if (v.where() == term::discarded)
      ++counts_.discarded[v.text()];
    else if (v.where() == term::dead)
      ++counts_.dead[v.text()];
    break;
  }
}

void stage::forward(std::size_t port, record&& r) {
  SALLYPORT_ASSERT(out_ != nullptr);
  if (readers_[port] == 0)
    throw engine_failure{error::internal("a record leaves stage '" + spec_.name + "' by port '" +
                                         ports_[port] + "', which nothing reads")};
  counts_.made += static_cast<std::int64_t>(readers_[port]) - 1;
  out_->by_port[port].push_back({number_, now_, offset_, std::move(r)});
}

void stage::reject(record&& r, const std::string& cause, const std::string& detail) {
  r.set("sallyport-cause", cause);
  if (!detail.empty())
    r.set("sallyport-detail", detail);
  r.set("sallyport-stage", part_.name + "." + spec_.name);
  if (offset_ >= 0)
    r.set("sallyport-source",
          lane_.source + "/" + std::to_string(lane_.partition) + "/" + std::to_string(offset_));
  forward(ports_.size() - 1, std::move(r));
}

// -- conversations -----------------------------------------------------------------------

void stage::run_conversations() {
  while (auto* c = conversations_.next(now_))
    run(*c);
}

void stage::run(conversation& c) {
  begin_callback();
  if (!c.at || !keeps_places_) {
    c.at.reset();
    c.at = std::make_unique<running_conversation>(*this, c);
  }
  auto& function = static_cast<running_conversation&>(*c.at);
  function.go_on();
  if (function.failed)
    ++out_->failures;
  apply_effects();
  auto& with = function.with;
  if (with.effects > c.effects) {
    c.effects = with.effects;
    if (!function.ended())
      conversations_.save(c);
  }
  if (!function.ended()) {
    ledger_.ask(next_id(), *std::move(with.wanted), c.key, now_);
    return;
  }
  auto outcome = std::move(function.outcome);
  auto failed = function.failed;
  c.at.reset();
  conclude(c, std::move(outcome), failed);
}

void stage::conclude(conversation& c, std::string outcome, bool failed) {
  begin_callback();
  auto queued = conversations_.queued();
  auto in_line = conversations_.in_line();
  auto effects = c.effects;
  auto ended = conversations_.end(c.key);
  try {
    operator_->concluded({ended.key, ended.subject, std::move(outcome), failed}, *context_);
    apply_effects();
  } catch (const engine_failure&) {
    throw;
  } catch (...) {
    undo_callback();
    ended.effects = effects;
    auto key = ended.key;
    conversations_.restore(std::move(ended), queued, in_line);
    rows_.begin_callback();
    conversations_.save(*conversations_.find(key));
    repeat_later(repeat_conclusion + key, {});
  }
}

} // namespace sallyport::lane
