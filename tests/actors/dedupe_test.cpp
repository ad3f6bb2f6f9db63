#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

using namespace std::chrono_literals;

TEST(dedupe, a_repeat_is_discarded_also_after_a_restart) {
  auto h = harness_of("dedupe", "id_header: MessageId\nfor: 1h");
  h.restart_before_each_input();
  h.feed(record_of("a", "1", {{"MessageId", "x"}}));
  h.feed(record_of("b", "2", {{"MessageId", "x"}}));
  h.feed(record_of("a", "1", {{"MessageId", "y"}}));
  EXPECT_EQ(h.out().size(), 2u);
  EXPECT_EQ(h.finished(term::discarded, "duplicate"), 1u);
}

TEST(dedupe, an_id_is_forgotten_exactly_after_its_time_and_a_repeat_does_not_prolong_it) {
  auto h = harness_of("dedupe", "for: 1h");
  h.feed(record_of("x", "1"));
  h.advance(30min);
  h.feed(record_of("x", "2"));
  h.advance(30min - 1ms);
  h.feed(record_of("x", "3"));
  EXPECT_EQ(h.out().size(), 1u);
  h.advance(1ms);
  h.feed(record_of("x", "4"));
  EXPECT_EQ(h.out().size(), 2u);
  EXPECT_EQ(h.finished(term::discarded, "duplicate"), 2u);
}

TEST(dedupe, the_state_is_empty_when_all_is_forgotten) {
  auto h = harness_of("dedupe", "for: 1h");
  h.restart_before_each_input();
  for (int i = 0; i < 2500; ++i)
    h.feed(record_of(std::to_string(i), "v"));
  h.advance(1h);
  h.feed(record_of("1", "v")); // stands in two buckets now
  EXPECT_LE(h.timers().size(), 2u);
  h.advance(30min);
  h.feed(record_of("1", "v"));
  EXPECT_EQ(h.finished(term::discarded, "duplicate"), 1u);
  EXPECT_EQ(h.out().size(), 2501u);
  h.advance(1h);
  EXPECT_TRUE(h.state().empty());
  EXPECT_TRUE(h.timers().empty());
}

TEST(dedupe, timers_are_few_however_many_ids_there_are) {
  auto h = harness_of("dedupe", "for: 16m");
  for (int i = 0; i < 1000; ++i) {
    h.feed(record_of(std::to_string(i), "v"));
    h.advance(1s);
  }
  EXPECT_LE(h.timers().size(), 18u);
}

TEST(dedupe, a_shorter_time_in_the_config_holds_for_what_is_kept_already) {
  const auto& entry = entry_of("dedupe");
  const auto longer = config::parse_params(entry.spec, "for: 30d").value();
  const auto shorter = config::parse_params(entry.spec, "for: 1h").value();
  bool changed = false;
  operator_harness h([&] { return entry.make(changed ? shorter : longer); }, start);
  h.feed(record_of("x", "1"));
  changed = true;
  h.restart();
  h.advance(2h);
  h.feed(record_of("x", "2"));
  EXPECT_EQ(h.out().size(), 2u);
  h.advance(40 * 24h);
  EXPECT_TRUE(h.state().empty());
}

TEST(dedupe, a_clock_that_was_set_back_forgets_nothing) {
  const auto& entry = entry_of("dedupe");
  const auto with = config::parse_params(entry.spec, "for: 1h").value();
  operator_harness h(entry, with, wall_time{-5s});
  h.feed(record_of("x", "1"));
  h.advance(10s);
  h.feed(record_of("x", "1"));
  EXPECT_EQ(h.finished(term::discarded, "duplicate"), 1u);
  h.jump(-1h);
  h.feed(record_of("x", "1"));
  EXPECT_EQ(h.finished(term::discarded, "duplicate"), 2u);
}

TEST(dedupe, a_record_without_an_id_is_rejected_or_passes) {
  auto reject = harness_of("dedupe", "id: /id\nfor: 1h");
  reject.feed(record_of("k", "{}"));
  reject.feed(record_of("k", "{"));
  ASSERT_EQ(reject.rejected().size(), 2u);
  EXPECT_EQ(cause_of(reject.rejected()[0]), "no_id");
  EXPECT_EQ(cause_of(reject.rejected()[1]), "invalid");
  auto pass = harness_of("dedupe", "for: 1h\nwithout_id: pass");
  pass.feed({keyless("1"), keyless("1")});
  EXPECT_EQ(pass.out().size(), 2u);
}

} // namespace
} // namespace sallyport::actors_test
