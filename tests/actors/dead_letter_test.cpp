#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::actors_test {
namespace {

TEST(dead_letter, the_headers_of_a_reject_are_kept_and_the_time_is_added) {
  auto h = harness_of("dead_letter", "to: dead-letters");
  h.feed(record_of("k", "v",
                   {{"own", "1"},
                    {"sallyport-cause", "invalid"},
                    {"sallyport-detail", "/a: missing"},
                    {"sallyport-stage", "form"},
                    {"sallyport-source", "events/2/17"}}));
  ASSERT_EQ(h.published("dead-letters").size(), 1u);
  const auto& dead = h.published("dead-letters")[0];
  EXPECT_EQ(dead.key, bytes("k"));
  EXPECT_EQ(dead.value, bytes("v"));
  EXPECT_EQ(dead.find("own"), "1");
  EXPECT_EQ(dead.find("sallyport-cause"), "invalid");
  EXPECT_EQ(dead.find("sallyport-detail"), "/a: missing");
  EXPECT_EQ(dead.find("sallyport-stage"), "form");
  EXPECT_EQ(dead.find("sallyport-source"), "events/2/17");
  EXPECT_EQ(dead.find("sallyport-dead-at"), "2024-03-01T12:00:00.000Z");
  EXPECT_EQ(h.finished(term::dead, "invalid"), 1u);
}

TEST(dead_letter, a_record_without_a_cause_gets_the_one_of_the_stage) {
  auto h = harness_of("dead_letter", "to: d\ncause: given_up");
  h.feed(record_of("k", "v"));
  EXPECT_EQ(h.published("d")[0].find("sallyport-cause"), "given_up");
  EXPECT_EQ(h.finished(term::dead, "given_up"), 1u);
}

TEST(dead_letter, a_record_that_dies_again_has_one_time_of_death) {
  auto h = harness_of("dead_letter", "to: d");
  h.feed(record_of("k", "v", {{"sallyport-dead-at", "2020-01-01T00:00:00.000Z"}}));
  const auto& headers = h.published("d")[0].headers;
  EXPECT_EQ(std::ranges::count(headers, "sallyport-dead-at", &header::name), 1);
  EXPECT_EQ(h.published("d")[0].find("sallyport-dead-at"), "2024-03-01T12:00:00.000Z");
}

} // namespace
} // namespace sallyport::actors_test
