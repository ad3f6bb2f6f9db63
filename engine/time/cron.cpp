#include "engine/time/cron.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

namespace sallyport {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::year_month_day;

constexpr std::string_view field_order = "second minute hour day-of-month month day-of-week";

/// Beyond it no next time is looked for.
constexpr std::chrono::year last_year{9900};

/// The 29th of February on a given weekday is the rarest day: after 2096 there are 40 years to wait
/// at worst.
constexpr days longest_wait{41 * 366};

/// What a field may say.
struct field_form {
  std::string_view name;
  unsigned least;
  unsigned most;
  std::array<std::string_view, 12> words; ///< names of the values, from `least`; may be empty
  bool question = false;                  ///< `?` stands for `*`
};

constexpr std::array<std::string_view, 12> month_words{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 12> weekday_words{"SUN", "MON", "TUE", "WED",
                                                         "THU", "FRI", "SAT"};

constexpr std::array<field_form, 6> forms{{{"second", 0, 59, {}},
                                           {"minute", 0, 59, {}},
                                           {"hour", 0, 23, {}},
                                           {"day-of-month", 1, 31, {}, true},
                                           {"month", 1, 12, month_words},
                                           {"day-of-week", 0, 7, weekday_words, true}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> macros{
  {{"@yearly", "0 0 0 1 1 *"},
   {"@annually", "0 0 0 1 1 *"},
   {"@monthly", "0 0 0 1 * *"},
   {"@weekly", "0 0 0 * * SUN"},
   {"@daily", "0 0 0 * * *"},
   {"@midnight", "0 0 0 * * *"},
   {"@hourly", "0 0 * * * *"}}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

std::unexpected<error> refuse(std::string what) {
  return fail(error::user(errc::invalid_config, std::move(what)));
}

std::unexpected<error> refuse_field(const field_form& form, std::string_view part,
                                    std::string_view why) {
  return refuse("cron field " + std::string{form.name} + ": '" + std::string{part} + "' " +
                std::string{why});
}

bool same_word(std::string_view a, std::string_view b) {
  auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::ranges::equal(a, b, {}, upper, upper);
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

result<unsigned> parse_value(std::string_view text, const field_form& form) {
  for (unsigned i = 0; i < form.words.size() && !form.words[i].empty(); ++i)
    if (same_word(text, form.words[i]))
      return form.least + i;
  auto value = number(text);
  bool has_words = !form.words[0].empty();
  if (!value && text.find_first_of("LW#") != std::string_view::npos && form.question)
    return refuse_field(form, text, "is not supported: L, W and # cannot be used here");
  if (!value || *value < form.least || *value > form.most)
    return refuse_field(form, text,
                        "is not " + std::to_string(form.least) + " to " +
                          std::to_string(form.most) +
                          (has_words ? " or a name like " + std::string{form.words[1]} : ""));
  return *value;
}

struct value_range {
  unsigned first = 0;
  unsigned last = 0;
};

result<value_range> parse_range(std::string_view text, const field_form& form, bool open) {
  if (text == "*" || (form.question && text == "?")) // a week begins on Monday: */2 is 1,3,5,7
    return value_range{form.most == 7 ? 1 : form.least, form.most};
  auto dash = text.find('-');
  SALLYPORT_TRY(auto first, parse_value(text.substr(0, dash), form));
  if (dash == std::string_view::npos)
    return value_range{first, open ? form.most : first};
  SALLYPORT_TRY(auto last, parse_value(text.substr(dash + 1), form));
  if (form.most == 7 && last == 0)
    last = 7; // a week that ends on a Sunday
  if (first > last)
    return refuse_field(form, text, "ends before it begins; write it as two ranges with a comma");
  return value_range{first, last};
}

template <std::size_t Size>
status parse_field(std::string_view text, const field_form& form, std::bitset<Size>& out) {
  for (auto part : split(text, ",")) {
    auto slash = part.find('/');
    bool stepped = slash != std::string_view::npos;
    SALLYPORT_TRY(auto range, parse_range(part.substr(0, slash), form, stepped));
    unsigned step = 1;
    if (stepped) {
      auto value = number(part.substr(slash + 1));
      if (!value || *value == 0 || *value > form.most)
        return refuse_field(form, part, "needs a step of 1 to " + std::to_string(form.most));
      step = *value;
    }
    for (auto value = range.first; value <= range.last; value += step)
      out.set(value % (form.most == 7 ? 7 : Size));
  }
  return {};
}

std::string join(const std::vector<std::string_view>& words) {
  std::string out;
  for (auto word : words)
    out += (out.empty() ? "" : " ") + std::string{word};
  return out;
}

status check_count(const std::vector<std::string_view>& fields) {
  if (fields.size() == forms.size())
    return {};
  if (fields.size() == 1)
    for (auto [macro, meant] : macros)
      if (fields[0] == macro)
        return refuse("'" + std::string{macro} + "' is not supported; write '" +
                      std::string{meant} + "'");
  auto what = "a cron has six fields (" + std::string{field_order} + "), this one has " +
              std::to_string(fields.size());
  if (fields.size() == forms.size() - 1)
    what += "; did you mean '0 " + join(fields) + "'?";
  return refuse(std::move(what));
}

} // namespace

result<cron> cron::parse(std::string_view text) {
  auto fields = split(text, " \t");
  std::erase(fields, std::string_view{});
  SALLYPORT_CHECK(check_count(fields));
  cron parsed;
  parsed.text_ = join(fields);
  SALLYPORT_CHECK(parse_field(fields[0], forms[0], parsed.seconds_));
  SALLYPORT_CHECK(parse_field(fields[1], forms[1], parsed.minutes_));
  SALLYPORT_CHECK(parse_field(fields[2], forms[2], parsed.hours_));
  SALLYPORT_CHECK(parse_field(fields[3], forms[3], parsed.days_));
  SALLYPORT_CHECK(parse_field(fields[4], forms[4], parsed.months_));
  SALLYPORT_CHECK(parse_field(fields[5], forms[5], parsed.weekdays_));
  if (!parsed.ever_fires())
    return refuse("the cron '" + parsed.text_ + "' never fires: no month of it has such a day");
  return parsed;
}

bool cron::ever_fires() const {
  // Over the years each day of the year falls on each weekday, so month and day decide.
  constexpr std::array<unsigned, 13> longest{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month <= 12; ++month)
    for (unsigned day = 1; day <= longest[month]; ++day)
      if (months_.test(month) && days_.test(day))
        return true;
  return false;
}

bool cron::fits(local_days day) const {
  year_month_day date{day};
  return months_.test(static_cast<unsigned>(date.month())) &&
         days_.test(static_cast<unsigned>(date.day())) &&
         weekdays_.test(std::chrono::weekday{day}.c_encoding());
}

std::optional<seconds> cron::first_of_day(seconds from) const {
  std::chrono::hh_mm_ss start{from};
  auto start_hour = static_cast<std::size_t>(start.hours().count());
  auto start_minute = static_cast<std::size_t>(start.minutes().count());
  auto start_second = static_cast<std::size_t>(start.seconds().count());
  for (auto h = start_hour; h < hours_.size(); ++h) {
    if (!hours_.test(h))
      continue;
    bool this_hour = h == start_hour;
    for (auto m = this_hour ? start_minute : 0; m < minutes_.size(); ++m) {
      if (!minutes_.test(m))
        continue;
      for (auto s = this_hour && m == start_minute ? start_second : 0; s < seconds_.size(); ++s)
        if (seconds_.test(s))
          return hours{h} + minutes{m} + seconds{s};
    }
  }
  return std::nullopt;
}

/// The first time of a calendar without clock changes, at `from` or later.
std::optional<cron::local_seconds> cron::first_from(local_seconds from) const {
  auto first_day = std::chrono::floor<days>(from);
  for (auto day = first_day; day <= first_day + longest_wait; day += days{1}) {
    if (!fits(day))
      continue;
    if (auto found = first_of_day(day == first_day ? from - first_day : seconds{0}))
      return day + *found;
  }
  return std::nullopt;
}

std::optional<wall_time> cron::next(wall_time after, const zone& in) const {
  if (after >= wall_time{sys_days{last_year / 1 / 1}})
    return std::nullopt;
  after = std::max(after, wall_time{sys_days{std::chrono::year{1} / 1 / 3}});
  return hours_.all() ? next_of_every_hour(after, in) : next_of_wall_times(after, in);
}

std::optional<wall_time> cron::next_of_wall_times(wall_time after, const zone& in) const {
  // `to_utc` keeps order, so only times later than the one shown now can become later instants; in
  // a repeated hour some of them have had their turn.
  auto from = std::chrono::floor<seconds>(in.to_local(after)) + seconds{1};
  for (;;) {
    auto shown = first_from(from);
    if (!shown)
      return std::nullopt;
    if (auto at = in.to_utc(*shown); at > after)
      return at;
    from = *shown + seconds{1};
  }
}

std::optional<wall_time> cron::next_of_every_hour(wall_time after, const zone& in) const {
  // Between two changes of the clock the wall time is UTC and an offset.
  auto begin = std::chrono::floor<seconds>(after) + seconds{1};
  for (;;) {
    auto period = in.period_at(begin);
    auto shown = first_from(local_seconds{begin.time_since_epoch()} + period.offset);
    if (!shown)
      return std::nullopt;
    wall_time at{shown->time_since_epoch() - period.offset};
    if (!period.until || at < *period.until)
      return at;
    begin = std::chrono::floor<seconds>(*period.until);
  }
}

} // namespace sallyport
