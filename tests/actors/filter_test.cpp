#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

TEST(filter, what_meets_all_conditions_goes_on_and_the_rest_is_discarded) {
  auto h = harness_of("filter", "when:\n"
                                "  - { field: /type, in: [A, B] }\n"
                                "  - { header: test, exists: false }\n"
                                "reason: other\n");
  h.feed(record_of("1", R"({"type":"A"})"));
  h.feed(record_of("2", R"({"type":"C"})"));
  h.feed(record_of("3", R"({"type":"B"})", {{"test", "x"}}));
  h.feed(record_of("4", R"({})"));
  ASSERT_EQ(h.out().size(), 1u);
  EXPECT_EQ(h.out()[0].key, bytes("1"));
  EXPECT_EQ(h.finished(term::discarded, "other"), 3u);
}

TEST(filter, not_turns_a_condition_round) {
  auto h = harness_of("filter", "when: [{ header: kind, equals: A, not: true }]");
  h.feed(record_of("1", "", {{"kind", "A"}}));
  h.feed(record_of("2", "", {{"kind", "B"}}));
  h.feed(record_of("3", ""));
  EXPECT_EQ(h.out().size(), 2u);
  EXPECT_EQ(h.finished(term::discarded, "filtered"), 1u);
}

TEST(filter, numbers_and_booleans_compare_as_written_and_null_is_absent) {
  auto h = harness_of("filter", "when:\n"
                                "  - { field: /n, equals: \"5\" }\n"
                                "  - { field: /b, equals: \"true\" }\n"
                                "  - { field: /z, exists: false }\n");
  h.feed(record_of("1", R"({"n":5,"b":true,"z":null})"));
  h.feed(record_of("2", R"({"n":"5","b":true})"));
  h.feed(record_of("3", R"({"n":5.0,"b":true})"));
  EXPECT_EQ(h.out().size(), 2u);
}

TEST(filter, a_value_that_is_no_json_is_rejected_only_when_it_must_be_read) {
  auto by_field = harness_of("filter", "when: [{ field: /a, exists: true }]");
  by_field.feed(record_of("1", "no json"));
  ASSERT_EQ(by_field.rejected().size(), 1u);
  EXPECT_EQ(cause_of(by_field.rejected()[0]), "invalid");
  EXPECT_EQ(by_field.rejected()[0].value, bytes("no json"));
  by_field.feed(tombstone("k"));
  EXPECT_EQ(by_field.finished(term::discarded, "filtered"), 1u);

  auto by_header = harness_of("filter", "when: [{ header: a, exists: true }]");
  by_header.feed(record_of("1", "no json", {{"a", ""}}));
  EXPECT_EQ(by_header.out().size(), 1u);
}

TEST(filter, a_condition_with_two_sources_or_tests_is_refused) {
  EXPECT_NE(complaints("filter", "when: [{ header: a, field: /a, equals: x }]"), "");
  EXPECT_NE(complaints("filter", "when: [{ equals: x }]"), "");
  EXPECT_NE(complaints("filter", "when: [{ header: a }]"), "");
  EXPECT_NE(complaints("filter", "when: [{ header: a, equals: x, exists: true }]"), "");
  EXPECT_NE(complaints("filter", "when: [{ field: a, equals: x }]"), "");
  EXPECT_EQ(complaints("filter", "when: [{ header: a, equals: x }]"), "");
}

} // namespace
} // namespace sallyport::actors_test
