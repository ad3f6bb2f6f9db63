#include "engine/testing/operator_harness.hpp"

#include <algorithm>
#include <utility>

namespace sallyport {

namespace {

/// More rounds than this after one input mean that operator and script feed each other for ever.
constexpr std::size_t rounds_max = 100'000;

/// Leaves `converse` when it asks for what has no reply yet.
struct leave_conversation {};

bool same_call(const call& a, const call& b) {
  return a.port == b.port && a.request == b.request && a.key == b.key && a.read == b.read &&
         a.tag == b.tag && a.policy == b.policy;
}

/// What one emit, publish or count of a callback amounts to.
struct output {
  enum class kind : std::uint8_t { port, topic, counter, observation };
  kind what = kind::port;
  std::string where;
  std::string label;
  record rec;
  std::uint64_t by = 0;
  double value = 0;

  friend bool operator==(const output&, const output&) = default;
};

} // namespace

/// What a callback did so far: kept apart until it returns.
struct operator_harness::effects {
  std::map<std::string, std::optional<std::string>> state_before;
  std::map<std::string, std::optional<timer>> timers_before;
  std::vector<output> outputs;
  claims counts;
  std::vector<std::pair<term, std::string>> finished;
  std::vector<sallyport::call> calls;
  std::vector<std::pair<std::string, std::string>> conversations;
};

struct operator_harness::conversation {
  std::string key;
  std::string subject;
  std::vector<sallyport::call> asked;
  std::vector<call_reply> replies;
  std::vector<wall_time> times; ///< of the start, then of each reply
  std::vector<output> done;     ///< outputs that have been let out already
};

// -- the contexts ---------------------------------------------------------------------

class harness_context final : public context, private keyed_state {
public:
  harness_context(operator_harness& h, operator_harness::effects& into,
                  std::optional<std::int64_t> offset, bool opening)
    : h_(h), into_(into), offset_(offset), opening_(opening) {}

  [[nodiscard]] wall_time now() const override { return h_.now_; }
  [[nodiscard]] std::uint64_t number() const override { return h_.number_; }
  [[nodiscard]] std::optional<std::int64_t> offset() const override { return offset_; }

  void emit(std::string_view port, record r) override {
    writing("emit");
    h_.check_port(port);
    into_.outputs.push_back({output::kind::port, std::string{port}, {}, std::move(r), 0});
  }

  void publish(std::string_view to, record r) override {
    writing("publish");
    if (h_.entry_ != nullptr && !h_.publishes_.contains(to))
      throw rule_broken("publish to '" + std::string{to} + "', which the entry does not declare");
    into_.outputs.push_back({output::kind::topic, std::string{to}, {}, std::move(r), 0});
  }

  void settle(term from, verdict v) override {
    writing("settle");
    h_.apply(std::move(v), from, offset_, into_);
  }

  [[nodiscard]] keyed_state& state() override { return *this; }

  void timer_set(std::string_view name, wall_time at, std::string payload) override {
    writing("timer_set");
    remember_timer(name);
    h_.timers_.insert_or_assign(std::string{name},
                                timer{std::string{name}, at, std::move(payload)});
  }

  void timer_cancel(std::string_view name) override {
    writing("timer_cancel");
    remember_timer(name);
    if (auto it = h_.timers_.find(name); it != h_.timers_.end())
      h_.timers_.erase(it);
  }

  [[nodiscard]] std::optional<wall_time> timer_due(std::string_view name) override {
    auto it = h_.timers_.find(name);
    return it == h_.timers_.end() ? std::nullopt : std::optional{it->second.due};
  }

  void call(sallyport::call what) override {
    writing("call");
    if (h_.entry_ != nullptr && !h_.calls_allowed_.contains(what.port))
      throw rule_broken("call by port '" + what.port + "', which the entry does not declare");
    into_.calls.push_back(std::move(what));
  }

  void converse(std::string_view key, std::string subject) override {
    writing("converse");
    into_.conversations.emplace_back(std::string{key}, std::move(subject));
  }

  [[nodiscard]] bool conversing(std::string_view key) override {
    auto it = h_.conversations_.find(key);
    return (it != h_.conversations_.end() && !it->second.empty()) ||
           std::ranges::any_of(into_.conversations, [&](const auto& c) { return c.first == key; });
  }

  void count(std::string_view counter, std::string_view label, std::uint64_t by) override {
    writing("count");
    into_.outputs.push_back(
      {output::kind::counter, std::string{counter}, std::string{label}, {}, by, 0});
  }

  void observe(std::string_view histogram, std::string_view label, double value) override {
    writing("observe");
    into_.outputs.push_back(
      {output::kind::observation, std::string{histogram}, std::string{label}, {}, 0, value});
  }

private:
  [[nodiscard]] std::optional<std::string> get(std::string_view key) override {
    auto it = h_.state_.find(key);
    return it == h_.state_.end() ? std::nullopt : std::optional{it->second};
  }

  void put(std::string_view key, std::string value) override {
    writing("a write to the state");
    remember_row(key);
    h_.state_.insert_or_assign(std::string{key}, std::move(value));
  }

  void erase(std::string_view key) override {
    writing("a write to the state");
    remember_row(key);
    if (auto it = h_.state_.find(key); it != h_.state_.end())
      h_.state_.erase(it);
  }

  void
  scan(std::string_view prefix,
       const std::function<bool(std::string_view key, std::string_view value)>& visit) override {
    struct mark {
      bool& flag;
      explicit mark(bool& f) : flag(f) { flag = true; }
      ~mark() { flag = false; }
    } const scanning(scanning_);
    for (auto it = h_.state_.lower_bound(prefix);
         it != h_.state_.end() && it->first.starts_with(prefix); ++it)
      if (!visit(it->first, it->second))
        return;
  }

  void writing(const char* what) const {
    if (opening_)
      throw rule_broken(std::string{what} + " in open(), where nothing may be written");
    if (scanning_)
      throw rule_broken(std::string{what} + " during a scan of the state");
  }

  void remember_row(std::string_view key) {
    if (into_.state_before.contains(std::string{key}))
      return;
    into_.state_before.emplace(std::string{key}, get(key));
  }

  void remember_timer(std::string_view name) {
    auto it = h_.timers_.find(name);
    into_.timers_before.try_emplace(
      std::string{name}, it == h_.timers_.end() ? std::nullopt : std::optional{it->second});
  }

  operator_harness& h_;
  operator_harness::effects& into_;
  std::optional<std::int64_t> offset_;
  bool opening_;
  bool scanning_ = false;
};

class harness_talk final : public talk {
public:
  harness_talk(operator_harness& h, operator_harness::conversation& c)
    : h_(h), c_(c), time_(c.times.front()) {}

  const call_reply& ask(sallyport::call what) override {
    if (asked_ < c_.replies.size()) {
      if (!same_call(c_.asked[asked_], what))
        throw rule_broken("a conversation that was run again asks for another call than before");
      time_ = c_.times[asked_ + 1];
      return c_.replies[asked_++];
    }
    if (h_.entry_ != nullptr && !h_.calls_allowed_.contains(what.port))
      throw rule_broken("call by port '" + what.port + "', which the entry does not declare");
    next_ = std::move(what);
    throw leave_conversation{};
  }

  [[nodiscard]] wall_time now() const override { return time_; }

  void emit(std::string_view port, record r) override {
    h_.check_port(port);
    add({output::kind::port, std::string{port}, {}, std::move(r), 0});
  }
  void publish(std::string_view to, record r) override {
    if (h_.entry_ != nullptr && !h_.publishes_.contains(to))
      throw rule_broken("publish to '" + std::string{to} + "', which the entry does not declare");
    add({output::kind::topic, std::string{to}, {}, std::move(r), 0});
  }
  void count(std::string_view counter, std::string_view label, std::uint64_t by) override {
    add({output::kind::counter, std::string{counter}, std::string{label}, {}, by, 0});
  }

  /// The outputs that an earlier run has not let out.
  [[nodiscard]] std::vector<output>& fresh() { return fresh_; }
  [[nodiscard]] std::optional<sallyport::call>& next() { return next_; }

  void check_complete() const {
    if (asked_ < c_.replies.size() || seen_ < c_.done.size())
      throw rule_broken("a conversation that was run again ended before the point it had reached");
  }

private:
  void add(output o) {
    if (seen_ < c_.done.size()) {
      if (!(c_.done[seen_++] == o))
        throw rule_broken("a conversation that was run again gives another output than before");
      return;
    }
    fresh_.push_back(std::move(o));
  }

  operator_harness& h_;
  operator_harness::conversation& c_;
  wall_time time_;
  std::size_t asked_ = 0;
  std::size_t seen_ = 0;
  std::vector<output> fresh_;
  std::optional<sallyport::call> next_;
};

// -- construction -----------------------------------------------------------------------

operator_harness::operator_harness(factory make, wall_time start)
  : make_(std::move(make)), now_(start) {
  restart();
}

operator_harness::operator_harness(const operator_entry& entry, const config::params& with,
                                   wall_time start)
  : make_([&entry, with] { return entry.make(with); }), entry_(&entry), now_(start) {
  const auto named_by = [&](const std::vector<std::string>& fields, auto& into) {
    for (const auto& name : fields) {
      const auto field = std::ranges::find(entry.spec.fields, name, &config::field::name);
      if (field == entry.spec.fields.end() || !with.has(name))
        continue;
      if (field->type == config::field_type::list)
        for (auto& text : with.texts(name))
          into.insert(std::move(text));
      else
        into.insert(with.text(name));
    }
  };
  publishes_.insert(entry.publishes.begin(), entry.publishes.end());
  named_by(entry.publishes_by, publishes_);
  calls_allowed_.insert(entry.calls.begin(), entry.calls.end());
  named_by(entry.calls_by, calls_allowed_);
  restart();
}

operator_harness::~operator_harness() = default;

void operator_harness::restart() {
  op_ = make_();
  if (!op_)
    throw std::logic_error("the factory gave no operator");
  effects none;
  harness_context ctx(*this, none, std::nullopt, true);
  op_->open(ctx);
}

// -- inputs ---------------------------------------------------------------------------------

void operator_harness::input(const std::function<void()>& body) {
  if (busy_)
    throw std::logic_error("an input was given while another one was worked on");
  struct mark {
    bool& flag;
    explicit mark(bool& f) : flag(f) { flag = true; }
    ~mark() { flag = false; }
  } const at_work(busy_);
  body();
  settle_all();
  check_conservation();
}

void operator_harness::feed(record r) {
  input([&] {
    ++number_;
    const auto offset = next_offset_++;
    if (restart_always_)
      restart();
    effects done;
    done.counts = claims_;
    ++done.counts.received;
    const record kept = r;
    std::string thrown;
    try {
      harness_context ctx(*this, done, offset, false);
      apply(op_->process(std::move(r), ctx), std::nullopt, offset, done);
      commit(done);
      return;
    } catch (const rule_broken&) {
      throw;
    } catch (const std::exception& e) {
      thrown = e.what();
    }
    undo(done);
    failures_.push_back(thrown);
    effects instead;
    instead.counts = claims_;
    ++instead.counts.received;
    apply(verdict::reject(kept, "internal"), std::nullopt, offset, instead);
    commit(instead);
  });
}

void operator_harness::feed(const std::vector<record>& records) {
  for (const auto& r : records)
    feed(r);
}

void operator_harness::run(const std::function<void(context&)>& callback) {
  if (restart_always_)
    restart();
  effects done;
  done.counts = claims_;
  try {
    harness_context ctx(*this, done, std::nullopt, false);
    callback(ctx);
    commit(done);
  } catch (const rule_broken&) {
    throw;
  } catch (const std::exception& e) {
    undo(done);
    failures_.emplace_back(e.what());
  }
}

void operator_harness::advance(duration by) { advance_to(now_ + by); }

void operator_harness::advance_to(wall_time to) {
  fire_due(to);
  now_ = std::max(now_, to);
}

void operator_harness::jump(duration by) {
  now_ += by;
  fire_due(now_);
}

void operator_harness::fire_due(wall_time until) {
  std::size_t at_one_moment = 0;
  for (;;) {
    auto first = std::ranges::min_element(timers_, {}, [](const auto& t) { return t.second.due; });
    if (first == timers_.end() || first->second.due > until)
      return;
    const timer fired = first->second;
    timers_.erase(first);
    at_one_moment = fired.due > now_ ? 0 : at_one_moment + 1;
    if (at_one_moment > rounds_max)
      throw rule_broken("timers set each other without time going on");
    now_ = std::max(now_, fired.due);
    input([&] {
      ++number_;
      run([&](context& ctx) { op_->on_timer(fired, ctx); });
    });
  }
}

void operator_harness::command(const std::string& name, const std::string& payload) {
  input([&] {
    ++number_;
    run([&](context& ctx) { op_->on_command(name, payload, ctx); });
  });
}

void operator_harness::reply(std::size_t index, call_answer answer) {
  call_reply r;
  const bool clear = answer.status > 0 && answer.status < 500;
  r.outcome = clear ? call_outcome::answered : call_outcome::unknown;
  r.answer = std::move(answer);
  reply_with(index, std::move(r));
}

void operator_harness::reply_with(std::size_t index, call_reply reply) {
  if (index >= calls_.size() || !calls_[index].open)
    throw std::logic_error("there is no open call of that index");
  if (!first_of_key(index))
    throw std::logic_error("an earlier call of the same key is still open");
  input([&] { deliver(index, std::move(reply)); });
}

void operator_harness::deliver(std::size_t index, call_reply reply) {
  ++number_;
  auto& c = calls_[index];
  c.open = false;
  reply.port = c.what.port;
  reply.key = c.what.key;
  reply.tag = c.what.tag;
  if (!c.in_conversation) {
    run([&](context& ctx) { op_->on_reply(reply, ctx); });
    return;
  }
  auto of = conversation_of_call_.extract(index);
  auto& talking = *conversations_.find(of.mapped())->second.front();
  talking.replies.push_back(std::move(reply));
  talking.times.push_back(now_);
  ready_.push_back(talking.key);
}

void operator_harness::script(answers how) {
  script_ = std::move(how);
  input([] {});
}

void operator_harness::settle_all() {
  for (std::size_t round = 0; round < rounds_max; ++round) {
    if (!ready_.empty()) {
      const std::string key = std::move(ready_.front());
      ready_.pop_front();
      run_conversation(*conversations_.find(key)->second.front());
    } else if (!answer_by_script()) {
      return;
    }
  }
  throw rule_broken("the operator and the script feed each other without end");
}

bool operator_harness::answer_by_script() {
  if (!script_)
    return false;
  for (const auto index : open_calls()) {
    auto answer = script_(calls_[index].what);
    if (!answer)
      continue;
    call_reply r;
    const bool clear = answer->status > 0 && answer->status < 500;
    r.outcome = clear ? call_outcome::answered : call_outcome::unknown;
    r.answer = std::move(*answer);
    deliver(index, std::move(r));
    return true;
  }
  return false;
}

// -- conversations ----------------------------------------------------------------------------

void operator_harness::run_conversation(conversation& c) {
  if (restart_always_)
    restart();
  harness_talk with(*this, c);
  conclusion end{c.key, c.subject, {}, false};
  bool ended = true;
  try {
    end.outcome = op_->converse(with, c.key, c.subject);
    with.check_complete();
  } catch (const leave_conversation&) {
    ended = false;
  } catch (const rule_broken&) {
    throw;
  } catch (const std::exception& e) {
    end.failed = true;
    end.outcome = e.what();
    with.fresh().clear();
  }
  effects done;
  done.counts = claims_;
  done.outputs = with.fresh();
  std::ranges::move(with.fresh(), std::back_inserter(c.done));
  commit(done);
  if (ended) {
    conclude(end);
    return;
  }
  c.asked.push_back(*with.next());
  conversation_of_call_.emplace(calls_.size(), c.key);
  calls_.push_back({std::move(*with.next()), true, true});
}

void operator_harness::conclude(const conclusion& end) {
  auto it = conversations_.find(end.key);
  it->second.pop_front();
  const bool more = !it->second.empty();
  run([&](context& ctx) { op_->concluded(end, ctx); });
  if (more)
    ready_.push_back(end.key);
}

std::size_t operator_harness::conversations() const noexcept {
  std::size_t all = 0;
  for (const auto& [key, queue] : conversations_)
    all += queue.size();
  return all;
}

// -- effects ------------------------------------------------------------------------------------

void operator_harness::apply(verdict&& v, std::optional<term> from,
                             std::optional<std::int64_t> offset, effects& into) {
  auto& counts = into.counts;
  if (from) {
    if (*from != term::held && *from != term::waiting && *from != term::in_call)
      throw rule_broken("settle from a term that keeps nothing: " + std::string{to_string(*from)});
    auto& kept = counts.terms[static_cast<std::size_t>(*from)];
    if (kept == 0)
      throw rule_broken("settle from " + std::string{to_string(*from)} + ", where no record is");
    --kept;
  }
  const auto forward_by = [&](std::string_view port) {
    check_port(port);
    ++counts.forwarded[std::string{port}];
    into.outputs.push_back({output::kind::port, std::string{port}, {}, std::move(v.rec()), 0});
  };
  switch (v.what()) {
  case verdict::kind::forward: forward_by(v.text()); break;
  case verdict::kind::keep: ++counts.terms[static_cast<std::size_t>(v.where())]; break;
  case verdict::kind::finish:
    ++counts.terms[static_cast<std::size_t>(v.where())];
    into.finished.emplace_back(v.where(), v.text());
    break;
  case verdict::kind::reject:
    v.rec().set("sallyport-cause", v.text());
    v.rec().set("sallyport-detail", v.detail());
    v.rec().set("sallyport-stage", entry_ != nullptr ? entry_->spec.name : "stage");
    if (offset)
      v.rec().set("sallyport-source", "input/0/" + std::to_string(*offset));
    forward_by("rejected");
    break;
  }
}

void operator_harness::undo(effects& done) {
  for (auto& [key, before] : done.state_before) {
    if (before)
      state_.insert_or_assign(key, std::move(*before));
    else
      state_.erase(key);
  }
  for (auto& [name, before] : done.timers_before) {
    if (before)
      timers_.insert_or_assign(name, std::move(*before));
    else
      timers_.erase(name);
  }
}

void operator_harness::commit(effects& done) {
  for (auto& o : done.outputs) {
    switch (o.what) {
    case output::kind::port: out_[o.where].push_back(std::move(o.rec)); break;
    case output::kind::topic: published_[o.where].push_back(std::move(o.rec)); break;
    case output::kind::counter: counters_[{o.where, o.label}] += o.by; break;
    case output::kind::observation: observed_[{o.where, o.label}].push_back(o.value); break;
    }
  }
  claims_ = std::move(done.counts);
  for (auto& f : done.finished)
    ++finished_[std::move(f)];
  for (auto& c : done.calls)
    calls_.push_back({std::move(c), true, false});
  for (auto& [key, subject] : done.conversations) {
    auto& queue = conversations_[key];
    auto c = std::make_unique<conversation>();
    c->key = key;
    c->subject = std::move(subject);
    c->times.push_back(now_);
    queue.push_back(std::move(c));
    if (queue.size() == 1)
      ready_.push_back(key);
  }
}

// -- what came of it ------------------------------------------------------------------------------

const std::vector<record>& operator_harness::out(std::string_view port) const {
  static const std::vector<record> none;
  auto it = out_.find(port);
  return it == out_.end() ? none : it->second;
}

const std::vector<record>& operator_harness::published(std::string_view to) const {
  static const std::vector<record> none;
  auto it = published_.find(to);
  return it == published_.end() ? none : it->second;
}

void operator_harness::clear_outputs() {
  out_.clear();
  published_.clear();
}

std::int64_t operator_harness::claims::difference() const {
  auto open = static_cast<std::int64_t>(received);
  for (const auto n : terms)
    open -= static_cast<std::int64_t>(n);
  for (const auto& [port, n] : forwarded)
    open -= static_cast<std::int64_t>(n);
  return open;
}

std::uint64_t operator_harness::finished(term t, std::string_view text) const {
  auto it = finished_.find({t, std::string{text}});
  return it == finished_.end() ? 0 : it->second;
}

std::vector<std::size_t> operator_harness::open_calls() const {
  std::vector<std::size_t> all;
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < calls_.size(); ++i)
    if (calls_[i].open && (calls_[i].what.key.empty() || keys.insert(calls_[i].what.key).second))
      all.push_back(i);
  return all;
}

bool operator_harness::first_of_key(std::size_t index) const {
  return std::ranges::count(open_calls(), index) == 1;
}

std::uint64_t operator_harness::counter(std::string_view name, std::string_view label) const {
  auto it = counters_.find({std::string{name}, std::string{label}});
  return it == counters_.end() ? 0 : it->second;
}

std::vector<double> operator_harness::observed(std::string_view histogram,
                                               std::string_view label) const {
  auto it = observed_.find({std::string{histogram}, std::string{label}});
  return it == observed_.end() ? std::vector<double>{} : it->second;
}

void operator_harness::check_port(std::string_view port) const {
  if (entry_ == nullptr || port == "rejected" ||
      std::ranges::find(entry_->outputs, port) != entry_->outputs.end())
    return;
  throw rule_broken("port '" + std::string{port} + "', which the entry does not declare");
}

void operator_harness::check_conservation() const {
  if (const auto d = claims_.difference(); d != 0)
    throw rule_broken("the conservation difference is " + std::to_string(d));
}

} // namespace sallyport
