#include "topologies/prison_to_probation/wire.hpp"

#include <charconv>

namespace sallyport::prison_to_probation {

namespace {

/// The digits of a fraction as microseconds; nothing when there are none.
std::optional<std::chrono::microseconds> parse_fraction(std::string_view digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 6; ++i)
    value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return std::chrono::microseconds{value};
}

} // namespace

std::optional<local_moment> parse_local_moment(std::string_view text) {
  const auto point = text.find('.');
  auto whole = parse_local_datetime(text.substr(0, point));
  if (!whole)
    return std::nullopt;
  if (point == std::string_view::npos)
    return local_moment{*whole};
  auto fraction = parse_fraction(text.substr(point + 1));
  if (!fraction)
    return std::nullopt;
  return local_moment{*whole} + *fraction;
}

std::string url_part(std::string_view value) {
  constexpr std::string_view plain =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    if (plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 0xfU];
    }
  }
  return out;
}

result<simdjson::dom::element> json_text::parse(std::string_view text) {
  simdjson::dom::element root;
  if (parser_.parse(text.data(), text.size(), true).get(root) != simdjson::SUCCESS)
    return fail(error::data("it is no JSON"));
  return root;
}

std::optional<json> member(json from, const char* name) {
  simdjson::dom::object object;
  if (from.get(object) != simdjson::SUCCESS)
    return std::nullopt;
  json value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS || value.is_null())
    return std::nullopt;
  return value;
}

std::optional<std::string> text_of(json from, const char* name) {
  auto value = member(from, name);
  if (!value)
    return std::nullopt;
  std::string_view text;
  if (value->get(text) == simdjson::SUCCESS)
    return std::string{text};
  return simdjson::minify(*value);
}

std::optional<bool> flag_of(json from, const char* name) {
  auto value = member(from, name);
  bool flag = false;
  if (!value || value->get(flag) != simdjson::SUCCESS)
    return std::nullopt;
  return flag;
}

result<std::optional<std::int64_t>> number_of(json from, const char* name) {
  auto value = member(from, name);
  if (!value)
    return std::optional<std::int64_t>{};
  std::int64_t number = 0;
  if (value->get(number) == simdjson::SUCCESS)
    return number;
  std::string_view text;
  if (value->get(text) == simdjson::SUCCESS && !text.empty()) {
    const char* end = text.data() + text.size();
    auto read = std::from_chars(text.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end)
      return number;
  }
  return fail(error::data(std::string{name} + " is no whole number"));
}

result<std::optional<sys_days>> day_of(json from, const char* name) {
  auto text = text_of(from, name);
  if (!text)
    return std::optional<sys_days>{};
  auto date = parse_date(*text);
  if (!date)
    return fail(error::data(std::string{name} + " is no date"));
  return *date;
}

result<std::string> required_text(json from, const char* name) {
  auto text = text_of(from, name);
  if (!text)
    return fail(error::data(std::string{name} + " is missing"));
  return *std::move(text);
}

} // namespace sallyport::prison_to_probation
