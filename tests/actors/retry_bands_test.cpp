#include "actors/retry_bands.hpp"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

wall_time at(std::string_view text) { return parse_offset_datetime(text).value(); }

retry_bands bands_of(bool with_rest) {
  std::vector<retry_bands::band> bands{{4, cron::parse("0 0 * * * *").value()},
                                       {6, cron::parse("0 15 */4 * * *").value()}};
  if (with_rest)
    bands.push_back({std::nullopt, cron::parse("0 30 23 * * *").value()});
  return {std::move(bands), zone::find("Europe/London").value()};
}

TEST(retry_bands, a_band_gives_its_attempts_before_the_next_takes_over) {
  const auto bands = bands_of(true);
  const auto after = at("2024-01-10T10:05:00Z");
  for (const std::uint32_t done : {1U, 2U, 3U, 4U})
    EXPECT_EQ(bands.next(done, after), at("2024-01-10T11:00:00Z")) << done;
  for (const std::uint32_t done : {5U, 10U})
    EXPECT_EQ(bands.next(done, after), at("2024-01-10T12:15:00Z")) << done;
  for (const std::uint32_t done : {11U, 1000U})
    EXPECT_EQ(bands.next(done, after), at("2024-01-10T23:30:00Z")) << done;
}

TEST(retry_bands, without_a_rest_the_attempts_end) {
  const auto bands = bands_of(false);
  EXPECT_TRUE(bands.next(10, at("2024-01-10T10:05:00Z")));
  EXPECT_FALSE(bands.next(11, at("2024-01-10T10:05:00Z")));
}

TEST(retry_bands, times_are_those_of_the_zone) {
  EXPECT_EQ(bands_of(true).next(11, at("2024-07-10T10:05:00Z")), at("2024-07-10T22:30:00Z"));
}

TEST(retry_bands, the_next_time_is_later_than_the_moment_itself) {
  EXPECT_EQ(bands_of(true).next(1, at("2024-01-10T10:00:00Z")), at("2024-01-10T11:00:00Z"));
}

} // namespace
} // namespace sallyport
