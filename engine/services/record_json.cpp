#include "engine/services/record_json.hpp"

#include "engine/time/zone.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace sallyport {

namespace {

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out.append("\\n");
    } else if (code < 0x20) {
      out.append("\\u00");
      out.push_back(hex[code >> 4U]);
      out.push_back(hex[code & 15U]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_headers(std::string& out, const header_list& headers) {
  out.push_back('{');
  for (auto it = headers.begin(); it != headers.end(); ++it) {
    const auto same = [&](const header& h) { return h.name == it->name; };
    if (std::any_of(headers.begin(), it, same))
      continue; // Stands with the first of its name.
    if (it != headers.begin())
      out.push_back(',');
    // A name is UTF-8 or it could not be a name of JSON.
    append_quoted(out, simdjson::validate_utf8(it->name.data(), it->name.size())
                         ? it->name
                         : "base64:" + to_base64(it->name));
    out.push_back(':');
    const bool repeats = std::any_of(it + 1, headers.end(), same);
    if (repeats)
      out.push_back('[');
    append_json_text(out, it->value);
    for (auto next = it + 1; next != headers.end(); ++next)
      if (same(*next)) {
        out.push_back(',');
        append_json_text(out, next->value);
      }
    if (repeats)
      out.push_back(']');
  }
  out.push_back('}');
}

} // namespace

std::string to_base64(std::string_view data) {
  constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < data.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < data.size() ? static_cast<unsigned char>(data[at]) : 0U;
    };
    const std::uint32_t three = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    out.push_back(letters[three >> 18U]);
    out.push_back(letters[three >> 12U & 63U]);
    out.push_back(i + 1 < data.size() ? letters[three >> 6U & 63U] : '=');
    out.push_back(i + 2 < data.size() ? letters[three & 63U] : '=');
  }
  return out;
}

void append_json_text(std::string& out, std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size()))
    append_quoted(out, text);
  else
    out.append(R"({"base64":")").append(to_base64(text)).append("\"}");
}

// -- what is JSON
// -----------------------------------------------------------------------------------

struct json_check::parser {
  simdjson::dom::parser dom;
};

json_check::json_check() : parser_(std::make_unique<parser>()) {}
json_check::~json_check() = default;
json_check::json_check(json_check&&) noexcept = default;
json_check& json_check::operator=(json_check&&) noexcept = default;

bool json_check::is_json(std::string_view text) {
  // The parser copies the text behind which it needs some room of its own.
  return !text.empty() &&
         parser_->dom.parse(text.data(), text.size(), true).error() == simdjson::SUCCESS;
}

// -- lines
// ------------------------------------------------------------------------------------------

void record_lines::append(std::string& out, std::uint32_t partition, const log_record& of) {
  out.append(R"({"partition":)");
  append_number(out, partition);
  out.append(R"(,"offset":)");
  append_number(out, of.offset);
  out.append(R"(,"timestamp":")").append(format_utc(of.rec.timestamp)).append(R"(","key":)");
  if (of.rec.key.is_null())
    out.append("null");
  else
    append_json_text(out, of.rec.key);
  out.append(R"(,"headers":)");
  append_headers(out, of.rec.headers);
  out.append(R"(,"value":)");
  append_value(out, of.rec.value);
  out.append("}\n");
}

void record_lines::append_value(std::string& out, const bytes& value) {
  if (value.is_null()) {
    out.append("null");
    return;
  }
  const std::string_view text = value;
  if (!check_.is_json(text)) {
    append_json_text(out, text);
    return;
  }
  if (text.find_first_of("\r\n") == std::string_view::npos) {
    out.append(text);
    return;
  }
  // A line break in JSON stands between its parts only, and there it says nothing.
  const auto before = out.size();
  out.resize(before + text.size() + simdjson::SIMDJSON_PADDING);
  std::size_t size = 0;
  if (simdjson::minify(text.data(), text.size(), out.data() + before, size) != simdjson::SUCCESS)
    size = 0;
  out.resize(before + size);
  if (size == 0)
    append_json_text(out, text);
}

} // namespace sallyport
