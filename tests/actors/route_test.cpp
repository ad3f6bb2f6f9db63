#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

TEST(route, the_first_rule_that_is_met_decides) {
  auto h = harness_of("route", "rules:\n"
                               "  - { to: second, when: [{ field: /t, equals: A }] }\n"
                               "  - { to: first, when: [{ field: /t, in: [A, B] }] }\n"
                               "  - { to: third, when: [{ header: h, exists: true }] }\n");
  h.feed(record_of("1", R"({"t":"A"})"));
  h.feed(record_of("2", R"({"t":"B"})"));
  h.feed(record_of("3", R"({"t":"C"})", {{"h", ""}}));
  h.feed(record_of("4", R"({"t":"C"})"));
  h.feed(record_of("5", "{"));
  ASSERT_EQ(h.out("second").size(), 1u);
  EXPECT_EQ(h.out("second")[0].key, bytes("1"));
  ASSERT_EQ(h.out("first").size(), 1u);
  EXPECT_EQ(h.out("first")[0].key, bytes("2"));
  EXPECT_EQ(h.out("third").size(), 1u);
  EXPECT_EQ(h.out("other").size(), 1u);
  ASSERT_EQ(h.rejected().size(), 1u);
  EXPECT_EQ(cause_of(h.rejected()[0]), "invalid");
}

TEST(route, an_unknown_port_is_refused) {
  EXPECT_NE(complaints("route", "rules: [{ to: fourth, when: [] }]"), "");
}

} // namespace
} // namespace sallyport::actors_test
