#include "engine/time/backoff.hpp"

#include "engine/time/scan.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace sallyport {

namespace {

/// One step of splitmix64: spreads any number over all 64 bits.
std::uint64_t mixed(std::uint64_t value) noexcept {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

/// By squaring: `std::pow` may differ in the last bit between systems.
double power(double base, std::uint32_t exponent) noexcept {
  double found = 1;
  for (; exponent > 0; exponent >>= 1U, base *= base)
    if ((exponent & 1U) != 0)
      found *= base;
  return found;
}

/// The place of `word` in `words`, by its first three letters, or in full.
template <std::size_t Size>
std::optional<std::size_t> index_of(std::string_view word,
                                    const std::array<std::string_view, Size>& words, bool full) {
  for (std::size_t i = 0; i < Size; ++i)
    if (word == (full ? words[i] : words[i].substr(0, 3)))
      return i;
  return std::nullopt;
}

constexpr std::array<std::string_view, 7> weekdays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};

std::optional<unsigned> scan_month(detail::scanner& in) {
  auto found = index_of(in.letters(), months, false);
  if (!found)
    return std::nullopt;
  return static_cast<unsigned>(*found) + 1;
}

std::optional<duration> scan_clock(detail::scanner& in) {
  auto hour = in.digits(2);
  if (!hour || *hour > 23 || !in.literal(":"))
    return std::nullopt;
  auto minute = in.digits(2);
  if (!minute || *minute > 59 || !in.literal(":"))
    return std::nullopt;
  auto second = in.digits(2);
  if (!second || *second > 60) // a leap second is the first of the next minute to us
    return std::nullopt;
  return std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second};
}

std::optional<wall_time> instant(int year, std::optional<unsigned> month, std::optional<int> day,
                                 std::optional<duration> clock) {
  if (!month || !day || !clock)
    return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{*month},
                                   std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok())
    return std::nullopt;
  return std::chrono::sys_days{date} + *clock;
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, from behind the weekday's comma.
std::optional<wall_time> scan_fixed_date(detail::scanner& in) {
  auto day = in.digits(2);
  if (!in.literal(" "))
    return std::nullopt;
  auto month = scan_month(in);
  if (!in.literal(" "))
    return std::nullopt;
  auto year = in.digits(4);
  if (!year || !in.literal(" "))
    return std::nullopt;
  auto clock = scan_clock(in);
  if (!in.literal(" GMT"))
    return std::nullopt;
  return instant(*year, month, day, clock);
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`, from behind the weekday's comma. A year of two digits is the
/// one that is at most 50 years after `now`.
std::optional<wall_time> scan_short_year_date(detail::scanner& in, wall_time now) {
  auto day = in.digits(2);
  if (!in.literal("-"))
    return std::nullopt;
  auto month = scan_month(in);
  if (!in.literal("-"))
    return std::nullopt;
  auto short_year = in.digits(2);
  if (!short_year || !in.literal(" "))
    return std::nullopt;
  auto clock = scan_clock(in);
  if (!in.literal(" GMT"))
    return std::nullopt;
  std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  auto this_year = static_cast<int>(today.year());
  auto year = this_year - this_year % 100 + *short_year;
  if (year > this_year + 50)
    year -= 100;
  else if (year <= this_year - 50)
    year += 100;
  return instant(year, month, day, clock);
}

/// `Sun Nov  6 08:49:37 1994`, from behind the weekday.
std::optional<wall_time> scan_c_date(detail::scanner& in) {
  auto month = scan_month(in);
  if (!in.literal(" "))
    return std::nullopt;
  auto day = in.literal(" ") ? in.digits(1) : in.digits(2);
  if (!in.literal(" "))
    return std::nullopt;
  auto clock = scan_clock(in);
  if (!in.literal(" "))
    return std::nullopt;
  auto year = in.digits(4);
  if (!year)
    return std::nullopt;
  return instant(*year, month, day, clock);
}

std::optional<wall_time> parse_http_date(std::string_view text, wall_time now) {
  detail::scanner in{text};
  auto weekday = in.letters();
  bool full = index_of(weekday, weekdays, true).has_value();
  if (!full && !index_of(weekday, weekdays, false))
    return std::nullopt;
  std::optional<wall_time> found;
  if (in.literal(", "))
    found = full ? scan_short_year_date(in, now) : scan_fixed_date(in);
  else if (!full && in.literal(" "))
    found = scan_c_date(in);
  return in.at_end() ? found : std::nullopt;
}

} // namespace

duration backoff(const call_policy& policy, std::uint32_t tries_done, std::uint64_t seed) noexcept {
  // A double counts milliseconds exactly up to here, which is some 285,000 years.
  constexpr double exact_up_to = 0x1.0p53;
  auto most = std::min(static_cast<double>(policy.backoff_max.count()), exact_up_to);
  auto first = static_cast<double>(policy.backoff_initial.count());
  if (tries_done == 0 || !(most > 0) || !(first > 0))
    return duration{0};
  // Written so that a factor or jitter that is no number counts as the least one.
  auto factor = policy.backoff_factor > 1 ? policy.backoff_factor : 1;
  auto jitter = policy.jitter > 0 ? std::min(policy.jitter, 1.0) : 0;
  auto grown = std::min(first * power(factor, tries_done - 1), most);
  // The upper 53 bits: as many as a double holds, so the lot lies in [0, 1).
  auto lot = static_cast<double>(mixed(mixed(seed) + tries_done) >> 11U) * 0x1.0p-53;
  return duration{static_cast<duration::rep>(grown - grown * jitter * lot)};
}

std::optional<duration> parse_retry_after(std::string_view value, wall_time now) {
  constexpr std::string_view blank = " \t";
  auto begin = value.find_first_not_of(blank);
  if (begin == std::string_view::npos)
    return std::nullopt;
  value = value.substr(begin, value.find_last_not_of(blank) - begin + 1);
  detail::scanner in{value};
  if (auto digits = in.digit_run(); digits && in.at_end()) {
    std::int64_t count = 0;
    constexpr std::int64_t most = retry_after_max / std::chrono::seconds{1};
    for (char c : *digits)
      count = std::min(count * 10 + (c - '0'), most);
    return std::chrono::seconds{count};
  }
  auto at = parse_http_date(value, now);
  if (!at)
    return std::nullopt;
  return std::clamp(*at - now, duration{0}, retry_after_max);
}

} // namespace sallyport
