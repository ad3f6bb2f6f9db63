#include "engine/config/write.hpp"

#include <algorithm>

namespace sallyport::config {

namespace {

/// `http://user:password@host` without the user and password.
std::string without_user(std::string text) {
  std::size_t at = 0;
  while ((at = text.find("://", at)) != std::string::npos) {
    at += 3;
    auto end = text.find_first_of("/?# \n", at);
    auto user = text.rfind('@', end == std::string::npos ? end : end - 1);
    if (user != std::string::npos && user >= at && (end == std::string::npos || user < end))
      text.replace(at, user - at, "***");
  }
  return text;
}

bool is_plain(std::string_view text) {
  if (text.empty() || text == "null" || text == "~" || text.front() == ' ' || text.back() == ' ')
    return false;
  constexpr std::string_view harmless = "._/+-";
  return std::ranges::all_of(text,
                             [&](char c) {
                               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                      (c >= '0' && c <= '9') ||
                                      harmless.find(c) != std::string_view::npos;
                             }) &&
         text.front() != '-';
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
  }
  return out + "\"";
}

std::string written(const node& scalar) {
  if (scalar.from_secret)
    return "\"***\"";
  if (scalar.unresolved)
    return "\"(not set)\"";
  auto text = without_user(scalar.text);
  return is_plain(text) && !scalar.quoted ? text : quoted(text);
}

void write(const node& tree, const std::string& indent, std::string& out);

/// What follows a `name:` or `-`.
void write_value(const node& value, const std::string& indent, std::string& out) {
  if (value.type == node::kind::scalar)
    out += " " + written(value) + "\n";
  else if (value.type == node::kind::null)
    out += "\n";
  else if (value.entries.empty() && value.items.empty())
    out += value.type == node::kind::mapping ? " {}\n" : " []\n";
  else {
    out += "\n";
    write(value, indent + "  ", out);
  }
}

void write(const node& tree, const std::string& indent, std::string& out) {
  for (const auto& e : tree.entries) {
    out += indent + (is_plain(e.name) ? e.name : quoted(e.name)) + ":";
    write_value(e.value, indent, out);
  }
  for (const auto& item : tree.items) {
    out += indent + "-";
    write_value(item, indent, out);
  }
}

void mark(node& tree, const field& f) {
  if (f.is_secret)
    return mark_all_secret(tree);
  if (f.type == field_type::object)
    return mark_secrets(tree, f.fields);
  if (f.element) {
    for (auto& e : tree.entries)
      mark(e.value, *f.element);
    for (auto& item : tree.items)
      mark(item, *f.element);
  }
}

} // namespace

bool names_a_password(const std::string& text) { return without_user(text) != text; }

void mark_all_secret(node& tree) {
  tree.from_secret = true;
  for (auto& e : tree.entries)
    mark_all_secret(e.value);
  for (auto& item : tree.items)
    mark_all_secret(item);
}

void mark_secrets(node& tree, const std::vector<field>& fields) {
  if (tree.type != node::kind::mapping)
    return mark_all_secret(tree);
  for (auto& e : tree.entries) {
    auto known = std::ranges::find_if(fields, [&](const field& f) { return f.name == e.name; });
    if (known == fields.end())
      mark_all_secret(e.value);
    else
      mark(e.value, *known);
  }
}

std::string to_yaml(const node& tree) {
  std::string out;
  if (tree.type == node::kind::scalar)
    return written(tree) + "\n";
  write(tree, "", out);
  return out;
}

} // namespace sallyport::config
