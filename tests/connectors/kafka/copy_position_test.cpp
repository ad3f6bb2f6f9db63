#include "connectors/kafka/copy_position.hpp"

#include <gtest/gtest.h>

namespace sallyport::kafka {
namespace {

using namespace std::chrono_literals;

const wall_time now{std::chrono::hours{1'000'000}};
constexpr duration week = std::chrono::hours{7 * 24};

copy_position of(std::int64_t next, duration age) { return {"same", next, now - age}; }

std::optional<std::string> why_not(const copy_position& copy) {
  return why_not_usable(copy, "same", 100, 200, week, now);
}

TEST(copy_position, a_copy_between_begin_and_end_can_be_brought_up_to_date) {
  EXPECT_EQ(why_not(of(100, 0h)), std::nullopt);
  EXPECT_EQ(why_not(of(150, 72h)), std::nullopt);
  EXPECT_EQ(why_not(of(200, 0h)), std::nullopt);
}

TEST(copy_position, a_copy_that_is_older_than_deletions_are_kept_is_not_used) {
  EXPECT_EQ(why_not(of(150, 96h)), "it is older than the changelog remembers deletions");
}

TEST(copy_position, a_copy_that_lacks_nothing_may_be_of_any_age) {
  EXPECT_EQ(why_not(of(200, 10'000h)), std::nullopt);
}

TEST(copy_position, a_copy_outside_of_the_changelog_or_of_another_one_is_not_used) {
  EXPECT_EQ(why_not(of(99, 0h)), "the changelog begins later");
  EXPECT_EQ(why_not(of(201, 0h)), "the changelog ends earlier");
  EXPECT_EQ(why_not_usable(of(150, 0h), "other", 100, 200, week, now),
            "it is of another changelog");
}

TEST(copy_position, and_owner_come_back_from_their_rows) {
  const auto copy = of(1234, 5ms);
  EXPECT_EQ(decode_copy_position(encode(copy)), copy);
  EXPECT_EQ(decode_copy_position("what"), std::nullopt);
  const auto owner = decode_lane_owner(encode(lane_owner{"one", true}));
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->instance, "one");
  EXPECT_TRUE(owner->handed_over);
}

} // namespace
} // namespace sallyport::kafka
