#include "tests/actors/support.hpp"

#include "engine/time/zone.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

using namespace std::chrono_literals;

/// Fails as the record says: `fail N` is rejected N times, `throw N` throws N times after it has
/// done all that an operator can do, `later` is held for a minute and rejected then, `other` leaves
/// by another port, all else goes on.
class flaky final : public operator_base {
public:
  verdict process(record&& r, context& ctx) override {
    const auto value = r.value.str();
    const auto tries = count_try(r, ctx);
    const auto wanted = value.size() > 2 ? value.back() - '0' : 0;
    if (value.starts_with("fail") && tries <= wanted) {
      r.value = "spoilt";
      return verdict::reject(std::move(r), "flaky");
    }
    if (value.starts_with("throw") && failing < wanted) {
      ++failing;
      ctx.state().erase("tries/" + r.key.str());
      ctx.emit("out", r);
      ctx.publish("side", r);
      ctx.timer_set("never", ctx.now());
      throw std::runtime_error("flaky");
    }
    if (value == "later" && tries == 1) {
      ctx.state().put("held/" + r.key.str(), r.find("sallyport-retry") ? "again" : "first");
      ctx.timer_set(r.key.view(), ctx.now() + 1min, r.key.str());
      return verdict::held();
    }
    if (value == "other")
      return verdict::forward(std::move(r), "other");
    if (value == "discard")
      return verdict::discard("flaky");
    ctx.emit("out", record_of("beside", value));
    return verdict::forward(std::move(r));
  }

  void on_timer(const timer& fired, context& ctx) override {
    std::size_t rows = 0;
    ctx.state().put("held/~", "own");
    ctx.state().scan("held/", [&](std::string_view key, std::string_view) {
      EXPECT_TRUE(key.starts_with("held/"));
      ++rows;
      return true;
    });
    EXPECT_EQ(rows, 2u);
    ctx.state().erase("held/" + fired.name);
    ctx.state().erase("held/~");
    EXPECT_FALSE(ctx.state().get("held/" + fired.name));
    ctx.settle(term::held, verdict::reject(record_of(fired.payload, "later"), "late"));
  }

  static inline int failing = 0;

private:
  static int count_try(const record& r, context& ctx) {
    const auto row = "tries/" + r.key.str();
    const int tries = std::stoi(ctx.state().get(row).value_or("0")) + 1;
    ctx.state().put(row, std::to_string(tries));
    EXPECT_EQ(ctx.state().get(row), std::to_string(tries));
    return tries;
  }
};

operator_entry flaky_entry() {
  operator_entry entry;
  entry.spec = config::spec{"test.flaky"}.summary("Fails as the record says.");
  entry.outputs = {"out", "other"};
  entry.publishes = {"side"};
  entry.make = [](const config::params&) { return std::make_unique<flaky>(); };
  return entry;
}

SALLYPORT_OPERATOR(flaky, flaky_entry());

const std::string hourly = "of: { operator: test.flaky }\n"
                           "publishes: [side]\n"
                           "bands: [{ attempts: rest, cron: \"0 0 * * * *\" }]\n";

const wall_time quarter_past = start + 15min;

TEST(retry, a_rejected_record_is_tried_again_at_the_next_time_as_it_came_in) {
  auto h = harness_of("retry", hourly, quarter_past);
  h.restart_before_each_input();
  h.feed(record_of("k", "fail 2", {{"h", "v"}}));
  EXPECT_EQ(h.count_of(term::waiting), 1u);
  EXPECT_TRUE(h.rejected().empty());
  h.advance(45min - 1ms);
  EXPECT_EQ(h.state().at("of/tries/k"), "1");
  h.advance(1ms);
  EXPECT_EQ(h.state().at("of/tries/k"), "2");
  EXPECT_EQ(h.count_of(term::waiting), 1u);
  h.advance(1h);
  ASSERT_EQ(h.out().size(), 2u);
  EXPECT_EQ(h.out()[1], record_of("k", "fail 2", {{"h", "v"}}));
  EXPECT_EQ(h.count_of(term::waiting), 0u);
  EXPECT_TRUE(h.timers().empty());
  EXPECT_TRUE(h.failures().empty());
}

TEST(retry, what_does_not_fail_passes_through) {
  auto h = harness_of("retry", hourly);
  h.feed({record_of("a", "good"), record_of("b", "discard")});
  EXPECT_EQ(h.out().size(), 2u); // the record and the one beside it
  EXPECT_EQ(h.finished(term::discarded, "flaky"), 1u);
  EXPECT_TRUE(h.timers().empty());
}

TEST(retry, after_its_last_attempt_a_record_is_given_up_with_its_history) {
  auto h = harness_of("retry", hourly + "attempts_max: 3\n", quarter_past);
  h.restart_before_each_input();
  h.feed(record_of("k", "fail 9", {{"h", "v"}}));
  h.advance(1h);
  EXPECT_TRUE(h.out("given_up").empty());
  h.advance(1h);
  ASSERT_EQ(h.out("given_up").size(), 1u);
  EXPECT_EQ(h.out("given_up")[0], record_of("k", "fail 9",
                                            {{"h", "v"},
                                             {"retry-attempts", "3"},
                                             {"retry-first-failed-at", format_utc(quarter_past)},
                                             {"retry-last-cause", "flaky"}}));
  EXPECT_EQ(h.count_of(term::waiting), 0u);
  EXPECT_EQ(h.counter("retry_given_up", "limit"), 1u);
  EXPECT_TRUE(h.timers().empty());
}

TEST(retry, a_record_is_given_up_when_its_next_attempt_would_be_too_late) {
  auto h = harness_of("retry", hourly + "give_up_after: 2h\n", quarter_past);
  h.feed(record_of("k", "fail 9"));
  h.advance(1h); // 13:00, next 14:00
  EXPECT_EQ(h.count_of(term::waiting), 1u);
  h.advance(1h); // 14:00, the next would be 15:00, 2 h 45 after 12:15
  ASSERT_EQ(h.out("given_up").size(), 1u);
  EXPECT_EQ(h.out("given_up")[0].find("retry-attempts"), "3");
}

TEST(retry, when_the_bands_end_the_record_is_given_up) {
  auto h = harness_of("retry", "of: { operator: test.flaky }\npublishes: [side]\n"
                               "bands:\n"
                               "  - { attempts: 1, cron: \"0 * * * * *\" }\n"
                               "  - { attempts: 1, cron: \"0 0 0 * * *\" }\n");
  h.feed(record_of("k", "fail 9"));
  h.advance(1min);
  EXPECT_EQ(h.state().at("of/tries/k"), "2");
  h.advance(11h);
  EXPECT_EQ(h.state().at("of/tries/k"), "2");
  h.advance(1h);
  ASSERT_EQ(h.out("given_up").size(), 1u);
  EXPECT_EQ(h.out("given_up")[0].find("retry-attempts"), "3");
}

TEST(retry, a_history_that_a_record_brings_from_outside_does_not_count) {
  auto h = harness_of("retry", hourly + "attempts_max: 2\n");
  h.feed(record_of("k", "fail 1", {{"sallyport-retry", "77 0"}}));
  EXPECT_EQ(h.count_of(term::waiting), 1u);
  h.advance(1h);
  EXPECT_EQ(h.out().back(), record_of("k", "fail 1"));
}

TEST(retry, an_operator_that_throws_has_done_nothing_and_the_record_waits) {
  flaky::failing = 0;
  auto h = harness_of("retry", hourly, quarter_past);
  h.feed(record_of("k", "throw 2"));
  EXPECT_EQ(h.count_of(term::waiting), 1u);
  h.advance(1h);
  EXPECT_EQ(h.count_of(term::waiting), 1u);
  EXPECT_TRUE(h.out().empty());
  EXPECT_TRUE(h.published("side").empty());
  EXPECT_FALSE(h.state().contains("of/tries/k"));
  EXPECT_EQ(h.timers().size(), 1u);
  h.advance(1h);
  EXPECT_EQ(h.out().size(), 2u);
  EXPECT_EQ(h.count_of(term::waiting), 0u);
  EXPECT_TRUE(h.failures().empty());
}

TEST(retry, a_record_that_fails_after_it_was_held_waits_too) {
  auto h = harness_of("retry", hourly, quarter_past);
  h.restart_before_each_input();
  h.feed(record_of("k", "later"));
  EXPECT_EQ(h.count_of(term::held), 1u);
  h.advance(1min);
  EXPECT_EQ(h.count_of(term::held), 0u);
  EXPECT_EQ(h.count_of(term::waiting), 1u);
  h.advance(1h);
  ASSERT_EQ(h.out().size(), 2u);
  EXPECT_EQ(h.out()[1], record_of("k", "later"));
  EXPECT_TRUE(h.failures().empty());
}

TEST(retry, a_port_that_is_not_tried_again_is_given_up_at_once) {
  auto h = harness_of("retry", hourly);
  h.feed(record_of("k", "other"));
  ASSERT_EQ(h.out("given_up").size(), 1u);
  EXPECT_EQ(h.out("given_up")[0].find("retry-last-cause"), "other");
  EXPECT_EQ(h.out("given_up")[0].find("retry-attempts"), "1");
}

TEST(retry, records_that_are_due_together_go_in_the_order_they_failed) {
  auto h = harness_of("retry", hourly);
  for (int i = 0; i < 20; ++i)
    h.feed(record_of(std::to_string(i), "fail 1"));
  h.jump(1h);
  ASSERT_EQ(h.out().size(), 40u);
  for (std::size_t i = 0; i < 20; ++i)
    EXPECT_EQ(h.out()[2 * i + 1].key, bytes(std::to_string(i)));
}

constexpr auto calling = "of:\n"
                         "  operator: call\n"
                         "  with: { port: peer, path: \"/{key}\", method: PUT }\n"
                         "calls: [peer]\n"
                         "retry_on: [unknown]\n"
                         "bands: [{ attempts: rest, cron: \"0 0 * * * *\" }]\n"
                         "attempts_max: 3\n";

TEST(retry, a_call_without_an_answer_is_made_again_at_the_next_time) {
  auto h = harness_of("retry", calling);
  h.restart_before_each_input();
  int asked = 0;
  h.script([&](const call& c) {
    ++asked;
    if (c.request.path == "/refused")
      return call_answer{404, {}, "", {}, false};
    if (c.request.path == "/slow" && asked < 4)
      return call_answer{503, {}, "", {}, false};
    return call_answer{c.request.path == "/dead" ? 0 : 200, {}, "ok", {}, false};
  });
  h.feed(record_of("slow", "v"));
  EXPECT_EQ(h.count_of(term::waiting), 1u);
  h.feed(record_of("refused", "v"));
  ASSERT_EQ(h.out("given_up").size(), 1u);
  EXPECT_EQ(h.out("given_up")[0].find("reply-status"), "404");
  h.advance(2h);
  ASSERT_EQ(h.out().size(), 1u);
  EXPECT_EQ(h.out()[0], record_of("slow", "ok"));
  h.feed(record_of("dead", "v"));
  h.advance(2h);
  ASSERT_EQ(h.out("given_up").size(), 2u);
  EXPECT_EQ(h.out("given_up")[1].find("retry-attempts"), "3");
  EXPECT_EQ(h.out("given_up")[1].find("retry-last-cause"), "unknown");
  EXPECT_EQ(h.count_of(term::waiting), 0u);
  EXPECT_EQ(h.count_of(term::in_call), 0u);
  EXPECT_TRUE(h.failures().empty());
}

TEST(retry, mistakes_in_what_it_wraps_are_found) {
  const std::string bands = "bands: [{ attempts: rest, cron: \"0 0 * * * *\" }]\n";
  EXPECT_NE(complaints("retry", "of: { operator: cal }\n" + bands).find("'call'"),
            std::string::npos);
  EXPECT_NE(complaints("retry", "of: { operator: call }\n" + bands).find("port"),
            std::string::npos);
  const std::string of_call = "of: { operator: call, with: { port: p, path: /x } }\n";
  EXPECT_NE(complaints("retry", of_call + bands).find("calls: [p]"), std::string::npos);
  EXPECT_EQ(complaints("retry", of_call + "calls: [p]\n" + bands), "");
  EXPECT_NE(complaints("retry", of_call + "calls: [p]\nretry_on: [nowhere]\n" + bands), "");
  EXPECT_NE(complaints("retry", of_call + "calls: [p]\nretry_on: [out]\n" + bands), "");
  EXPECT_NE(
    complaints("retry", "of: { operator: filter, with: { when: [{ header: a }] } }\n" + bands), "");
  EXPECT_NE(complaints("retry", "of: { operator: test.flaky }\npublishes: [side]\n"
                                "bands: [{ attempts: 0, cron: \"0 0 * * * *\" }]"),
            "");
  EXPECT_NE(complaints("retry", "of: { operator: test.flaky }\npublishes: [side]\n"
                                "bands: [{ attempts: 1, cron: \"0 0 *\" }]"),
            "");
  EXPECT_NE(complaints("retry", "of: { operator: test.flaky }\npublishes: [side]\nbands: []"), "");
  EXPECT_NE(complaints("retry", hourly + "zone: Europe/Londn\n"), "");
  EXPECT_NE(complaints("retry", "of: { operator: test.flaky }\npublishes: [side]\n"
                                "bands: [{ attempts: rest, cron: \"0 0 * * * *\" }, "
                                "{ attempts: 1, cron: \"0 0 * * * *\" }]"),
            "");
}

} // namespace
} // namespace sallyport::actors_test
