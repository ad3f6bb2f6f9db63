#include "engine/time/backoff.hpp"

#include "engine/time/zone.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <set>
#include <vector>

namespace sallyport {
namespace {

using namespace std::chrono_literals;

call_policy policy(double jitter) {
  call_policy p;
  p.backoff_initial = 500ms;
  p.backoff_max = 5s;
  p.backoff_factor = 2;
  p.jitter = jitter;
  return p;
}

TEST(backoff, without_jitter_it_doubles_up_to_the_most) {
  auto p = policy(0);
  EXPECT_EQ(backoff(p, 0, 1), 0ms);
  EXPECT_EQ(backoff(p, 1, 1), 500ms);
  EXPECT_EQ(backoff(p, 2, 1), 1s);
  EXPECT_EQ(backoff(p, 3, 1), 2s);
  EXPECT_EQ(backoff(p, 4, 1), 4s);
  EXPECT_EQ(backoff(p, 5, 1), 5s);
  EXPECT_EQ(backoff(p, std::numeric_limits<std::uint32_t>::max(), 1), 5s);
}

TEST(backoff, the_same_seed_gives_the_same_pause) {
  auto p = policy(0.3);
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    for (std::uint32_t tries = 1; tries < 8; ++tries)
      EXPECT_EQ(backoff(p, tries, seed), backoff(p, tries, seed));
  // A replay by a later build must find the pauses of an earlier one.
  EXPECT_EQ(backoff(p, 1, 42), 353ms);
  EXPECT_EQ(backoff(p, 3, 42), 1751ms);
}

TEST(backoff, jitter_takes_off_its_part_at_most_and_spreads) {
  auto p = policy(0.3);
  std::set<duration> seen;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    auto pause = backoff(p, 2, seed);
    EXPECT_GE(pause, 700ms);
    EXPECT_LE(pause, 1s);
    seen.insert(pause);
  }
  EXPECT_GT(seen.size(), 200U);
  EXPECT_LT(*seen.begin(), 715ms);
  EXPECT_GT(*seen.rbegin(), 985ms);
}

TEST(backoff, tries_of_one_call_draw_different_lots) {
  auto p = policy(1);
  p.backoff_factor = 1;
  std::set<duration> seen;
  for (std::uint32_t tries = 1; tries <= 50; ++tries)
    seen.insert(backoff(p, tries, 7));
  EXPECT_GT(seen.size(), 35U);
}

TEST(backoff, it_stays_in_bounds_whatever_the_policy_says) {
  auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 lot{seed};
  constexpr auto huge = std::numeric_limits<double>::infinity();
  const std::vector<double> numbers{
    -1, 0, 0.3, 1, 1.0000001, 2, 1e300, huge, std::numeric_limits<double>::quiet_NaN()};
  const std::vector<duration> pauses{duration::min(), -1ms, 0ms, 1ms, 5s, duration::max()};
  for (auto factor : numbers)
    for (auto jitter : numbers)
      for (auto first : pauses)
        for (auto most : pauses) {
          call_policy p;
          p.backoff_factor = factor;
          p.jitter = jitter;
          p.backoff_initial = first;
          p.backoff_max = most;
          auto pause = backoff(p, static_cast<std::uint32_t>(lot()), lot());
          EXPECT_GE(pause, 0ms) << "seed " << seed;
          EXPECT_LE(pause, std::max(most, duration{0})) << "seed " << seed;
        }
}

const wall_time now = *parse_offset_datetime("2026-11-21T12:00:00Z");

TEST(retry_after, seconds_are_read) {
  EXPECT_EQ(parse_retry_after("120", now), 120s);
  EXPECT_EQ(parse_retry_after("0", now), 0s);
  EXPECT_EQ(parse_retry_after(" 7\t", now), 7s);
}

TEST(retry_after, a_very_long_time_is_bounded) {
  EXPECT_EQ(parse_retry_after("99999999999999999999999999999", now), retry_after_max);
  EXPECT_EQ(parse_retry_after("Fri, 21 Nov 2036 12:00:00 GMT", now), retry_after_max);
}

TEST(retry_after, all_three_forms_of_dates_are_read) {
  EXPECT_EQ(parse_retry_after("Sat, 21 Nov 2026 12:01:30 GMT", now), 90s);
  EXPECT_EQ(parse_retry_after("Saturday, 21-Nov-26 12:01:30 GMT", now), 90s);
  EXPECT_EQ(parse_retry_after("Sat Nov 21 12:01:30 2026", now), 90s);
  EXPECT_EQ(parse_retry_after("Tue Dec  1 12:00:00 2026", now), 240h);
}

TEST(retry_after, a_date_that_has_passed_means_at_once) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 0s);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), 0s);
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", now), 0s);
}

TEST(retry_after, anything_else_is_nothing) {
  for (auto text : {"", " ", "-1", "1.5", "soon", "12s", "Sat, 21 Nov 2026 12:01:30",
                    "21 Nov 2026 12:01:30 GMT", "Sat, 31 Feb 2026 12:01:30 GMT",
                    "Sat, 21 Nov 2026 25:01:30 GMT", "Sat, 21 Nov 2026 12:01:30 GMT!",
                    "Sat, 21 Nov 2026 12:01:30 CET", "2026-11-21T12:01:30Z",
                    "Xyz, 21 Nov 2026 12:01:30 GMT", "Sat, 21 Xyz 2026 12:01:30 GMT",
                    "Saturday, 21-Nov-2026 12:01:30 GMT", "Sat", "Sat,", "Sat "})
    EXPECT_FALSE(parse_retry_after(text, now)) << text;
}

} // namespace
} // namespace sallyport
