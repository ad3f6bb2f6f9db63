#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> values_of(const std::vector<record>& records) {
  std::vector<std::string> all;
  for (const auto& r : records)
    all.push_back(r.value.str());
  return all;
}

record event(std::string_view key, std::string_view kind, std::string_view value) {
  return record_of(key, value, {{"kind", std::string{kind}}});
}

using texts = std::vector<std::string>;

TEST(hold_back, a_record_goes_on_after_its_time_even_if_all_restarts_meanwhile) {
  auto h = harness_of("hold_back", "for: 15m");
  h.feed(record_of("k", "a", {{"h", "v"}}));
  EXPECT_EQ(h.count_of(term::held), 1u);
  h.advance(14min);
  h.restart();
  EXPECT_TRUE(h.out().empty());
  h.advance(1min);
  ASSERT_EQ(h.out().size(), 1u);
  EXPECT_EQ(h.out()[0], record_of("k", "a", {{"h", "v"}}));
  EXPECT_EQ(h.count_of(term::held), 0u);
  EXPECT_TRUE(h.state().empty());
  EXPECT_TRUE(h.timers().empty());
}

TEST(hold_back, of_each_class_the_newest_goes_on_in_the_order_of_classes) {
  auto h = harness_of("hold_back", "for: 15m\nclass_header: kind\norder: [B, A]");
  h.restart_before_each_input();
  h.feed({event("k", "A", "a1"), event("k", "X", "x1"), event("k", "B", "b1"),
          event("k", "A", "a2"), event("k", "W", "w1"), event("other", "A", "o1")});
  EXPECT_EQ(h.count_of(term::superseded), 1u);
  EXPECT_EQ(h.count_of(term::held), 5u);
  h.advance(15min);
  EXPECT_EQ(values_of(h.out()), (texts{"b1", "a2", "x1", "w1", "o1"}));
}

TEST(hold_back, without_a_class_only_the_newest_of_a_key_goes_on) {
  auto h = harness_of("hold_back", "for: 1s\nsuperseded_to: losers");
  h.feed({record_of("k", "1"), record_of("k", "2"), record_of("k", "3")});
  h.advance(1s);
  EXPECT_EQ(values_of(h.out()), texts{"3"});
  EXPECT_EQ(values_of(h.published("losers")), (texts{"1", "2"}));
  EXPECT_EQ(h.count_of(term::superseded), 2u);
}

TEST(hold_back, a_field_can_say_which_record_is_newer) {
  auto h = harness_of("hold_back", "for: 1m\nclass: /c\nnewest_by: /n");
  h.restart_before_each_input();
  h.feed({record_of("k", R"({"c":"t","n":"2024-02-01T10:00"})"),
          record_of("k", R"({"c":"t","n":"2024-01-31T10:00"})"),
          record_of("k", R"({"c":"n","n":10})"), record_of("k", R"({"c":"n","n":9})"),
          record_of("k", R"({"c":"d","n":1.5})"), record_of("k", R"({"c":"d","n":1.25})"),
          record_of("k", R"({"c":"e","n":1,"v":1})"), record_of("k", R"({"c":"e","n":1,"v":2})"),
          record_of("k", R"({"c":"m","n":5})"), record_of("k", R"({"c":"m"})")});
  EXPECT_EQ(h.count_of(term::superseded), 5u);
  h.advance(1min);
  EXPECT_EQ(values_of(h.out()),
            (texts{R"({"c":"t","n":"2024-02-01T10:00"})", R"({"c":"n","n":10})",
                   R"({"c":"d","n":1.5})", R"({"c":"e","n":1,"v":2})", R"({"c":"m"})"}));
}

TEST(hold_back, counted_from_the_oldest_a_later_arrival_changes_nothing) {
  auto h = harness_of("hold_back", "for: 15m");
  h.feed(record_of("k", "1"));
  h.advance(14min);
  h.feed(record_of("k", "2"));
  h.advance(1min);
  EXPECT_EQ(values_of(h.out()), texts{"2"});
}

TEST(hold_back, counted_from_the_latest_each_arrival_starts_the_time_anew_up_to_the_bound) {
  auto h = harness_of("hold_back", "for: 15m\nfrom: latest\nat_most: 30m");
  h.restart_before_each_input();
  h.feed(record_of("k", "0"));
  for (int i = 1; i <= 2; ++i) {
    h.advance(14min);
    h.feed(record_of("k", std::to_string(i)));
    EXPECT_TRUE(h.out().empty());
  }
  h.advance(2min - 1ms);
  EXPECT_TRUE(h.out().empty());
  h.advance(1ms);
  EXPECT_EQ(values_of(h.out()), texts{"2"});
  h.feed(record_of("k", "3"));
  h.advance(15min);
  EXPECT_EQ(values_of(h.out()), (texts{"2", "3"}));
}

TEST(hold_back, after_a_standstill_all_that_is_due_goes_on_at_once) {
  auto h = harness_of("hold_back", "for: 15m");
  h.feed({record_of("a", "1"), record_of("b", "2")});
  h.restart();
  h.jump(48h);
  EXPECT_EQ(values_of(h.out()), (texts{"1", "2"}));
}

TEST(hold_back, no_time_means_no_hold) {
  auto h = harness_of("hold_back", "for: 0s");
  h.feed(record_of("k", "1"));
  EXPECT_EQ(h.out().size(), 1u);
  EXPECT_TRUE(h.state().empty());
}

TEST(hold_back, what_it_cannot_place_is_rejected) {
  auto h = harness_of("hold_back", "for: 1m\nclass: /c");
  h.feed(keyless("{}"));
  h.feed(record_of("k", "{"));
  ASSERT_EQ(h.rejected().size(), 2u);
  EXPECT_EQ(cause_of(h.rejected()[0]), "no_key");
  EXPECT_EQ(cause_of(h.rejected()[1]), "invalid");
}

TEST(hold_back, a_tombstone_is_held_like_any_record) {
  auto h = harness_of("hold_back", "for: 1m\nclass: /c\nnewest_by: /n");
  h.feed(tombstone("k"));
  h.advance(1min);
  ASSERT_EQ(h.out().size(), 1u);
  EXPECT_TRUE(h.out()[0].value.is_null());
}

TEST(hold_back, a_bound_that_makes_no_sense_is_refused) {
  EXPECT_NE(complaints("hold_back", "for: 15m\nat_most: 30m"), "");
  EXPECT_NE(complaints("hold_back", "for: 15m\nfrom: latest\nat_most: 10m"), "");
  EXPECT_NE(complaints("hold_back", "for: 15m\nclass: /a\nclass_header: b"), "");
}

} // namespace
} // namespace sallyport::actors_test
