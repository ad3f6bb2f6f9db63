#include "engine/time/zone.hpp"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using namespace std::chrono_literals;
using std::chrono::year;

zone london() {
  auto found = zone::find("Europe/London");
  EXPECT_TRUE(found) << found.error();
  return found ? *found : zone::utc();
}

wall_time utc(std::string_view text) {
  auto parsed = parse_offset_datetime(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(wall_time{});
}

local_time local(std::string_view text) {
  auto parsed = parse_local_datetime(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(local_time{});
}

// -- names ----------------------------------------------------------------------------------------

TEST(zone_find, a_zone_is_found_by_its_name) {
  EXPECT_EQ(london().name(), "Europe/London");
  EXPECT_EQ(zone::find("UTC")->name(), "UTC");
  EXPECT_EQ(*zone::find("UTC"), zone::utc());
}

TEST(zone_find, a_typo_gets_the_nearest_name) {
  auto wrong = zone::find("Europe/Londn");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, errc::invalid_config);
  EXPECT_EQ(wrong.error().what,
            "no time zone is called 'Europe/Londn'; did you mean 'Europe/London'?");
}

TEST(zone_find, a_city_alone_is_understood) {
  EXPECT_EQ(zone::find("london").error().what,
            "no time zone is called 'london'; did you mean 'Europe/London'?");
}

TEST(zone_find, rubbish_gets_an_example) {
  for (auto text : {"", "../../etc/passwd", "Elsewhere/Nowhere/At_All"})
    EXPECT_NE(zone::find(text).error().what.find("'Europe/London'"), std::string::npos) << text;
}

// -- conversion -----------------------------------------------------------------------------------

TEST(zone_conversion, winter_and_summer_have_their_offsets) {
  EXPECT_EQ(format_local(utc("2026-01-10T12:00:00Z"), london()), "2026-01-10T12:00:00");
  EXPECT_EQ(format_local(utc("2026-07-10T12:00:00Z"), london()), "2026-07-10T13:00:00");
  EXPECT_EQ(london().to_utc(local("2026-07-10T13:00:00")), utc("2026-07-10T12:00:00Z"));
}

TEST(zone_conversion, a_time_that_does_not_exist_is_the_end_of_the_gap) {
  auto end = utc("2026-03-29T01:00:00Z");
  EXPECT_EQ(london().to_utc(local("2026-03-29T00:59:59.999")), end - 1ms);
  EXPECT_EQ(london().to_utc(local("2026-03-29T01:00:00")), end);
  EXPECT_EQ(london().to_utc(local("2026-03-29T01:30:00")), end);
  EXPECT_EQ(london().to_utc(local("2026-03-29T01:59:59.999")), end);
  EXPECT_EQ(london().to_utc(local("2026-03-29T02:00:00")), end);
  EXPECT_EQ(london().to_utc(local("2026-03-29T02:00:00.001")), end + 1ms);
}

TEST(zone_conversion, a_time_that_comes_twice_is_the_first) {
  EXPECT_EQ(london().to_utc(local("2026-10-25T00:59:59")), utc("2026-10-24T23:59:59Z"));
  EXPECT_EQ(london().to_utc(local("2026-10-25T01:00:00")), utc("2026-10-25T00:00:00Z"));
  EXPECT_EQ(london().to_utc(local("2026-10-25T01:30:00")), utc("2026-10-25T00:30:00Z"));
  EXPECT_EQ(london().to_utc(local("2026-10-25T02:00:00")), utc("2026-10-25T02:00:00Z"));
}

TEST(zone_conversion, it_keeps_order_and_goes_both_ways) {
  for (auto name : {"Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia",
                    "Africa/Casablanca", "Asia/Kathmandu"}) {
    auto in = zone::find(name);
    ASSERT_TRUE(in);
    for (auto start : {"2011-12-20T00:00:00Z", "2026-01-01T00:00:00Z", "2040-01-01T00:00:00Z"}) {
      auto begin = utc(start);
      wall_time last{};
      for (auto at = begin; at < begin + std::chrono::days{366}; at += 15min) {
        auto back = in->to_utc(in->to_local(at));
        ASSERT_LE(back, at);
        ASSERT_LE(at - back, 24h) << name;
        ASSERT_EQ(in->to_local(back), in->to_local(at)) << name << ' ' << format_utc(at);
        auto from_local = in->to_utc(local_time{at.time_since_epoch()});
        ASSERT_GE(from_local, last) << name << ' ' << format_utc(at);
        last = from_local;
      }
    }
  }
}

TEST(zone_conversion, years_after_2037_have_summers) {
  EXPECT_EQ(format_local(utc("2038-07-01T12:00:00Z"), london()), "2038-07-01T13:00:00");
  // In 2045 the clock changes on 26 March and 29 October.
  EXPECT_EQ(format_local(utc("2045-03-26T00:59:59Z"), london()), "2045-03-26T00:59:59");
  EXPECT_EQ(format_local(utc("2045-03-26T01:00:00Z"), london()), "2045-03-26T02:00:00");
  EXPECT_EQ(format_local(utc("2045-10-29T01:00:00Z"), london()), "2045-10-29T01:00:00");
  EXPECT_EQ(london().to_utc(local("2045-07-01T13:00:00")), utc("2045-07-01T12:00:00Z"));
  EXPECT_EQ(format_local(utc("2104-07-01T12:00:00Z"), london()), "2104-07-01T13:00:00");
}

TEST(zone_conversion, a_zone_without_summer_time_has_none_after_2037) {
  auto in = zone::find("Asia/Tokyo");
  ASSERT_TRUE(in);
  EXPECT_EQ(format_local(utc("2050-07-01T00:00:00Z"), *in), "2050-07-01T09:00:00");
  EXPECT_FALSE(in->period_at(utc("2050-07-01T00:00:00Z")).until);
}

TEST(zone_conversion, times_far_outside_of_the_calendar_are_taken_as_its_ends) {
  for (const auto& in : {zone::utc(), london()}) {
    EXPECT_EQ(format_local(wall_time::max(), in).substr(0, 4), "9999");
    EXPECT_EQ(format_local(wall_time::min(), in).substr(0, 4), "0001");
    EXPECT_EQ(in.to_utc(local_time::max()) > utc("9999-01-01T00:00:00Z"), true);
    EXPECT_EQ(in.to_utc(local_time::min()) < utc("0002-01-01T00:00:00Z"), true);
  }
}

TEST(zone_conversion, the_date_is_that_of_the_zone) {
  EXPECT_EQ(london().date_of(utc("2026-06-30T23:30:00Z")), sys_days{year{2026} / 7 / 1});
  EXPECT_EQ(zone::utc().date_of(utc("2026-06-30T23:30:00Z")), sys_days{year{2026} / 6 / 30});
  EXPECT_EQ(zone::utc().date_of(utc("1969-12-31T23:59:59.999Z")), sys_days{year{1969} / 12 / 31});
}

TEST(zone_conversion, another_day_at_the_same_time_of_day) {
  // 13:20 in summer stays 13:20 in winter.
  EXPECT_EQ(london().on_day(sys_days{year{2027} / 1 / 5}, utc("2026-07-01T12:20:00.5Z")),
            utc("2027-01-05T13:20:00.5Z"));
}

// -- writing --------------------------------------------------------------------------------------

TEST(format, utc_always_has_milliseconds) {
  EXPECT_EQ(format_utc(wall_time{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_utc(wall_time{-1ms}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_utc(utc("2026-11-21T15:03:56.07Z")), "2026-11-21T15:03:56.070Z");
}

TEST(format, a_fraction_of_zero_is_left_out_of_local_times) {
  EXPECT_EQ(format_local(utc("2026-01-10T12:00:00.050Z"), london()), "2026-01-10T12:00:00.050");
  EXPECT_EQ(format_local(utc("2026-01-10T12:00:00Z"), london()), "2026-01-10T12:00:00");
}

TEST(format, an_offset_is_shown) {
  EXPECT_EQ(format_offset(utc("2026-07-10T12:00:00Z"), london()), "2026-07-10T13:00:00+01:00");
  EXPECT_EQ(format_offset(utc("2026-01-10T12:00:00Z"), london()), "2026-01-10T12:00:00Z");
  auto west = zone::find("America/St_Johns");
  ASSERT_TRUE(west);
  EXPECT_EQ(format_offset(utc("2026-01-10T12:00:00Z"), *west), "2026-01-10T08:30:00-03:30");
}

TEST(format, what_is_written_with_an_offset_can_be_read) {
  for (auto text : {"2026-07-10T12:00:00.125Z", "2026-01-10T12:00:00Z", "1969-07-10T12:00:00.001Z"})
    EXPECT_EQ(parse_offset_datetime(format_offset(utc(text), london())), utc(text));
}

TEST(format, a_date_is_written) {
  EXPECT_EQ(format_date(sys_days{year{2026} / 7 / 1}), "2026-07-01");
  EXPECT_EQ(format_date(sys_days{year{987} / 12 / 31}), "0987-12-31");
}

// -- reading --------------------------------------------------------------------------------------

TEST(parse_local, microseconds_are_cut) {
  EXPECT_EQ(format_local(local("2020-02-12T15:14:24.125533")), "2020-02-12T15:14:24.125");
  EXPECT_EQ(format_local(local("2020-02-12T15:14:24.9999999999999999999999")),
            "2020-02-12T15:14:24.999");
  EXPECT_EQ(local("2020-02-12T15:14:24.1"), local("2020-02-12T15:14:24.100"));
}

TEST(parse_local, seconds_and_fraction_may_be_missing) {
  EXPECT_EQ(local("2020-02-12T15:14"), local("2020-02-12T15:14:00.000"));
}

TEST(parse_local, with_a_zone_it_is_an_instant) {
  EXPECT_EQ(parse_local_datetime("2020-07-12T15:14:24.125533", london()),
            utc("2020-07-12T14:14:24.125Z"));
  EXPECT_EQ(parse_local_datetime("2026-03-29T01:30:00", london()), utc("2026-03-29T01:00:00Z"));
  EXPECT_FALSE(parse_local_datetime("2026-03-29", london()));
}

TEST(parse_local, other_forms_are_refused_without_repeating_them) {
  for (auto text :
       {"", "2020-02-12", "2020-02-12 15:14:24", "2020-02-12T15:14:24Z", "2020-02-12T24:00:00",
        "2020-02-12T15:60:00", "2020-02-12T15:14:60", "2020-02-30T00:00:00", "2020-2-12T00:00:00",
        "2020-02-12T15:14:24.", "2020-02-12T15:14:24.12x", "2020-02-12T15", "0000-01-01T00:00:00",
        "2020-02-12T15:14:24.1 ", "+2020-02-12T15:14:24", "2020-13-01T00:00:00"}) {
    auto parsed = parse_local_datetime(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().what, "not a local date and time of the form 2020-02-12T15:14:24.125");
    EXPECT_EQ(parsed.error().code, errc::invalid_data);
  }
}

TEST(parse_offset, offsets_are_taken_off) {
  EXPECT_EQ(utc("2020-07-01T15:14:24+01:00"), utc("2020-07-01T14:14:24Z"));
  EXPECT_EQ(utc("2020-07-01T15:14:24-0330"), utc("2020-07-01T18:44:24Z"));
  EXPECT_EQ(utc("1970-01-01T00:00Z"), wall_time{});
}

TEST(parse_offset, other_forms_are_refused) {
  for (auto text : {"2020-07-01T15:14:24", "2020-07-01T15:14:24+1", "2020-07-01T15:14:24+01",
                    "2020-07-01T15:14:24+19:00", "2020-07-01T15:14:24+01:60", "x",
                    "2020-07-01T15:14:24Zulu", "2020-07-01T15:14:24Z+01:00"})
    EXPECT_FALSE(parse_offset_datetime(text)) << text;
}

TEST(parse_date, a_date_is_read_and_counted) {
  auto from = parse_date("2020-02-12");
  auto to = parse_date("2020-03-01");
  ASSERT_TRUE(from && to);
  EXPECT_EQ(*from, sys_days{year{2020} / 2 / 12});
  EXPECT_EQ(days_between(*from, *to), 18);
  EXPECT_EQ(days_between(*to, *from), -18);
}

TEST(parse_date, other_forms_are_refused) {
  for (auto text : {"", "2020-02-30", "2021-02-29", "20-02-12", "2020/02/12", "2020-02-12T00:00",
                    "12-02-2020", "2020-00-12", "2020-02-00", "0000-02-01"})
    EXPECT_FALSE(parse_date(text)) << text;
}

TEST(days, whole_days_between_instants_are_cut) {
  auto at = utc("2026-01-10T12:00:00Z");
  EXPECT_EQ(days_between(at, at + 47h + 59min), 1);
  EXPECT_EQ(days_between(at, at + 48h), 2);
  EXPECT_EQ(days_between(at, at - 1h), 0);
}

} // namespace
} // namespace sallyport
