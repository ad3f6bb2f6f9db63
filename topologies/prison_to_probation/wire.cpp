#include "topologies/prison_to_probation/wire.hpp"

#include <charconv>
#include <utility>
#include <vector>

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

// -- parsers --------------------------------------------------------------------

/// Parsers that a thread keeps, and the longest text after which one is kept: it holds on to memory
/// of several times that size.
constexpr std::size_t spare_parsers_max = 4;
constexpr std::size_t spare_parser_bytes_max = 256U * 1024U;

std::vector<std::unique_ptr<simdjson::dom::parser>>& spare_parsers() {
  thread_local auto spare = [] {
    std::vector<std::unique_ptr<simdjson::dom::parser>> empty;
    empty.reserve(spare_parsers_max); // So that to give one back cannot fail.
    return empty;
  }();
  return spare;
}

// -- writing --------------------------------------------------------------------

/// The bytes of a text that begin with a whole UTF-8 character; 0 if they do not.
std::size_t character_bytes(std::string_view text) {
  for (std::size_t bytes = 1; bytes <= 4 && bytes <= text.size(); ++bytes)
    if (simdjson::validate_utf8(text.data(), bytes))
      return bytes;
  return 0;
}

std::string valid_text(std::string_view text) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string out;
  while (!text.empty()) {
    const auto bytes = character_bytes(text);
    out += bytes == 0 ? replacement : text.substr(0, bytes);
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return out;
}

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20U || c == '"' || c == '\\'; }

/// @pre it needs it
void put_escaped(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
  case '"': out += "\\\""; return;
  case '\\': out += "\\\\"; return;
  case '\n': out += "\\n"; return;
  case '\r': out += "\\r"; return;
  case '\t': out += "\\t"; return;
  default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += hex[byte >> 4U];
  out += hex[byte & 0xfU];
}

void put_quoted(std::string& out, std::string_view text) {
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    put_quoted(out, valid_text(text));
    return;
  }
  out += '"';
  std::size_t plain = 0; // what was not written yet, and needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i]))
      continue;
    out += text.substr(plain, i - plain);
    put_escaped(out, text[i]);
    plain = i + 1;
  }
  out += text.substr(plain);
  out += '"';
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

json_text::json_text() {
  auto& spare = spare_parsers();
  if (spare.empty()) {
    parser_ = std::make_unique<simdjson::dom::parser>();
    return;
  }
  parser_ = std::move(spare.back());
  spare.pop_back();
}

json_text::~json_text() {
  auto& spare = spare_parsers();
  if (spare.size() < spare_parsers_max && parser_->capacity() <= spare_parser_bytes_max)
    spare.push_back(std::move(parser_));
}

result<simdjson::dom::element> json_text::parse(std::string_view text) {
  simdjson::dom::element root;
  if (parser_->parse(text.data(), text.size(), true).get(root) != simdjson::SUCCESS)
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

void object_writer::name(std::string_view name) {
  if (out_.size() > 1)
    out_ += ',';
  put_quoted(out_, name);
  out_ += ':';
}

object_writer& object_writer::text(std::string_view name, std::string_view value) {
  this->name(name);
  put_quoted(out_, value);
  return *this;
}

object_writer& object_writer::text_or_null(std::string_view name,
                                           const std::optional<std::string>& value) {
  if (value)
    return text(name, *value);
  this->name(name);
  out_ += "null";
  return *this;
}

object_writer& object_writer::date(std::string_view name, const std::optional<sys_days>& value) {
  return text_or_null(name, value ? std::optional{format_date(*value)} : std::nullopt);
}

object_writer& object_writer::flag(std::string_view name, bool value) {
  this->name(name);
  out_ += value ? "true" : "false";
  return *this;
}

object_writer& object_writer::object(std::string_view name, object_writer value) {
  this->name(name);
  out_ += std::move(value).done();
  return *this;
}

std::string object_writer::done() && {
  out_ += '}';
  return std::move(out_);
}

} // namespace sallyport::prison_to_probation
