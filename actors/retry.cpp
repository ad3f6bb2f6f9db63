#include "actors/retry_bands.hpp"
#include "engine/config/node.hpp"
#include "engine/core/assert.hpp"
#include "engine/core/binary.hpp"
#include "engine/operators/registry.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>

namespace sallyport {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::string_view inner_prefix = "of/";

/// Travels with a record while the inner operator has it: how often it failed, and since when.
constexpr std::string_view travel_header = "sallyport-retry";

config::spec retry_spec() {
  using config::field;
  return config::spec{"retry"}
    .summary("Wraps an operator: what fails there is tried again at set times, until a limit.")
    .description(
      "`of` names the operator. When a record leaves it by one of the ports `retry_on`, at once or "
      "later, the record is kept and given to it again at the next time of its band, as it came "
      "in. "
      "When the bands or a limit end, it leaves by `given_up` with the headers `retry-attempts`, "
      "`retry-first-failed-at` and `retry-last-cause`; so does, at once, what leaves by a port "
      "that "
      "is neither `out` nor `rejected` and not to be tried again. Records that wait do not hold "
      "later ones of their key back. Each attempt makes calls of its own, with idempotency keys of "
      "its own: what a call left `unknown` may be done twice.")
    .add(field::object("of",
                       {field::text("operator").example("call").doc("The operator's name."),
                        field::any("with").optional().doc("Its fields, as it takes them itself.")})
           .doc("The operator whose records are tried again."))
    .add(field::list("retry_on", field::text("").doc("A port of the operator."))
           .by_default("[rejected]")
           .doc("The ports that mean that it failed."))
    .add(field::list("calls", field::text("").doc("A call port."))
           .by_default("[]")
           .example("[peer]")
           .doc("The call ports that the operator uses."))
    .add(field::list("publishes", field::text("").doc("A sink port or internal topic."))
           .by_default("[]")
           .example("[telemetry]")
           .doc("The sink ports and internal topics that the operator writes to."))
    .add(retry_bands::bands_field())
    .add(retry_bands::zone_field())
    .add(field::number("attempts_max")
           .min(1)
           .optional()
           .example("50")
           .doc("The record is given up after so many failed attempts."))
    .add(field::duration("give_up_after")
           .min(1)
           .optional()
           .example("30d")
           .doc("The record is given up when its next attempt would be later than this after the "
                "first that "
                "failed."))
    .example("of:\n"
             "  operator: call\n"
             "  with: { port: peer, path: \"/bookings/{key}\" }\n"
             "calls: [peer]\n"
             "retry_on: [unknown, refused]\n"
             "bands:\n"
             "  - { attempts: 4, cron: \"0 0 * * * *\" }\n"
             "  - { attempts: rest, cron: \"0 30 23 * * *\" }\n"
             "zone: Europe/London\n"
             "give_up_after: 30d\n");
}

/// How often a record has failed so far.
struct history {
  std::uint32_t attempts = 0;
  wall_time first_failed{};

  [[nodiscard]] std::string text() const {
    return std::to_string(attempts) + " " + std::to_string(first_failed.time_since_epoch().count());
  }

  static history of(const record& r) {
    history made;
    const auto found = r.find(travel_header);
    if (!found)
      return made;
    unsigned attempts = 0;
    long long since = 0;
    if (std::sscanf(std::string{*found}.c_str(), "%u %lld", &attempts, &since) == 2) {
      made.attempts = attempts;
      made.first_failed = wall_time{duration{since}};
    }
    return made;
  }
};

record without_history(record r) {
  std::erase_if(r.headers, [](const header& h) { return h.name == travel_header; });
  return r;
}

verdict without_history(verdict v) {
  v.rec() = without_history(std::move(v.rec()));
  return v;
}

std::string prefixed(std::string_view name) {
  return std::string{inner_prefix} + std::string{name};
}

/// Decides of a record that the inner operator settles later.
using settle_rule = std::function<verdict(verdict, context&)>;

/// The context as the inner operator sees it: its rows and timers have a prefix, and what it does
/// is kept apart until `flush`. So an inner operator that throws on a record has done nothing, and
/// the record can wait for its next attempt like any other.
class inner_context final : public context, private keyed_state {
public:
  inner_context(context& outer, const settle_rule& settled) : outer_(outer), settled_(settled) {}

private:
  auto from_outer(const auto& ask) {
    in_outer_ = true;
    auto answer = ask();
    in_outer_ = false;
    return answer;
  }

public:
  /// Lets out what was done.
  void flush() {
    for (auto& [key, value] : rows_) {
      if (value)
        outer_.state().put(prefixed(key), std::move(*value));
      else
        outer_.state().erase(prefixed(key));
    }
    for (const auto& act : acts_)
      act();
    drop();
  }
  /// Forgets what was done.
  void drop() {
    rows_.clear();
    acts_.clear();
    timers_.clear();
    conversing_.clear();
  }
  /// Whether it was the outer context that threw, which is for the engine to deal with.
  [[nodiscard]] bool outer_failed() const noexcept { return in_outer_; }

  [[nodiscard]] wall_time now() const override { return outer_.now(); }
  [[nodiscard]] std::uint64_t number() const override { return outer_.number(); }
  [[nodiscard]] std::optional<std::int64_t> offset() const override { return outer_.offset(); }

  void emit(std::string_view port, record r) override {
    acts_.push_back(
      [this, to = std::string{port}, r = without_history(std::move(r))] { outer_.emit(to, r); });
  }
  void publish(std::string_view to, record r) override {
    acts_.push_back(
      [this, to = std::string{to}, r = without_history(std::move(r))] { outer_.publish(to, r); });
  }
  void settle(term from, verdict v) override {
    acts_.push_back([this, from, v = std::move(v)] { outer_.settle(from, settled_(v, outer_)); });
  }

  [[nodiscard]] keyed_state& state() override { return *this; }

  void timer_set(std::string_view name, wall_time at, std::string payload) override {
    timers_.insert_or_assign(std::string{name}, at);
    acts_.push_back([this, name = prefixed(name), at, payload = std::move(payload)] {
      outer_.timer_set(name, at, payload);
    });
  }
  void timer_cancel(std::string_view name) override {
    timers_.insert_or_assign(std::string{name}, std::nullopt);
    acts_.push_back([this, name = prefixed(name)] { outer_.timer_cancel(name); });
  }
  [[nodiscard]] std::optional<wall_time> timer_due(std::string_view name) override {
    if (const auto it = timers_.find(name); it != timers_.end())
      return it->second;
    return from_outer([&] { return outer_.timer_due(prefixed(name)); });
  }

  void call(sallyport::call what) override {
    acts_.push_back([this, what = std::move(what)] { outer_.call(what); });
  }
  void converse(std::string_view key, std::string subject) override {
    conversing_.insert(std::string{key});
    acts_.push_back([this, key = std::string{key}, subject = std::move(subject)] {
      outer_.converse(key, subject);
    });
  }
  [[nodiscard]] bool conversing(std::string_view key) override {
    return conversing_.contains(key) || from_outer([&] { return outer_.conversing(key); });
  }
  void count(std::string_view counter, std::string_view label, std::uint64_t by) override {
    acts_.push_back([this, counter = std::string{counter}, label = std::string{label}, by] {
      outer_.count(counter, label, by);
    });
  }
  void observe(std::string_view histogram, std::string_view label, double value) override {
    acts_.push_back([this, histogram = std::string{histogram}, label = std::string{label}, value] {
      outer_.observe(histogram, label, value);
    });
  }

private:
  [[nodiscard]] std::optional<std::string> get(std::string_view key) override {
    if (const auto it = rows_.find(key); it != rows_.end())
      return it->second;
    return from_outer([&] { return outer_.state().get(prefixed(key)); });
  }
  void put(std::string_view key, std::string value) override {
    rows_.insert_or_assign(std::string{key}, std::move(value));
  }
  void erase(std::string_view key) override {
    rows_.insert_or_assign(std::string{key}, std::nullopt);
  }

  void
  scan(std::string_view prefix,
       const std::function<bool(std::string_view key, std::string_view value)>& visit) override {
    auto it = rows_.lower_bound(prefix);
    bool more = true;
    const auto own_until = [&](const std::string_view* end) {
      for (; more && it != rows_.end() && it->first.starts_with(prefix) &&
             (end == nullptr || it->first < *end);
           ++it)
        more = !it->second || visit(it->first, *it->second);
    };
    in_outer_ = true;
    outer_.state().scan(prefixed(prefix), [&](std::string_view key, std::string_view value) {
      in_outer_ = false;
      key.remove_prefix(inner_prefix.size());
      own_until(&key);
      if (more && it != rows_.end() && it->first == key) {
        more = !it->second || visit(it->first, *it->second);
        ++it;
      } else if (more) {
        more = visit(key, value);
      }
      in_outer_ = true;
      return more;
    });
    in_outer_ = false;
    own_until(nullptr);
  }

  context& outer_;
  const settle_rule& settled_;
  std::map<std::string, std::optional<std::string>, std::less<>> rows_;
  std::map<std::string, std::optional<wall_time>, std::less<>> timers_;
  std::set<std::string, std::less<>> conversing_;
  std::vector<std::function<void()>> acts_;
  bool in_outer_ = false;
};

/// The conversation as the inner operator sees it.
class inner_talk final : public talk {
public:
  explicit inner_talk(talk& outer) : outer_(outer) {}

  const call_reply& ask(sallyport::call what) override { return outer_.ask(std::move(what)); }
  [[nodiscard]] wall_time now() const override { return outer_.now(); }
  void emit(std::string_view port, record r) override {
    outer_.emit(port, without_history(std::move(r)));
  }
  void publish(std::string_view to, record r) override {
    outer_.publish(to, without_history(std::move(r)));
  }
  void count(std::string_view counter, std::string_view label, std::uint64_t by) override {
    outer_.count(counter, label, by);
  }

private:
  talk& outer_;
};

/// The inner operator's entry and params; adds findings where they are wrong.
std::pair<const operator_entry*, config::params> inner_of(const config::params& with,
                                                          config::findings& out) {
  const auto& of = with.object("of");
  const auto* entry = operator_registry::instance().find(of.text("operator"));
  if (entry == nullptr) {
    auto near = config::nearest(of.text("operator"), operator_registry::instance().names());
    out.push_back({of.where("operator"), "there is no operator '" + of.text("operator") + "'",
                   near ? "did you mean '" + *near + "'?" : ""});
    return {nullptr, {}};
  }
  auto params = entry->spec.parse(of.raw("with"), of.where("with"), out);
  return {entry, std::move(params)};
}

class retry final : public operator_base {
public:
  explicit retry(const config::params& with) : bands_(retry_bands::from(with)) {
    for (auto& port : with.texts("retry_on"))
      retry_on_.insert(std::move(port));
    if (with.has("attempts_max"))
      attempts_max_ = static_cast<std::uint32_t>(with.number("attempts_max"));
    if (with.has("give_up_after"))
      give_up_after_ = with.duration("give_up_after");
    config::findings mistakes;
    const auto [entry, params] = inner_of(with, mistakes);
    SALLYPORT_ASSERT(entry != nullptr && mistakes.empty());
    inner_ = entry->make(params);
    settled_ = [this](verdict v, context& ctx) {
      const record again = v.rec();
      return judge(std::move(v), again, ctx);
    };
  }

  void open(context& ctx) override {
    inner_context within(ctx, settled_);
    inner_->open(within);
  }

  verdict process(record&& r, context& ctx) override {
    return attempt(without_history(std::move(r)), ctx);
  }

  void on_timer(const timer& fired, context& ctx) override {
    if (fired.name.starts_with(inner_prefix)) {
      inner_context within(ctx, settled_);
      inner_->on_timer({fired.name.substr(inner_prefix.size()), fired.due, fired.payload}, within);
      within.flush();
      return;
    }
    const auto row = ctx.state().get(fired.name);
    if (!row)
      throw std::runtime_error("a retry fell due of a record that is not kept");
    binary::reader in(*row);
    const auto version = in.u8();
    auto r = in.read_record();
    if (version != format || in.failed())
      throw std::runtime_error("the row of a retry has an unknown format");
    ctx.state().erase(fired.name);
    ctx.settle(term::waiting, attempt(std::move(r), ctx));
  }

  void on_reply(const call_reply& reply, context& ctx) override {
    inner_context within(ctx, settled_);
    inner_->on_reply(reply, within);
    within.flush();
  }

  void on_command(const std::string& name, const std::string& payload, context& ctx) override {
    inner_context within(ctx, settled_);
    inner_->on_command(name, payload, within);
    within.flush();
  }

  std::string converse(talk& with, const std::string& key, const std::string& subject) override {
    inner_talk within(with);
    return inner_->converse(within, key, subject);
  }

  void concluded(const conclusion& end, context& ctx) override {
    inner_context within(ctx, settled_);
    inner_->concluded(end, within);
    within.flush();
  }

private:
  verdict attempt(record r, context& ctx) {
    const record again = r;
    inner_context within(ctx, settled_);
    auto v = verdict::held();
    try {
      v = inner_->process(std::move(r), within);
    } catch (const std::exception&) {
      if (within.outer_failed())
        throw;
      within.drop();
      v = verdict::reject(again, "internal", "the operator failed on this record");
    }
    within.flush();
    return judge(std::move(v), again, ctx);
  }

  /// What becomes of a record that the inner operator has decided of; `again` is what it would be
  /// given the next time.
  verdict judge(verdict v, const record& again, context& ctx) {
    const bool rejected = v.what() == verdict::kind::reject;
    const std::string port = rejected                             ? "rejected"
                             : v.what() == verdict::kind::forward ? v.text()
                                                                  : "";
    const bool again_wanted = retry_on_.contains(port);
    if (port.empty() || port == "out" || (rejected && !again_wanted))
      return without_history(std::move(v));
    auto past = history::of(again);
    if (past.attempts++ == 0)
      past.first_failed = ctx.now();
    const auto next = again_wanted ? next_attempt(past, ctx.now()) : std::nullopt;
    if (!next) {
      record r = without_history(again_wanted ? again : v.rec());
      ctx.count("retry_given_up", again_wanted ? "limit" : "at_once");
      r.set("retry-attempts", std::to_string(past.attempts));
      r.set("retry-first-failed-at", format_utc(past.first_failed));
      r.set("retry-last-cause", v.text());
      return verdict::forward(std::move(r), "given_up");
    }
    record r = without_history(again);
    r.set(travel_header, past.text());
    const auto name = next_name(ctx);
    std::string row;
    binary::put_u8(row, format);
    binary::put_record(row, r);
    ctx.state().put(name, std::move(row));
    ctx.timer_set(name, *next);
    return verdict::waiting();
  }

  [[nodiscard]] std::optional<wall_time> next_attempt(const history& past, wall_time now) const {
    if (attempts_max_ && past.attempts >= *attempts_max_)
      return std::nullopt;
    const auto next = bands_.next(past.attempts, now);
    if (next && give_up_after_ && *next - past.first_failed > *give_up_after_)
      return std::nullopt;
    return next;
  }

  /// Names sort as they were given, so records that are due together go in the order they failed.
  static std::string next_name(context& ctx) {
    std::uint64_t id = 0;
    if (const auto row = ctx.state().get("next")) {
      binary::reader in(*row);
      const auto version = in.u8();
      id = in.varint();
      if (version != format || in.failed())
        throw std::runtime_error("the row of retry ids has an unknown format");
    }
    std::string after;
    binary::put_u8(after, format);
    binary::put_varint(after, id + 1);
    ctx.state().put("next", std::move(after));
    char text[32];
    std::snprintf(text, sizeof text, "again/%016llx", static_cast<unsigned long long>(id));
    return text;
  }

  retry_bands bands_;
  std::set<std::string, std::less<>> retry_on_;
  std::optional<std::uint32_t> attempts_max_;
  std::optional<duration> give_up_after_;
  std::unique_ptr<operator_base> inner_;
  settle_rule settled_;
};

/// What the inner operator uses under fixed names and by the named fields must be in our list: the
/// topology is checked against that.
void lint_uses(const config::params& with, std::string_view list, const operator_entry& inner,
               const config::params& params, const std::vector<std::string>& fixed,
               const std::vector<std::string>& fields, config::findings& out) {
  auto used = fixed;
  for (const auto& name : fields) {
    const auto declared = std::ranges::find(inner.spec.fields, name, &config::field::name);
    if (declared != inner.spec.fields.end() && declared->type == config::field_type::text &&
        params.has(name))
      used.push_back(params.text(name));
  }
  const auto told = with.texts(list);
  for (const auto& name : used)
    if (std::ranges::find(told, name) == told.end())
      out.push_back({with.where(list),
                     "'" + inner.spec.name + "' uses '" + name + "', which is not in '" +
                       std::string{list} + "'",
                     "add it: " + std::string{list} + ": [" + name + "]"});
}

void lint_retry(const config::params& with, config::findings& out) {
  retry_bands::lint(with, out);
  const auto before = out.size();
  const auto [inner, params] = inner_of(with, out);
  if (inner == nullptr || out.size() != before)
    return;
  if (inner->lint)
    inner->lint(params, out);
  lint_uses(with, "calls", *inner, params, inner->calls, inner->calls_by, out);
  lint_uses(with, "publishes", *inner, params, inner->publishes, inner->publishes_by, out);
  for (const auto& port : with.texts("retry_on")) {
    const auto& ports = inner->outputs;
    if (port == "out")
      out.push_back({with.where("retry_on"), "'out' is where a record goes that did not fail",
                     "take it from the list"});
    else if (port != "rejected" && std::ranges::find(ports, port) == ports.end())
      out.push_back({with.where("retry_on"),
                     "'" + inner->spec.name + "' has no port '" + port + "'",
                     "take it from the list"});
  }
}

operator_entry retry_entry() {
  operator_entry entry;
  entry.spec = retry_spec();
  entry.outputs = {"out", "given_up"};
  entry.publishes_by = {"publishes"};
  entry.calls_by = {"calls"};
  entry.keeps = "the records that wait for an attempt";
  entry.timers = "the next attempt is due";
  entry.make = [](const config::params& with) { return std::make_unique<retry>(with); };
  entry.lint = lint_retry;
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(retry, retry_entry());

} // namespace sallyport
