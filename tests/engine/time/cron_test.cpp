#include "engine/time/cron.hpp"

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <random>
#include <stdexcept>
#include <vector>

namespace sallyport {
namespace {

using namespace std::chrono_literals;

zone zone_of(std::string_view name) {
  auto found = zone::find(name);
  EXPECT_TRUE(found) << found.error();
  return found ? *found : zone::utc();
}

cron cron_of(std::string_view text) {
  auto parsed = cron::parse(text);
  if (!parsed)
    throw std::runtime_error{parsed.error().what};
  return *parsed;
}

wall_time utc(std::string_view text) {
  auto parsed = parse_offset_datetime(text);
  if (!parsed)
    throw std::runtime_error{parsed.error().what};
  return *parsed;
}

/// The first `count` times after `after`, as UTC without seconds' fraction.
std::vector<std::string> times(std::string_view text, std::string_view after, int count,
                               std::string_view in = "Europe/London") {
  auto rule = cron_of(text);
  auto where = zone_of(in);
  std::vector<std::string> found;
  auto at = utc(after);
  for (int i = 0; i < count; ++i) {
    auto next = rule.next(at, where);
    if (!next) {
      found.emplace_back("none");
      break;
    }
    at = *next;
    found.push_back(format_offset(at, zone::utc()));
  }
  return found;
}

std::string mistake(std::string_view text) {
  auto parsed = cron::parse(text);
  return parsed ? "none" : parsed.error().what;
}

using texts = std::vector<std::string>;

// -- parsing --------------------------------------------------------------------------------------

TEST(cron_parse, five_fields_are_refused_with_the_mended_text) {
  EXPECT_EQ(mistake("*/10 * * * *"),
            "a cron has six fields (second minute hour day-of-month month day-of-week), this one "
            "has 5; did you mean '0 */10 * * * *'?");
}

TEST(cron_parse, the_mended_text_can_be_used) { EXPECT_TRUE(cron::parse("0 */10 * * * *")); }

TEST(cron_parse, another_number_of_fields_is_refused) {
  EXPECT_NE(mistake("").find("this one has 0"), std::string::npos);
  EXPECT_NE(mistake("* * * * * * *").find("this one has 7"), std::string::npos);
}

TEST(cron_parse, a_macro_is_refused_with_its_meaning) {
  EXPECT_EQ(mistake("@hourly"), "'@hourly' is not supported; write '0 0 * * * *'");
}

TEST(cron_parse, values_out_of_range_are_refused_by_field) {
  EXPECT_EQ(mistake("60 * * * * *"), "cron field second: '60' is not 0 to 59");
  EXPECT_EQ(mistake("0 60 * * * *"), "cron field minute: '60' is not 0 to 59");
  EXPECT_EQ(mistake("0 0 24 * * *"), "cron field hour: '24' is not 0 to 23");
  EXPECT_EQ(mistake("0 0 0 0 * *"), "cron field day-of-month: '0' is not 1 to 31");
  EXPECT_EQ(mistake("0 0 0 1 13 *"), "cron field month: '13' is not 1 to 12 or a name like FEB");
  EXPECT_EQ(mistake("0 0 0 * * 8"), "cron field day-of-week: '8' is not 0 to 7 or a name like MON");
}

TEST(cron_parse, rubbish_is_refused) {
  for (auto text : {"a * * * * *", "-1 * * * * *", "1- * * * * *", "-5 * * * * *", "1,,2 * * * * *",
                    ", * * * * *", "*/0 * * * * *", "*/ * * * * *", "*/x * * * * *", "/5 * * * * *",
                    "30-10 * * * * *", "* * * * JANUARY *", "* * * * * MONDAY", "? * * * * *",
                    "1/2/3 * * * * *", "99999999999 * * * * *", "+1 * * * * *", "** * * * * *",
                    "* * * * JAN-FEB-MAR *"})
    EXPECT_NE(mistake(text), "none") << text;
}

TEST(cron_parse, last_days_and_counted_weekdays_are_refused_clearly) {
  for (auto text : {"0 0 0 L * *", "0 0 0 15W * *", "0 0 0 * * 5L", "0 0 0 * * MON#2"})
    EXPECT_NE(mistake(text).find("L, W and # cannot be used"), std::string::npos) << mistake(text);
}

TEST(cron_parse, a_day_that_no_month_has_is_refused) {
  EXPECT_EQ(mistake("0 0 0 30 2 *"),
            "the cron '0 0 0 30 2 *' never fires: no month of it has such a day");
  EXPECT_EQ(mistake("0 0 0 31 4,6,9,11 *"),
            "the cron '0 0 0 31 4,6,9,11 *' never fires: no month of it has such a day");
}

TEST(cron_parse, blanks_between_fields_do_not_matter) {
  EXPECT_EQ(cron_of("  0\t0  * * * * ").text(), "0 0 * * * *");
}

TEST(cron_parse, random_text_never_breaks_the_parser) {
  auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 lot{seed};
  constexpr std::string_view letters = "0123456789*/-,?LW# JANMONSU\t@\xff";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    auto size = lot() % 24;
    for (unsigned j = 0; j < size; ++j)
      text += letters[lot() % letters.size()];
    if (auto parsed = cron::parse(text)) {
      auto again = cron::parse(parsed->text());
      ASSERT_TRUE(again) << "seed " << seed << ": " << text;
      EXPECT_TRUE(parsed->next(utc("2026-01-01T00:00:00Z"), zone::utc()))
        << "seed " << seed << text;
    }
  }
}

// -- times without a change of the clock ----------------------------------------------------------

TEST(cron_next, it_is_strictly_later) {
  EXPECT_EQ(times("0 0 * * * *", "2026-01-10T10:00:00Z", 2),
            (texts{"2026-01-10T11:00:00Z", "2026-01-10T12:00:00Z"}));
  EXPECT_EQ(times("0 0 * * * *", "2026-01-10T09:59:59.999Z", 1), (texts{"2026-01-10T10:00:00Z"}));
  EXPECT_EQ(times("0 0 * * * *", "2026-01-10T10:00:00.001Z", 1), (texts{"2026-01-10T11:00:00Z"}));
}

TEST(cron_next, lists_ranges_and_steps_are_followed) {
  EXPECT_EQ(times("0 0,30 9-10 * * *", "2026-01-10T08:00:00Z", 5),
            (texts{"2026-01-10T09:00:00Z", "2026-01-10T09:30:00Z", "2026-01-10T10:00:00Z",
                   "2026-01-10T10:30:00Z", "2026-01-11T09:00:00Z"}));
  EXPECT_EQ(times("5/20 0 0 * * *", "2026-01-10T00:00:00Z", 4),
            (texts{"2026-01-10T00:00:05Z", "2026-01-10T00:00:25Z", "2026-01-10T00:00:45Z",
                   "2026-01-11T00:00:05Z"}));
  EXPECT_EQ(times("0 0 9-17/4 * * *", "2026-01-10T00:00:00Z", 4),
            (texts{"2026-01-10T09:00:00Z", "2026-01-10T13:00:00Z", "2026-01-10T17:00:00Z",
                   "2026-01-11T09:00:00Z"}));
}

TEST(cron_next, names_of_months_and_weekdays_are_followed) {
  // 1 January 2026 is a Thursday.
  EXPECT_EQ(times("0 0 0 ? jan,FEB MON", "2026-01-20T00:00:00Z", 3),
            (texts{"2026-01-26T00:00:00Z", "2026-02-02T00:00:00Z", "2026-02-09T00:00:00Z"}));
  EXPECT_EQ(times("0 0 0 * * FRI-SUN", "2026-01-01T00:00:00Z", 4),
            (texts{"2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z",
                   "2026-01-09T00:00:00Z"}));
  EXPECT_EQ(times("0 0 0 * * SUN-MON", "2026-01-01T00:00:00Z", 2),
            (texts{"2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z"}));
}

TEST(cron_next, sunday_is_0_and_7) {
  EXPECT_EQ(times("0 0 0 * * 0", "2026-01-01T00:00:00Z", 2),
            times("0 0 0 * * 7", "2026-01-01T00:00:00Z", 2));
}

TEST(cron_next, a_step_of_weekdays_starts_on_monday) {
  EXPECT_EQ(times("0 0 0 * * */2", "2026-01-04T12:00:00Z", 5),
            times("0 0 0 * * MON,WED,FRI,SUN", "2026-01-04T12:00:00Z", 5));
}

TEST(cron_next, both_days_must_fit) {
  EXPECT_EQ(times("0 0 0 13 * FRI", "2026-01-01T00:00:00Z", 3),
            (texts{"2026-02-13T00:00:00Z", "2026-03-13T00:00:00Z", "2026-11-13T00:00:00Z"}));
}

TEST(cron_next, rare_days_are_found) {
  EXPECT_EQ(times("0 0 0 29 2 *", "2026-01-01T00:00:00Z", 2, "UTC"),
            (texts{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}));
  EXPECT_EQ(times("0 0 0 29 2 MON", "2072-03-01T00:00:00Z", 1, "UTC"),
            (texts{"2112-02-29T00:00:00Z"}));
  EXPECT_EQ(times("0 0 * 29 2 MON", "2072-03-01T00:00:00Z", 1), (texts{"2112-02-29T00:00:00Z"}));
  EXPECT_EQ(times("0 0 0 31 * *", "2026-01-31T00:00:00Z", 2),
            (texts{"2026-03-30T23:00:00Z", "2026-05-30T23:00:00Z"}));
}

TEST(cron_next, a_year_ends) {
  EXPECT_EQ(times("59 59 23 31 12 *", "2026-12-31T23:59:58Z", 2),
            (texts{"2026-12-31T23:59:59Z", "2027-12-31T23:59:59Z"}));
}

TEST(cron_next, times_outside_of_the_calendar_end_it) {
  auto rule = cron_of("0 0 * * * *");
  EXPECT_FALSE(rule.next(wall_time::max(), zone::utc()));
  EXPECT_TRUE(rule.next(wall_time::min(), zone::utc()));
  EXPECT_TRUE(cron_of("0 0 1 * * *").next(wall_time::min(), zone_of("Europe/London")));
}

// -- spring: on 29 March 2026 at 01:00 UTC London goes from 01:00 to 02:00 ------------------------

TEST(cron_in_spring, an_hourly_cron_fires_each_real_hour) {
  EXPECT_EQ(times("0 0 * * * *", "2026-03-28T23:00:00Z", 4),
            (texts{"2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z",
                   "2026-03-29T03:00:00Z"}));
  EXPECT_EQ(times("0 30 * * * *", "2026-03-29T00:00:00Z", 3),
            (texts{"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"}));
}

TEST(cron_in_spring, a_step_of_hours_follows_the_wall_clock) {
  // 00:15 GMT, 04:15 BST, 08:15 BST
  EXPECT_EQ(times("0 15 */4 * * *", "2026-03-28T20:15:00Z", 3),
            (texts{"2026-03-29T00:15:00Z", "2026-03-29T03:15:00Z", "2026-03-29T07:15:00Z"}));
}

TEST(cron_in_spring, a_daily_cron_in_the_evening_fires_once_a_day) {
  EXPECT_EQ(times("0 30 23 * * *", "2026-03-28T00:00:00Z", 3),
            (texts{"2026-03-28T23:30:00Z", "2026-03-29T22:30:00Z", "2026-03-30T22:30:00Z"}));
}

TEST(cron_in_spring, a_daily_time_that_is_skipped_fires_when_the_gap_ends) {
  EXPECT_EQ(times("0 30 1 * * *", "2026-03-28T00:00:00Z", 3),
            (texts{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}));
}

TEST(cron_in_spring, several_skipped_times_fire_once) {
  EXPECT_EQ(times("0 */10 1,2 * * *", "2026-03-29T00:00:00Z", 3),
            (texts{"2026-03-29T01:00:00Z", "2026-03-29T01:10:00Z", "2026-03-29T01:20:00Z"}));
}

TEST(cron_in_spring, every_minute_is_every_real_minute) {
  auto rule = cron_of("0 * * * * *");
  auto london = zone_of("Europe/London");
  auto at = utc("2026-03-28T23:00:00Z");
  for (int i = 0; i < 300; ++i) {
    auto next = rule.next(at, london);
    ASSERT_TRUE(next);
    ASSERT_EQ(*next, at + 1min);
    at = *next;
  }
}

// -- autumn: on 25 October 2026 at 01:00 UTC London goes from 02:00 back to 01:00 -----------------

TEST(cron_in_autumn, an_hourly_cron_fires_in_both_hours) {
  EXPECT_EQ(times("0 0 * * * *", "2026-10-24T22:00:00Z", 5),
            (texts{"2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z",
                   "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"}));
  EXPECT_EQ(times("0 30 * * * *", "2026-10-25T00:00:00Z", 3),
            (texts{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"}));
}

TEST(cron_in_autumn, a_step_of_hours_follows_the_wall_clock) {
  // 00:15 BST, 04:15 GMT, 08:15 GMT
  EXPECT_EQ(times("0 15 */4 * * *", "2026-10-24T20:00:00Z", 3),
            (texts{"2026-10-24T23:15:00Z", "2026-10-25T04:15:00Z", "2026-10-25T08:15:00Z"}));
}

TEST(cron_in_autumn, a_daily_cron_in_the_evening_fires_once_a_day) {
  EXPECT_EQ(times("0 30 23 * * *", "2026-10-24T00:00:00Z", 3),
            (texts{"2026-10-24T22:30:00Z", "2026-10-25T23:30:00Z", "2026-10-26T23:30:00Z"}));
}

TEST(cron_in_autumn, a_daily_time_that_comes_twice_fires_the_first_time) {
  EXPECT_EQ(times("0 30 1 * * *", "2026-10-24T12:00:00Z", 2),
            (texts{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}));
}

TEST(cron_in_autumn, a_daily_time_does_not_fire_again_when_asked_in_the_second_hour) {
  EXPECT_EQ(times("0 30 1 * * *", "2026-10-25T01:10:00Z", 1), (texts{"2026-10-26T01:30:00Z"}));
  EXPECT_EQ(times("0 30 1,2 * * *", "2026-10-25T01:10:00Z", 1), (texts{"2026-10-25T02:30:00Z"}));
}

TEST(cron_in_autumn, every_minute_is_every_real_minute) {
  auto rule = cron_of("0 * * * * *");
  auto london = zone_of("Europe/London");
  auto at = utc("2026-10-24T23:00:00Z");
  for (int i = 0; i < 300; ++i) {
    auto next = rule.next(at, london);
    ASSERT_TRUE(next);
    ASSERT_EQ(*next, at + 1min);
    at = *next;
  }
}

// -- other zones ----------------------------------------------------------------------------------

TEST(cron_zones, a_clock_change_by_half_an_hour_is_followed) {
  // Lord Howe: on 4 October 2026 at 15:30 UTC of the 3rd from 02:00 to 02:30.
  EXPECT_EQ(times("0 15 2 * * *", "2026-10-03T12:00:00Z", 2, "Australia/Lord_Howe"),
            (texts{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}));
}

TEST(cron_zones, a_day_that_a_zone_skips_fires_when_the_gap_ends) {
  // Samoa had no 30 December 2011.
  EXPECT_EQ(times("0 0 12 * * *", "2011-12-29T12:00:00Z", 3, "Pacific/Apia"),
            (texts{"2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"}));
}

TEST(cron_zones, summers_after_2037_are_known) {
  EXPECT_EQ(times("0 30 23 * * *", "2045-07-01T00:00:00Z", 1), (texts{"2045-07-01T22:30:00Z"}));
  EXPECT_EQ(times("0 30 23 * * *", "2045-12-01T00:00:00Z", 1), (texts{"2045-12-01T23:30:00Z"}));
}

/// The definition, second by second.
bool should_fire(const cron& rule, wall_time at, const zone& in) {
  auto next = rule.next(at - 1ms, in);
  return next && *next == at;
}

TEST(cron_next, asking_from_anywhere_gives_the_same_times) {
  auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 lot{seed};
  auto london = zone_of("Europe/London");
  for (auto text : {"0 0 * * * *", "0 15 */4 * * *", "0 30 1 * * *", "*/20 7,40 0-2 * * *"}) {
    auto rule = cron_of(text);
    for (auto start : {"2026-03-28T22:00:00Z", "2026-10-24T22:00:00Z", "2041-03-30T22:00:00Z"}) {
      auto begin = utc(start);
      std::vector<wall_time> all;
      for (auto at = rule.next(begin, london); at && *at < begin + 12h; at = rule.next(*at, london))
        all.push_back(*at);
      ASSERT_FALSE(all.empty());
      for (int i = 0; i < 200; ++i) {
        auto from = begin + duration{static_cast<std::int64_t>(lot() % 43'200'000)};
        auto wanted = std::ranges::upper_bound(all, from);
        if (wanted == all.end())
          continue;
        EXPECT_EQ(rule.next(from, london), *wanted) << text << " seed " << seed;
        EXPECT_TRUE(should_fire(rule, *wanted, london)) << text << " seed " << seed;
      }
    }
  }
}

} // namespace
} // namespace sallyport
