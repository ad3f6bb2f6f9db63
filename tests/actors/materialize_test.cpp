#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

TEST(materialize, the_latest_value_of_each_key_is_kept_and_a_tombstone_removes_it) {
  auto h = harness_of("materialize", "{}");
  h.restart_before_each_input();
  h.feed({record_of("a", "1"), record_of("b", "2"), record_of("a", "3")});
  ASSERT_EQ(h.state().size(), 2u);
  EXPECT_NE(h.state().at("value/a").find('3'), std::string::npos);
  h.feed(tombstone("a"));
  EXPECT_EQ(h.state().size(), 1u);
  EXPECT_TRUE(h.state().contains("value/b"));
  EXPECT_EQ(h.out().size(), 4u);
}

TEST(materialize, what_changes_nothing_can_be_held_off) {
  auto h = harness_of("materialize", "unchanged: false");
  h.restart_before_each_input();
  h.feed({record_of("a", "1"), record_of("a", "1"), record_of("a", "2"), tombstone("a"),
          tombstone("a"), record_of("a", "")});
  EXPECT_EQ(h.out().size(), 4u);
  EXPECT_EQ(h.finished(term::discarded, "unchanged"), 2u);
}

TEST(materialize, a_record_without_a_key_is_rejected) {
  auto h = harness_of("materialize", "{}");
  h.feed(keyless("v"));
  ASSERT_EQ(h.rejected().size(), 1u);
  EXPECT_EQ(cause_of(h.rejected()[0]), "no_key");
}

} // namespace
} // namespace sallyport::actors_test
