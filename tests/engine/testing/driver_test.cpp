#include "engine/testing/driver.hpp"

#include "engine/core/binary.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace sallyport::testing {
namespace {

/// Holds each record for ten seconds, then asks the peer twice about it in a conversation and
/// publishes what it said.
class hold_and_ask final : public operator_base {
public:
  verdict process(record&& r, context& ctx) override {
    if (r.value == bytes{"throw"}) {
      ctx.state().put("trace", "must not stay");
      ctx.timer_set("trace", ctx.now() + 1s);
      throw std::runtime_error("as the test asked");
    }
    if (r.value == bytes{"nowhere"})
      ctx.publish("nowhere", r);
    if (r.value == bytes{"drop"})
      return verdict::discard("unwanted");
    auto name = std::to_string(ctx.number());
    ctx.state().put("r" + name, r.key.str() + "=" + r.value.str());
    ctx.timer_set(name, ctx.now() + 10s);
    return verdict::held();
  }

  void on_timer(const timer& t, context& ctx) override {
    auto row = ctx.state().get("r" + t.name);
    ctx.state().erase("r" + t.name);
    ctx.settle(term::held, verdict::in_call());
    ctx.converse(row->substr(0, row->find('=')), *row);
  }

  std::string converse(talk& with, const std::string& key, const std::string& subject) override {
    record started{key, "start " + subject, {}, {}};
    with.publish("said", started);
    call look{"peer", {"GET", "/look/" + key, {}, ""}, "", true, "", {}};
    auto seen = with.ask(look).answer.body;
    call write{"peer", {"PUT", "/write/" + key, {}, subject}, "", false, "", {}};
    auto reply = with.ask(write);
    return seen + "," + std::to_string(reply.answer.status);
  }

  void concluded(const conclusion& end, context& ctx) override {
    ctx.publish("said", {end.key, end.subject + " -> " + end.outcome, {}, {}});
    ctx.count("ended", end.failed ? "failed" : "well");
    ctx.settle(term::in_call, verdict::done());
  }
};

class bury final : public operator_base {
public:
  verdict process(record&& r, context& ctx) override {
    ctx.publish("graves", r);
    return verdict::dead(std::string{*r.find("sallyport-cause")});
  }
};

operator_entry entry(std::string name, auto make) {
  operator_entry e;
  e.spec = config::spec{std::move(name)};
  e.make = make;
  return e;
}

topology::plan plan(std::uint32_t partitions = 2) {
  static const operator_entry ask =
    entry("ask", [](const config::params&) { return std::make_unique<hold_and_ask>(); });
  static const operator_entry dead =
    entry("dead", [](const config::params&) { return std::make_unique<bury>(); });
  topology::plan p;
  p.application = "test";
  p.topology.name = "test";
  topology::part part;
  part.name = "main";
  part.reads = "in";
  part.stages.push_back({"ask", &ask, {}, {{topology::edge::source, "out"}}, {}});
  part.stages.push_back({"dead", &dead, {}, {{0, "rejected"}}, {}});
  p.topology.parts.push_back(part);
  for (const char* name : {"in", "said", "graves"})
    p.topics[name] = {name, partitions, duration{0}, 0};
  return p;
}

std::vector<std::string> values(const std::vector<record>& records) {
  std::vector<std::string> all;
  for (const auto& r : records)
    all.push_back(r.value.str());
  return all;
}

peer friendly() {
  return [](const made_call& c) {
    return scripted_answer{{200, {}, c.request.method == "GET" ? "seen" : "", "", false}, 0ms};
  };
}

TEST(driver, a_record_is_held_asked_about_and_answered) {
  driver d{plan()};
  d.answer("peer", friendly());
  d.feed("in", {"a", "1", {}, {}});
  d.advance(9s);
  EXPECT_TRUE(d.calls().empty());
  EXPECT_EQ(d.counts("main").terms["held"], 1);
  d.advance(1s);
  ASSERT_EQ(d.calls().size(), 2U);
  EXPECT_EQ(d.calls()[1].request.method, "PUT");
  EXPECT_EQ(values(d.topic("said")), (std::vector<std::string>{"start a=1", "a=1 -> seen,200"}));
  EXPECT_EQ(d.counts("main").terms["done"], 1);
  EXPECT_EQ(d.counts("main").difference, 0);
  EXPECT_EQ(d.counter("ended", "well"), 1U);
}

TEST(driver, a_record_on_which_the_operator_throws_is_rejected_and_leaves_no_trace) {
  driver d{plan()};
  d.feed("in", {"a", "throw", {}, {}});
  d.feed("in", {"a", "drop", {}, {}});
  d.advance(1min);
  auto graves = d.topic("graves");
  ASSERT_EQ(graves.size(), 1U);
  EXPECT_EQ(graves[0].find("sallyport-cause"), "internal");
  EXPECT_EQ(graves[0].find("sallyport-stage"), "main.ask");
  EXPECT_TRUE(d.stage_state("main", "ask").empty());
  EXPECT_EQ(d.counts("main").dead["internal"], 1U);
  EXPECT_EQ(d.counts("main").discarded["unwanted"], 1U);
}

TEST(driver, a_record_published_to_a_name_that_the_topology_does_not_have_is_rejected) {
  driver d{plan()};
  d.feed("in", {"a", "nowhere", {}, {}});
  d.advance(1min);
  EXPECT_EQ(d.counts("main").dead["internal"], 1U);
  EXPECT_TRUE(d.stage_state("main", "ask").empty());
}

TEST(driver, a_restart_at_any_moment_loses_nothing_and_repeats_calls_under_their_keys) {
  driver d{plan()};
  for (int i = 0; i < 20; ++i)
    d.feed("in", {"k" + std::to_string(i % 7), std::to_string(i), {}, {}});
  d.run();
  d.restart();
  d.advance(10s); // nobody answers yet
  d.restart();
  d.answer("peer", [](const made_call& c) {
    return scripted_answer{{200, {}, c.request.method == "GET" ? "seen" : "", "", false}, 3s};
  });
  for (int i = 0; i < 20; ++i) {
    d.advance(1s);
    d.restart();
  }
  d.advance(10min);
  EXPECT_EQ(d.counts("main").terms["done"], 20);
  EXPECT_EQ(d.topic("said").size(), 40U);
  std::map<std::string, std::string> request_of;
  std::size_t repeated = 0;
  for (const auto& c : d.calls()) {
    auto [at, fresh] = request_of.emplace(c.idempotency_key, c.request.path + c.request.body);
    EXPECT_EQ(at->second, c.request.path + c.request.body);
    repeated += fresh ? 0U : 1U;
  }
  EXPECT_EQ(request_of.size(), 40U);
  EXPECT_GT(repeated, 0U);
}

TEST(driver, tries_follow_the_policy_and_end_as_unknown) {
  driver d{plan(1)};
  d.answer("peer", [](const made_call& c) {
    if (c.request.method == "GET")
      return scripted_answer{{200, {}, "seen", "", false}, 0ms};
    return scripted_answer{{503, {}, "", "", false}, 0ms};
  });
  d.feed("in", {"a", "1", {}, {}});
  d.advance(1min);
  EXPECT_EQ(d.calls().size(), 5U); // one read, four tries of the write
  EXPECT_EQ(values(d.topic("said")).back(), "a=1 -> seen,503");
}

TEST(driver, outputs_and_state_do_not_show_where_batches_and_epochs_ended) {
  auto outcome = [](std::size_t batch, bool each) {
    driver d{plan(), {wall_time{1'600'000'000s}, batch, each}};
    d.answer("peer", [](const made_call& c) {
      auto slow = c.request.path.back() % 3;
      return scripted_answer{{200, {}, "seen", "", false}, slow * 700ms};
    });
    for (int i = 0; i < 100; ++i) {
      d.feed("in",
             {"k" + std::to_string(i % 9), i % 13 == 0 ? "throw" : std::to_string(i), {}, {}});
      if (i % 10 == 0)
        d.advance(1s);
    }
    d.advance(1min);
    EXPECT_EQ(d.counts("main").difference, 0);
    std::string all;
    for (const char* name : {"said", "graves"})
      for (const auto& r : d.topic(name))
        binary::put_record(all, r);
    for (const auto& [key, value] : d.state().dump(family::state))
      all += key + value;
    for (const auto& c : d.calls())
      all += c.idempotency_key + c.request.path;
    return all;
  };
  auto whole = outcome(1024, false);
  EXPECT_EQ(outcome(1, false), whole);
  EXPECT_EQ(outcome(7, false), whole);
  EXPECT_EQ(outcome(1024, true), whole);
  EXPECT_EQ(outcome(1, true), whole);
}

} // namespace
} // namespace sallyport::testing
