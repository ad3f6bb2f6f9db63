#include "tools/simulator/dates.hpp"

#include <charconv>
#include <cstdio>

namespace sallyport::simulator {

namespace {

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || text.front() == '-')
    return std::nullopt;
  return value;
}

optional_date of_calendar(int year, int month, int day) {
  if (month < 1 || day < 1)
    return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year{year},
                                        std::chrono::month{static_cast<unsigned>(month)},
                                        std::chrono::day{static_cast<unsigned>(day)}};
  if (!ymd.ok())
    return std::nullopt;
  return date{ymd};
}

} // namespace

date make_date(int year, unsigned month, unsigned day) {
  return date{std::chrono::year_month_day{std::chrono::year{year}, std::chrono::month{month},
                                          std::chrono::day{day}}};
}

std::string iso(date value) {
  const std::chrono::year_month_day ymd{value};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(ymd.year()),
                static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
  return text;
}

optional_date parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-')
    return std::nullopt;
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  if (!year || !month || !day)
    return std::nullopt;
  return of_calendar(*year, *month, *day);
}

date_field read_date(const nlohmann::json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null())
    return {};
  optional_date value;
  if (found->is_string()) {
    value = parse_date(found->get_ref<const std::string&>());
  } else if (found->is_array() && found->size() == 3) {
    bool whole = true;
    for (const auto& part : *found)
      whole = whole && part.is_number_integer() && part.get<std::int64_t>() >= 0 &&
              part.get<std::int64_t>() <= 9999;
    if (whole)
      value = of_calendar((*found)[0].get<int>(), (*found)[1].get<int>(), (*found)[2].get<int>());
  }
  return {value.has_value(), value};
}

} // namespace sallyport::simulator
