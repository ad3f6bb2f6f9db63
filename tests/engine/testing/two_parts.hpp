#pragma once

#include "engine/testing/driver.hpp"

#include <charconv>
#include <memory>
#include <stdexcept>
#include <string>

/// A topology of two parts that uses all that a lane can do, for the tests of replay and the
/// simulation.
///
///     in -> form -> (work) -> hold -> tell      said, told: one record each for every record
///             rejected -> dead -> graves
///
/// A record's value is its name, `<key>-<running number>`, or `drop…` or `throw…`. Callbacks
/// without a record throw now and then, by the number of their input.
namespace sallyport::testing::two_parts {

using namespace std::chrono_literals;

/// Sends what is good to the other part, under the key that stands in the value.
class form final : public operator_base {
public:
  verdict process(record&& r, context& ctx) override {
    auto text = r.value.str();
    if (text.starts_with("throw")) {
      ctx.state().put("trace", text);
      ctx.timer_set("trace", ctx.now() + 1s);
      ctx.publish("work", r);
      throw std::runtime_error("as the test asked");
    }
    if (text.starts_with("drop"))
      return verdict::discard("unwanted");
    r.key = bytes{text.substr(0, text.find('-'))};
    ctx.publish("work", std::move(r));
    return verdict::done();
  }
};

class bury final : public operator_base {
public:
  verdict process(record&& r, context& ctx) override {
    std::string cause{r.find("sallyport-cause").value_or("unknown")};
    ctx.publish("graves", std::move(r));
    return verdict::dead(cause);
  }
};

/// Holds the records of a key for some seconds, then talks with the peer about each, in order.
class hold final : public operator_base {
public:
  verdict process(record&& r, context& ctx) override {
    auto key = r.key.str();
    auto number = std::to_string(1'000'000'000 + ctx.number());
    ctx.state().put(key + "/" + number, r.value.str());
    if (!ctx.timer_due(key))
      ctx.timer_set(key, ctx.now() + 1s + (ctx.number() % 4) * 1s, "held");
    return verdict::held();
  }

  void on_timer(const timer& t, context& ctx) override {
    release(t.name, ctx);
    if (ctx.number() % 5 == 0)
      throw std::runtime_error("a timer fails now and then");
  }

  /// `flush`: nothing waits any longer.
  void on_command(const std::string&, const std::string&, context& ctx) override {
    std::set<std::string> keys;
    ctx.state().scan("", [&](std::string_view row, std::string_view) {
      keys.emplace(row.substr(0, row.find('/')));
      return true;
    });
    for (const auto& key : keys) {
      ctx.timer_cancel(key);
      release(key, ctx);
    }
    if (ctx.number() % 3 == 0)
      throw 42; // an operator may throw anything
  }

  std::string converse(talk& with, const std::string& key, const std::string& subject) override {
    with.count("talks", "begun");
    call look{"peer", {"GET", "/look/" + subject, {}, ""}, "", true, "", {}};
    auto seen = with.ask(look).answer.status;
    with.publish("said", {bytes{key}, bytes{"start " + subject}, {}, {}});
    call write{"peer", {"PUT", "/write/" + subject, {}, "x" + subject}, "", false, "", {}};
    write.policy.jitter = 0.123456789;
    auto reply = with.ask(write);
    if (reply.answer.status == 409)
      throw std::runtime_error("conflict");
    return std::to_string(seen) + "," + std::to_string(reply.answer.status);
  }

  void concluded(const conclusion& end, context& ctx) override {
    record r{bytes{end.key}, bytes{end.subject}, {}, {}};
    r.set("outcome", end.outcome);
    ctx.publish("said", r);
    ctx.settle(term::in_call, verdict::forward(std::move(r)));
    if (ctx.number() % 7 == 0)
      throw std::runtime_error("a conclusion fails now and then");
  }

private:
  static void release(const std::string& key, context& ctx) {
    std::vector<std::pair<std::string, std::string>> held;
    ctx.state().scan(key + "/", [&](std::string_view row, std::string_view value) {
      held.emplace_back(row, value);
      return true;
    });
    for (auto& [row, value] : held) {
      ctx.state().erase(row);
      ctx.settle(term::held, verdict::in_call());
      ctx.converse(key, value);
    }
  }
};

/// One call for each record, in the order of its key.
class tell final : public operator_base {
public:
  verdict process(record&& r, context& ctx) override {
    call post{
      "other", {"POST", "/tell/" + r.value.str(), {}, "y"}, r.key.str(), false, r.value.str(), {}};
    post.policy.tries_max = 3;
    ctx.call(std::move(post));
    ctx.state().put("n" + r.key.str(), r.value.str());
    return verdict::in_call();
  }

  void on_reply(const call_reply& reply, context& ctx) override {
    record r{bytes{reply.key}, bytes{reply.tag}, {}, {}};
    r.set("tries", std::to_string(reply.tries) + (reply.earlier_unanswered ? "?" : ""));
    ctx.publish("told", std::move(r));
    ctx.settle(term::in_call, reply.ok() ? verdict::done() : verdict::discard("not told"));
    if (ctx.number() % 6 == 0)
      throw std::runtime_error("a reply fails now and then");
  }
};

template <class Operator>
const operator_entry& entry(const char* name, std::vector<std::string> outputs = {"out"}) {
  static const operator_entry made = [&] {
    operator_entry e;
    e.spec = config::spec{name};
    e.outputs = std::move(outputs);
    e.make = [](const config::params&) { return std::make_unique<Operator>(); };
    return e;
  }();
  return made;
}

inline topology::plan plan(std::uint32_t partitions) {
  topology::plan p;
  p.application = "test";
  p.topology.name = "two_parts";
  p.topology.internals.push_back({"work", partitions, {}});
  topology::part intake;
  intake.name = "intake";
  intake.reads = "in";
  intake.stages.push_back(
    {"form", &entry<form>("form", {}), {}, {{topology::edge::source, "out"}}, {}});
  intake.stages.push_back({"dead", &entry<bury>("bury", {}), {}, {{0, "rejected"}}, {}});
  topology::part sync;
  sync.name = "sync";
  sync.reads = "work";
  sync.stages.push_back({"hold", &entry<hold>("hold"), {}, {{topology::edge::source, "out"}}, {}});
  sync.stages.push_back({"tell", &entry<tell>("tell", {}), {}, {{0, "out"}}, {}});
  p.topology.parts = {intake, sync};
  for (const char* name : {"in", "work", "said", "told", "graves"})
    p.topics[name] = {name, partitions, duration{0}, 0};
  return p;
}

} // namespace sallyport::testing::two_parts
