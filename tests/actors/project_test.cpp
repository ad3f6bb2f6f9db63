#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

TEST(project, the_new_object_has_the_named_fields_in_the_stated_order) {
  auto h = harness_of("project", "fields: { second: /b, first: /a/0, \"q\\\"\": /c }");
  h.feed(record_of("k", R"({"a":[ {"x" : 1} ],"b":"t\u00e9","c":null,"d":1})", {{"h", "v"}}));
  ASSERT_EQ(h.out().size(), 1u);
  EXPECT_EQ(h.out()[0].value, bytes(R"({"second":"t\u00e9","first":{"x" : 1},"q\"":null})"));
  EXPECT_EQ(h.out()[0].key, bytes("k"));
  EXPECT_EQ(h.out()[0].find("h"), "v");
}

TEST(project, a_missing_field_is_left_out_or_null_or_a_reject) {
  const auto* value = R"({"a":1})";
  auto omit = harness_of("project", "fields: { z: /z, a: /a }");
  omit.feed(record_of("k", value));
  EXPECT_EQ(omit.out()[0].value, bytes(R"({"a":1})"));
  auto null = harness_of("project", "fields: { z: /z, a: /a }\nmissing: \"null\"");
  null.feed(record_of("k", value));
  EXPECT_EQ(null.out()[0].value, bytes(R"({"z":null,"a":1})"));
  auto reject = harness_of("project", "fields: { z: /z, a: /a }\nmissing: reject");
  reject.feed(record_of("k", value));
  ASSERT_EQ(reject.rejected().size(), 1u);
  EXPECT_EQ(detail_of(reject.rejected()[0]), "/z: missing");
  EXPECT_EQ(reject.rejected()[0].value, bytes(value));
}

TEST(project, nothing_found_gives_an_empty_object_and_a_tombstone_stays_one) {
  auto h = harness_of("project", "fields: { z: /z }");
  h.feed(record_of("k", "{}"));
  h.feed(tombstone("k"));
  ASSERT_EQ(h.out().size(), 2u);
  EXPECT_EQ(h.out()[0].value, bytes("{}"));
  EXPECT_TRUE(h.out()[1].value.is_null());
}

TEST(project, what_is_no_json_is_rejected) {
  auto h = harness_of("project", "fields: { z: /z }");
  h.feed(record_of("k", "{\"z\":"));
  ASSERT_EQ(h.rejected().size(), 1u);
  EXPECT_EQ(cause_of(h.rejected()[0]), "invalid");
}

} // namespace
} // namespace sallyport::actors_test
