#include "engine/time/duration.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace sallyport {
namespace {

std::string refused(std::string_view text) {
  auto read = parse_duration(text);
  return read ? "" : read.error().what;
}

TEST(duration_text, reads_each_unit_and_their_sums) {
  EXPECT_EQ(parse_duration("250ms"), duration{250});
  EXPECT_EQ(parse_duration("2s"), duration{2'000});
  EXPECT_EQ(parse_duration("15m"), duration{900'000});
  EXPECT_EQ(parse_duration("1h30m"), duration{5'400'000});
  EXPECT_EQ(parse_duration("30d"), duration{30LL * 86'400'000});
  EXPECT_EQ(parse_duration("0s"), duration{0});
}

TEST(duration_text, a_number_without_a_unit_names_the_units) {
  EXPECT_EQ(refused("15"), "'15' has no unit; write ms, s, m, h or d, as 15s");
  EXPECT_EQ(refused("1h30"), "'1h30' has no unit; write ms, s, m, h or d, as 30s");
}

TEST(duration_text, what_is_no_duration_is_refused) {
  for (const char* text : {"", "m", "-1s", "1.5h", "1 h", "30m1h", "1h1h", "1w", "1S", " 1s"})
    EXPECT_NE(refused(text), "") << text;
  EXPECT_NE(refused("9223372036854775808ms"), "");
  EXPECT_NE(refused("106751991168d"), "");
  EXPECT_NE(refused("106751991167d24h"), "");
}

TEST(duration_text, what_is_written_reads_as_the_same) {
  for (std::int64_t ms :
       std::initializer_list<std::int64_t>{0, 1, 999, 1'000, 1'001, 60'000, 3'661'001, 86'400'000,
                                           90'061'001, std::numeric_limits<std::int64_t>::max()})
    EXPECT_EQ(parse_duration(format_duration(duration{ms})), duration{ms}) << ms;
  EXPECT_EQ(format_duration(duration{5'400'000}), "1h30m");
  EXPECT_EQ(format_duration(duration{-1'500}), "-1s500ms");
}

TEST(size_text, reads_each_unit_and_refuses_the_rest) {
  EXPECT_EQ(parse_size("12B"), 12U);
  EXPECT_EQ(parse_size("512KiB"), 512U << 10U);
  EXPECT_EQ(parse_size("4GiB"), 4ULL << 30U);
  EXPECT_EQ(parse_size("0B"), 0U);
  for (const char* text : {"", "12", "12KB", "-1B", "1.5GiB", "1GiB1MiB", "16777216TiB"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(size_text, what_is_written_reads_as_the_same) {
  for (std::uint64_t bytes : std::initializer_list<std::uint64_t>{
         0, 1, 1'023, 1'024, 1'536, 1ULL << 40U, std::numeric_limits<std::uint64_t>::max()})
    EXPECT_EQ(parse_size(format_size(bytes)), bytes) << bytes;
  EXPECT_EQ(format_size(1'536), "1536B");
  EXPECT_EQ(format_size(16U << 20U), "16MiB");
}

} // namespace
} // namespace sallyport
