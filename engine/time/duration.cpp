#include "engine/time/duration.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace sallyport {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<unit, 5> duration_units{
  {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

constexpr std::array<unit, 5> size_units{{{"TiB", 1ULL << 40U},
                                          {"GiB", 1ULL << 30U},
                                          {"MiB", 1ULL << 20U},
                                          {"KiB", 1ULL << 10U},
                                          {"B", 1}}};

constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max();

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Cuts the leading digits, then the letters after them.
std::pair<std::string_view, std::string_view> cut_number(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits]))
    ++digits;
  std::size_t end = digits;
  while (end < text.size() && !is_digit(text[end]))
    ++end;
  auto number = text.substr(0, digits);
  auto name = text.substr(digits, end - digits);
  text.remove_prefix(end);
  return {number, name};
}

/// factor times the number, or nothing when it does not fit below `limit`.
std::optional<std::uint64_t> scaled(std::string_view number, std::uint64_t factor,
                                    std::uint64_t limit) {
  std::uint64_t count = 0;
  auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (code != std::errc{} || end != number.data() + number.size() || count > limit / factor)
    return std::nullopt;
  return count * factor;
}

std::unexpected<error> wrong(std::string what) {
  return fail(error::user(errc::invalid_config, std::move(what)));
}

std::string quote(std::string_view text) { return "'" + std::string{text} + "'"; }

} // namespace

result<duration> parse_duration(std::string_view text) {
  constexpr std::string_view units = "ms, s, m, h or d";
  std::uint64_t sum = 0;
  std::size_t next_unit = 0;
  auto rest = text;
  if (rest.empty())
    return wrong("a duration is a number with its unit (" + std::string{units} + "), as 15m");
  while (!rest.empty()) {
    auto [number, name] = cut_number(rest);
    if (number.empty())
      return wrong(quote(text) + " is not a duration; write a number with its unit (" +
                   std::string{units} + "), as 15m");
    if (name.empty())
      return wrong(quote(text) + " has no unit; write " + std::string{units} + ", as " +
                   std::string{number} + "s");
    std::size_t at = 0;
    while (at < duration_units.size() && duration_units[at].name != name)
      ++at;
    if (at == duration_units.size())
      return wrong("the unit " + quote(name) + " of " + quote(text) + " is not one of " +
                   std::string{units});
    if (at < next_unit)
      return wrong(quote(text) + " is not a duration; units go from great to small, each once, "
                                 "as 1h30m");
    next_unit = at + 1;
    auto part = scaled(number, duration_units[at].factor, longest - sum);
    if (!part)
      return wrong(quote(text) + " is longer than a duration can be");
    sum += *part;
  }
  return duration{static_cast<std::int64_t>(sum)};
}

std::string format_duration(duration value) {
  if (value.count() == 0)
    return "0s";
  std::string out;
  auto rest = static_cast<std::uint64_t>(value.count());
  if (value.count() < 0) {
    out = "-";
    rest = 0 - rest;
  }
  for (const auto& u : duration_units) {
    if (auto count = rest / u.factor; count > 0)
      out += std::to_string(count) + std::string{u.name};
    rest %= u.factor;
  }
  return out;
}

result<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view units = "B, KiB, MiB, GiB or TiB";
  auto rest = text;
  auto [number, name] = cut_number(rest);
  if (number.empty() || !rest.empty())
    return wrong(quote(text) + " is not a size; write a number with its unit (" +
                 std::string{units} + "), as 16MiB");
  if (name.empty())
    return wrong(quote(text) + " has no unit; write " + std::string{units} + ", as " +
                 std::string{number} + "B");
  for (const auto& u : size_units)
    if (u.name == name) {
      auto bytes = scaled(number, u.factor, std::numeric_limits<std::uint64_t>::max());
      if (!bytes)
        return wrong(quote(text) + " is more than a size can be");
      return *bytes;
    }
  return wrong("the unit " + quote(name) + " of " + quote(text) + " is not one of " +
               std::string{units});
}

std::string format_size(std::uint64_t bytes) {
  for (const auto& u : size_units)
    if (bytes > 0 && bytes % u.factor == 0)
      return std::to_string(bytes / u.factor) + std::string{u.name};
  return "0B";
}

} // namespace sallyport
