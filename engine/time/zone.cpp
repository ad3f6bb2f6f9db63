#include "engine/time/zone.hpp"

#include "engine/core/edit_distance.hpp"
#include "engine/time/scan.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include <date/tz.h>

namespace sallyport {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::year;
using std::chrono::year_month_day;

/// The years of four digits, less a day at each end, so that no offset leaves them.
constexpr wall_time earliest{sys_days{year{1} / 1 / 2}};
constexpr wall_time latest{sys_days{year{9999} / 12 / 31}};

constexpr wall_time in_calendar(wall_time at) noexcept { return std::clamp(at, earliest, latest); }

/// The first year that the files of the database leave to their closing rule, which the library
/// does not read.
constexpr year first_open_year{2038};

/// A longer time than any offset from UTC.
constexpr hours beyond_offsets{26};

wall_time first_of(year y) { return sys_days{y / 1 / 1}; }

/// The latest year before `first_open_year` in which all days fall as they do in `y`.
year same_calendar(year y) {
  auto first_day = [](year of) { return std::chrono::weekday{sys_days{of / 1 / 1}}; };
  for (auto other = first_open_year - std::chrono::years{1};; --other)
    if (other.is_leap() == y.is_leap() && first_day(other) == first_day(y))
      return other; // at most 28 years back
}

/// The zone that is meant by `word`, by its whole name or by its city; empty if none is near.
std::string nearest_zone(std::string_view word, const date::tzdb& database) {
  constexpr std::size_t longest_word = 64;
  if (word.empty() || word.size() > longest_word)
    return {};
  std::string best;
  auto best_distance = std::max<std::size_t>(2, word.size() / 4) + 1;
  for (const auto& candidate : database.zones) {
    std::string_view whole{candidate.name()};
    auto city = whole.substr(whole.rfind('/') + 1);
    auto distance = std::min(edit_distance(word, whole), edit_distance(word, city));
    if (distance < best_distance) {
      best_distance = distance;
      best = whole;
    }
  }
  return best;
}

std::string date_text(sys_days day) {
  year_month_day date{day};
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return out.data();
}

enum class fraction : std::uint8_t { always, unless_zero };

std::string datetime_text(local_time at, fraction shown) {
  auto day = std::chrono::floor<days>(at);
  std::chrono::hh_mm_ss time{at - day};
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "T%02d:%02d:%02d", static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  auto text = date_text(sys_days{day.time_since_epoch()}) + out.data();
  auto milliseconds = static_cast<int>(time.subseconds().count());
  if (milliseconds == 0 && shown == fraction::unless_zero)
    return text;
  std::snprintf(out.data(), out.size(), ".%03d", milliseconds);
  return text + out.data();
}

local_time as_local(wall_time at) { return local_time{in_calendar(at).time_since_epoch()}; }

std::optional<sys_days> scan_date(detail::scanner& in) {
  auto y = in.digits(4);
  if (!y || !in.literal("-"))
    return std::nullopt;
  auto m = in.digits(2);
  if (!m || !in.literal("-"))
    return std::nullopt;
  auto d = in.digits(2);
  if (!d)
    return std::nullopt;
  year_month_day date{year{*y}, std::chrono::month{static_cast<unsigned>(*m)},
                      std::chrono::day{static_cast<unsigned>(*d)}};
  if (!date.ok() || *y == 0)
    return std::nullopt;
  return sys_days{date};
}

/// `:ss`, then a fraction of any length, both optional.
std::optional<duration> scan_seconds(detail::scanner& in) {
  if (!in.literal(":"))
    return duration{0};
  auto second = in.digits(2);
  if (!second || *second > 59)
    return std::nullopt;
  duration found = seconds{*second};
  if (!in.literal("."))
    return found;
  auto digits = in.digit_run();
  if (!digits)
    return std::nullopt;
  int milliseconds = 0;
  for (std::size_t i = 0; i < 3; ++i)
    milliseconds = milliseconds * 10 + (i < digits->size() ? (*digits)[i] - '0' : 0);
  return found + duration{milliseconds};
}

std::optional<local_time> scan_datetime(detail::scanner& in) {
  auto day = scan_date(in);
  if (!day || !in.literal("T"))
    return std::nullopt;
  auto hour = in.digits(2);
  if (!hour || *hour > 23 || !in.literal(":"))
    return std::nullopt;
  auto minute = in.digits(2);
  if (!minute || *minute > 59)
    return std::nullopt;
  auto rest = scan_seconds(in);
  if (!rest)
    return std::nullopt;
  return local_time{day->time_since_epoch()} + hours{*hour} + std::chrono::minutes{*minute} + *rest;
}

std::optional<seconds> scan_offset(detail::scanner& in) {
  if (in.literal("Z"))
    return seconds{0};
  int sign = in.literal("+") ? 1 : in.literal("-") ? -1 : 0;
  if (sign == 0)
    return std::nullopt;
  auto hour = in.digits(2);
  (void) in.literal(":");
  auto minute = in.digits(2);
  if (!hour || !minute || *hour > 18 || *minute > 59)
    return std::nullopt;
  return sign * (hours{*hour} + std::chrono::minutes{*minute});
}

std::unexpected<error> not_of_form(std::string_view what, std::string_view example) {
  return fail(error::data("not a " + std::string{what} + " of the form " + std::string{example}));
}

} // namespace

// -- zones ----------------------------------------------------------------------------------------

result<zone> zone::find(std::string_view name) {
  if (name == "UTC")
    return utc();
  const date::tzdb* database = nullptr;
  try {
    database = &date::get_tzdb();
    const auto* rules = date::locate_zone(name);
    (void) rules->get_info(date::sys_seconds{}); // the file is read at the first use: let it be now
    return zone{rules, rules->name()};
  } catch (const std::exception& e) {
    if (database == nullptr)
      return fail(error::user(errc::not_found, "the system has no time zone database; install the "
                                               "package tzdata: " +
                                                 std::string{e.what()}));
  }
  auto what = "no time zone is called '" + std::string{name} + "'";
  auto near = nearest_zone(name, *database);
  return fail(error::user(errc::invalid_config, near.empty()
                                                  ? what + "; a name like 'Europe/London' is wanted"
                                                  : what + "; did you mean '" + near + "'?"));
}

zone::period zone::period_at(wall_time at) const {
  if (rules_ == nullptr)
    return {};
  at = in_calendar(at);
  auto read = [&](wall_time when) { return rules_->get_info(std::chrono::floor<seconds>(when)); };
  auto is_last = [](const date::sys_info& info) { return info.end > latest; };
  auto info = read(at);
  if (!is_last(info))
    return {info.offset, info.end};
  if (is_last(read(first_of(first_open_year - std::chrono::years{1}))))
    return {info.offset, std::nullopt}; // no more changes of the clock

  auto year_of = year_month_day{std::chrono::floor<days>(at)}.year();
  if (year_of < first_open_year)
    return {info.offset, first_of(first_open_year)};
  auto shift = first_of(year_of) - first_of(same_calendar(year_of));
  auto next_year = first_of(year_of + std::chrono::years{1});
  info = read(at - shift);
  return {info.offset, is_last(info) ? next_year : std::min(info.end + shift, next_year)};
}

local_time zone::to_local(wall_time at) const {
  at = in_calendar(at);
  return local_time{at.time_since_epoch()} + period_at(at).offset;
}

wall_time zone::to_utc(local_time at) const {
  auto as_if_utc = in_calendar(wall_time{at.time_since_epoch()});
  auto begin = in_calendar(as_if_utc - beyond_offsets);
  // The first period that does not end before the time is the one: if it begins later, the time
  // lies in the gap before it.
  for (;;) {
    auto period = period_at(begin);
    auto candidate = as_if_utc - period.offset;
    if (!period.until || candidate < *period.until)
      return std::max(candidate, begin);
    begin = *period.until;
  }
}

sys_days zone::date_of(wall_time at) const {
  return sys_days{std::chrono::floor<days>(to_local(at)).time_since_epoch()};
}

wall_time zone::on_day(sys_days day, wall_time clock) const {
  auto shown = to_local(clock);
  return to_utc(local_time{day.time_since_epoch()} + (shown - std::chrono::floor<days>(shown)));
}

// -- writing --------------------------------------------------------------------------------------

std::string format_local(local_time at) {
  return datetime_text(as_local(wall_time{at.time_since_epoch()}), fraction::unless_zero);
}

std::string format_local(wall_time at, const zone& in) { return format_local(in.to_local(at)); }

std::string format_offset(wall_time at, const zone& in) {
  auto offset = in.period_at(at).offset;
  auto text = datetime_text(in.to_local(at), fraction::unless_zero);
  if (offset == seconds{0})
    return text + "Z";
  // Offsets of the time before standard time have seconds: they are cut, as no offset shows them.
  auto minutes = std::abs(static_cast<int>(offset.count() / 60));
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), "%c%02d:%02d", offset < seconds{0} ? '-' : '+',
                minutes / 60, minutes % 60);
  return text + out.data();
}

std::string format_utc(wall_time at) { return datetime_text(as_local(at), fraction::always) + "Z"; }

std::string format_date(sys_days day) {
  return date_text(
    std::clamp(day, std::chrono::floor<days>(earliest), std::chrono::floor<days>(latest)));
}

// -- reading --------------------------------------------------------------------------------------

result<local_time> parse_local_datetime(std::string_view text) {
  detail::scanner in{text};
  auto found = scan_datetime(in);
  if (!found || !in.at_end())
    return not_of_form("local date and time", "2020-02-12T15:14:24.125");
  return *found;
}

result<wall_time> parse_local_datetime(std::string_view text, const zone& in) {
  SALLYPORT_TRY(auto local, parse_local_datetime(text));
  return in.to_utc(local);
}

result<wall_time> parse_offset_datetime(std::string_view text) {
  detail::scanner in{text};
  auto local = scan_datetime(in);
  auto offset = local ? scan_offset(in) : std::nullopt;
  if (!offset || !in.at_end())
    return not_of_form("date and time with an offset",
                       "2020-02-12T15:14:24.125Z or 2020-07-01T15:14:24.125+01:00");
  return wall_time{local->time_since_epoch()} - *offset;
}

result<sys_days> parse_date(std::string_view text) {
  detail::scanner in{text};
  auto found = scan_date(in);
  if (!found || !in.at_end())
    return not_of_form("date", "2020-02-12");
  return *found;
}

} // namespace sallyport
