#include "actors/template.hpp"

#include <algorithm>
#include <utility>

namespace sallyport {

namespace {

std::string percent_encoded(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += hex[code >> 4U];
      out += hex[code & 0xfU];
    }
  }
  return out;
}

} // namespace

result<record_template> record_template::parse(std::string_view text, form how) {
  std::vector<part> parts;
  std::vector<json_pointer> pointers;
  std::string plain;
  while (!text.empty()) {
    const auto end = text.front() == '{' ? text.find('}') : std::string_view::npos;
    const auto inside =
      end == std::string_view::npos ? std::string_view{} : text.substr(1, end - 1);
    part p;
    if (inside.starts_with('/')) {
      SALLYPORT_TRY(auto pointer, json_pointer::parse(inside));
      p = {part::kind::field, pointer.text, pointers.size()};
      pointers.push_back(std::move(pointer));
    } else if (inside == "value") {
      p = {part::kind::value, "value", 0};
    } else if (inside == "key") {
      p = {part::kind::key, "key", 0};
    } else if (inside.starts_with("header:") && inside.size() > 7) {
      p = {part::kind::header, std::string{inside.substr(7)}, 0};
    } else if (text.starts_with("{/") || text.starts_with("{header:")) {
      return fail(error::user(errc::invalid_config, "a place that begins with '" +
                                                      std::string{text.substr(0, 2)} +
                                                      "' does not end: write '}' behind it"));
    } else {
      plain += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (!plain.empty())
      parts.push_back({part::kind::text, std::exchange(plain, {}), 0});
    parts.push_back(std::move(p));
    text.remove_prefix(end + 1);
  }
  if (!plain.empty())
    parts.push_back({part::kind::text, std::move(plain), 0});
  return record_template{how, std::move(parts), std::move(pointers)};
}

result<std::string> record_template::fill(const record& r) {
  if (has_fields_ && (r.value.is_null() || !picker_.pick(r.value.view())))
    return fail(error::data("the value is not JSON"));
  std::string out;
  for (const auto& p : parts_) {
    SALLYPORT_TRY(const auto text, fill_part(p, r));
    out += text;
  }
  return out;
}

result<std::string> record_template::fill_part(const part& p, const record& r) const {
  switch (p.what) {
  case part::kind::text: return p.text;
  case part::kind::value: return r.value.str();
  case part::kind::field:
    if (how_ == form::body && picker_.raw(p.index))
      return std::string{*picker_.raw(p.index)};
    if (auto text = picker_.text(p.index))
      return written(p, std::move(*text));
    break;
  case part::kind::key:
    if (!r.key.is_null())
      return written(p, r.key.str());
    break;
  case part::kind::header:
    if (const auto found = r.find(p.text))
      return written(p, std::string{*found});
    break;
  }
  return fail(error::data(p.text + ": missing"));
}

result<std::string> record_template::written(const part& p, std::string text) const {
  switch (how_) {
  case form::path: return percent_encoded(text);
  case form::body: return json_quoted(text);
  case form::plain: break;
  }
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20U; }))
    return fail(error::data(p.text + ": a control character cannot stand in a header"));
  return text;
}

std::optional<std::string> check_template(std::string_view text) {
  auto parsed = record_template::parse(text, record_template::form::plain);
  return parsed ? std::nullopt : std::optional{parsed.error().what};
}

} // namespace sallyport
