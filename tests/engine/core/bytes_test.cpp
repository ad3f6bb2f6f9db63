#include "engine/core/bytes.hpp"
#include "engine/core/record.hpp"

#include <gtest/gtest.h>
#include <sstream>

namespace sallyport {
namespace {

TEST(bytes_value, null_differs_from_empty) {
  bytes null;
  bytes empty{""};
  EXPECT_TRUE(null.is_null());
  EXPECT_TRUE(null.empty());
  EXPECT_FALSE(empty.is_null());
  EXPECT_TRUE(empty.empty());
  EXPECT_NE(null, empty);
  EXPECT_EQ(null, bytes{});
}

TEST(bytes_value, a_view_of_nothing_with_an_owner_is_empty_and_not_null) {
  EXPECT_FALSE((bytes{std::make_shared<int>(1), std::string_view{}}).is_null());
  EXPECT_FALSE(bytes{std::string_view{}}.is_null());
}

TEST(bytes_value, zeros_are_bytes_like_others) {
  std::string text{"a\0b", 3};
  bytes value{text};
  EXPECT_EQ(value.size(), 3U);
  EXPECT_EQ(value.str(), text);
}

TEST(bytes_value, copies_share_the_memory) {
  bytes first{std::string(100, 'x')};
  auto second = first;
  EXPECT_EQ(first.data(), second.data());
  first = bytes{"another"};
  EXPECT_EQ(second.view(), std::string(100, 'x'));
}

TEST(bytes_value, it_keeps_its_owner_alive) {
  auto owner = std::make_shared<const std::string>("a batch of the log");
  std::weak_ptr<const std::string> watch = owner;
  bytes value{owner, std::string_view{*owner}.substr(2, 5)};
  owner.reset();
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(value.view(), "batch");
  value = bytes{};
  EXPECT_TRUE(watch.expired());
}

TEST(bytes_value, short_text_survives_its_source) {
  bytes value;
  {
    std::string text{"short"};
    value = bytes{text};
  }
  EXPECT_EQ(value.view(), "short");
}

TEST(bytes_value, it_is_shown) {
  std::ostringstream out;
  out << bytes{} << ' ' << bytes{"text"};
  EXPECT_EQ(out.str(), "(null) text");
}

TEST(record_headers, the_last_of_a_name_counts) {
  record r;
  r.headers = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(r.find("a"), "3");
  EXPECT_EQ(r.find("b"), "2");
  EXPECT_FALSE(r.find("c"));
}

TEST(record_headers, setting_one_replaces_all_of_its_name) {
  record r;
  r.headers = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  r.set("a", "4");
  EXPECT_EQ(r.headers, (header_list{{"b", "2"}, {"a", "4"}}));
}

} // namespace
} // namespace sallyport
