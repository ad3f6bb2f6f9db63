#include "engine/testing/operator_harness.hpp"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using namespace std::chrono_literals;

const wall_time start{std::chrono::sys_days{std::chrono::year{2024} / 3 / 1}};

record make_record(const char* key, const char* value) {
  record r;
  r.key = key;
  r.value = value;
  r.timestamp = start;
  return r;
}

/// Does what the value of the record says.
class puppet final : public operator_base {
public:
  void open(context& ctx) override {
    if (write_in_open)
      ctx.state().put("x", "y");
  }

  verdict process(record&& r, context& ctx) override {
    const auto word = r.value.view();
    ++seen;
    ctx.state().put("seen", std::to_string(seen));
    if (word == "hold") {
      ctx.timer_set("t", ctx.now() + 1h, "payload");
      return verdict::held();
    }
    if (word == "throw") {
      ctx.emit("out", r);
      ctx.timer_set("t", ctx.now() + 1h);
      throw std::runtime_error("no");
    }
    if (word == "settle") {
      ctx.settle(term::waiting, verdict::done());
      return verdict::done();
    }
    if (word == "call") {
      call_request get{"GET", "/x", {}, {}};
      ctx.call({"peer", get, r.key.str(), true, "tag", {}});
      return verdict::in_call();
    }
    if (word == "talk") {
      ctx.converse(r.key.view(), "two");
      return verdict::in_call();
    }
    return verdict::forward(std::move(r));
  }

  void on_timer(const timer& fired, context& ctx) override {
    record r;
    r.value = fired.payload;
    r.timestamp = ctx.now();
    ctx.settle(term::held, verdict::forward(std::move(r)));
  }

  void on_command(const std::string& name, const std::string& payload, context& ctx) override {
    ctx.state().put("order", name + " " + payload);
    if (payload == "throw")
      throw std::runtime_error("no");
  }

  void on_reply(const call_reply& reply, context& ctx) override {
    ctx.count("replies", reply.ok() ? "ok" : "bad");
    ctx.settle(term::in_call, verdict::done());
  }

  std::string converse(talk& with, const std::string& key, const std::string&) override {
    record r;
    r.value = "first of " + key;
    with.emit("out", r);
    const auto first = with.ask({"peer", {"GET", "/1", {}, {}}, key, true, {}, {}});
    r.value = first.answer.body;
    with.emit("out", r);
    with.count("asked", "one");
    const auto second = with.ask({"peer", {"GET", "/2", {}, {}}, key, true, {}, {}});
    if (!second.ok())
      throw std::runtime_error("second failed");
    return first.answer.body + second.answer.body;
  }

  void concluded(const conclusion& end, context& ctx) override {
    ctx.state().put("end/" + end.key, (end.failed ? "!" : "") + end.outcome);
    ctx.settle(term::in_call, verdict::done());
  }

  int seen = 0;
  bool write_in_open = false;
};

operator_harness make_harness() {
  return operator_harness([] { return std::make_unique<puppet>(); }, start);
}

TEST(operator_harness, a_forwarded_record_leaves_by_its_port) {
  auto h = make_harness();
  h.feed(make_record("k", "v"));
  ASSERT_EQ(h.out().size(), 1u);
  EXPECT_EQ(h.out()[0].value, bytes("v"));
  EXPECT_EQ(h.counts().received, 1u);
  EXPECT_EQ(h.counts().forwarded.at("out"), 1u);
  EXPECT_EQ(h.counts().difference(), 0);
}

TEST(operator_harness, what_a_throwing_callback_did_is_undone_and_its_record_is_rejected) {
  auto h = make_harness();
  h.feed(make_record("k", "v"));
  h.feed(make_record("k", "throw"));
  EXPECT_EQ(h.out().size(), 1u);
  EXPECT_TRUE(h.timers().empty());
  EXPECT_EQ(h.state().at("seen"), "1");
  ASSERT_EQ(h.rejected().size(), 1u);
  EXPECT_EQ(h.rejected()[0].find("sallyport-cause"), "internal");
  EXPECT_EQ(h.rejected()[0].find("sallyport-source"), "input/0/1");
  EXPECT_EQ(h.failures(), std::vector<std::string>{"no"});
}

TEST(operator_harness, a_timer_fires_at_its_time_and_survives_a_restart) {
  auto h = make_harness();
  h.feed(make_record("k", "hold"));
  EXPECT_EQ(h.count_of(term::held), 1u);
  h.restart();
  h.advance(59min);
  EXPECT_TRUE(h.out().empty());
  h.advance(2min);
  ASSERT_EQ(h.out().size(), 1u);
  EXPECT_EQ(h.out()[0].timestamp, start + 1h);
  EXPECT_EQ(h.count_of(term::held), 0u);
  EXPECT_EQ(h.now(), start + 61min);
}

TEST(operator_harness, after_a_jump_timers_fire_late) {
  auto h = make_harness();
  h.feed(make_record("k", "hold"));
  h.jump(3h);
  ASSERT_EQ(h.out().size(), 1u);
  EXPECT_EQ(h.out()[0].timestamp, start + 3h);
}

TEST(operator_harness, an_order_reaches_the_operator_and_is_undone_if_it_throws) {
  auto h = make_harness();
  h.command("pause", "it");
  EXPECT_EQ(h.state().at("order"), "pause it");
  h.command("resume", "throw");
  EXPECT_EQ(h.state().at("order"), "pause it");
  EXPECT_EQ(h.failures(), std::vector<std::string>{"no"});
}

TEST(operator_harness, settling_what_is_not_kept_breaks_a_rule) {
  auto h = make_harness();
  EXPECT_THROW(h.feed(make_record("k", "settle")), rule_broken);
}

TEST(operator_harness, a_reply_reaches_the_operator_with_the_tag_of_its_call) {
  auto h = make_harness();
  h.feed(make_record("k", "call"));
  h.feed(make_record("k", "call"));
  ASSERT_EQ(h.calls().size(), 2u);
  EXPECT_EQ(h.open_calls(), std::vector<std::size_t>{0});
  EXPECT_THROW(h.reply(1, {}), std::logic_error);
  h.reply(0, {200, {}, "{}", {}, false});
  h.reply(1, {500, {}, "", {}, false});
  EXPECT_EQ(h.counter("replies", "ok"), 1u);
  EXPECT_EQ(h.counter("replies", "bad"), 1u);
  EXPECT_EQ(h.count_of(term::done), 2u);
}

TEST(operator_harness, a_script_answers_calls_as_they_are_asked_for) {
  auto h = make_harness();
  h.script([](const call&) { return call_answer{200, {}, "a", {}, false}; });
  h.feed(make_record("k", "talk"));
  EXPECT_EQ(h.state().at("end/k"), "aa");
  EXPECT_EQ(h.calls().size(), 2u);
}

TEST(operator_harness, a_conversation_lets_its_outputs_out_once_and_survives_restarts) {
  auto h = make_harness();
  h.restart_before_each_input();
  h.feed(make_record("k", "talk"));
  h.feed(make_record("k", "talk"));
  EXPECT_EQ(h.conversations(), 2u);
  EXPECT_EQ(h.out().size(), 1u);
  h.reply(0, {200, {}, "one", {}, false});
  EXPECT_EQ(h.out().size(), 2u);
  h.restart();
  h.reply(1, {200, {}, "two", {}, false});
  EXPECT_EQ(h.state().at("end/k"), "onetwo");
  EXPECT_EQ(h.out().size(), 3u); // the queued one has begun
  h.reply(2, {200, {}, "one", {}, false});
  h.reply(3, {500, {}, "", {}, false});
  EXPECT_EQ(h.state().at("end/k"), "!second failed");
  EXPECT_EQ(h.counter("asked", "one"), 2u);
  EXPECT_EQ(h.count_of(term::done), 2u);
  EXPECT_EQ(h.conversations(), 0u);
}

TEST(operator_harness, writing_in_open_breaks_a_rule) {
  EXPECT_THROW(operator_harness(
                 [] {
                   auto p = std::make_unique<puppet>();
                   p->write_in_open = true;
                   return p;
                 },
                 start),
               rule_broken);
}

TEST(operator_harness, a_port_that_the_entry_does_not_declare_breaks_a_rule) {
  operator_entry entry;
  entry.spec.name = "puppet";
  entry.outputs = {"other"};
  entry.make = [](const config::params&) { return std::make_unique<puppet>(); };
  operator_harness h(entry, config::params{}, start);
  EXPECT_NO_THROW(h.feed(make_record("k", "hold")));
  EXPECT_THROW(h.feed(make_record("k", "v")), rule_broken);
  EXPECT_THROW(h.feed(make_record("k", "call")), rule_broken);
}

} // namespace
} // namespace sallyport
