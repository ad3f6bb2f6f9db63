#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

TEST(key_by, a_record_is_published_under_the_key_that_its_value_has) {
  auto h = harness_of("key_by", "key: /bookingId\nto: bookings");
  h.feed(keyless(R"({"bookingId":1200835})", {{"h", "v"}}));
  h.feed(record_of("old", R"({"bookingId":"A\"1"})"));
  ASSERT_EQ(h.published("bookings").size(), 2u);
  EXPECT_EQ(h.published("bookings")[0].key, bytes("1200835"));
  EXPECT_EQ(h.published("bookings")[0].find("h"), "v");
  EXPECT_EQ(h.published("bookings")[1].key, bytes("A\"1"));
  EXPECT_EQ(h.count_of(term::done), 2u);
}

TEST(key_by, a_header_can_be_the_key) {
  auto h = harness_of("key_by", "key_header: id\nto: t");
  h.feed(keyless("no json", {{"id", "7"}}));
  ASSERT_EQ(h.published("t").size(), 1u);
  EXPECT_EQ(h.published("t")[0].key, bytes("7"));
}

TEST(key_by, a_record_without_the_key_is_rejected) {
  auto h = harness_of("key_by", "key: /id\nto: t");
  for (const auto* value : {"{}", R"({"id":null})", R"({"id":""})", "7"})
    h.feed(record_of("old", value));
  h.feed(tombstone("old"));
  h.feed(record_of("old", "{"));
  ASSERT_EQ(h.rejected().size(), 6u);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(cause_of(h.rejected()[i]), "no_key") << i;
  EXPECT_EQ(cause_of(h.rejected()[5]), "invalid");
  EXPECT_EQ(h.rejected()[0].key, bytes("old"));
  EXPECT_TRUE(h.published("t").empty());
}

TEST(key_by, it_must_be_told_where_the_key_stands) {
  EXPECT_NE(complaints("key_by", "to: t"), "");
  EXPECT_NE(complaints("key_by", "to: t\nkey: /a\nkey_header: b"), "");
}

} // namespace
} // namespace sallyport::actors_test
