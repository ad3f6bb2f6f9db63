#include "engine/config/docs.hpp"

#include "engine/time/duration.hpp"

namespace sallyport::config {

namespace {

constexpr std::size_t width = 92;

/// Breaks the text at spaces, each line behind the indent.
std::string wrapped(const std::string& text, const std::string& indent) {
  std::string out;
  std::string line;
  std::size_t at = 0;
  while (at < text.size()) {
    auto end = text.find_first_of(" \n", at);
    auto word = text.substr(at, end == std::string::npos ? end : end - at);
    if (!line.empty() && indent.size() + line.size() + 1 + word.size() > width) {
      out += indent + line + "\n";
      line.clear();
    }
    if (!word.empty())
      line += (line.empty() ? "" : " ") + word;
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return line.empty() ? out : out + indent + line + "\n";
}

std::string type_of(const field& f) {
  switch (f.type) {
  case field_type::text: return "text";
  case field_type::number: return "number";
  case field_type::decimal: return "decimal";
  case field_type::boolean: return "true or false";
  case field_type::duration: return "duration";
  case field_type::size: return "size";
  case field_type::object: return "mapping";
  case field_type::map: return "mapping of name to " + type_of(*f.element);
  case field_type::list: return "list of " + type_of(*f.element);
  case field_type::any: return "any value";
  case field_type::choice: break;
  }
  std::string words;
  for (const auto& w : f.words)
    words += (words.empty() ? "" : " | ") + w;
  return words;
}

std::string bound(std::int64_t value, field_type type) {
  if (type == field_type::duration)
    return format_duration(sallyport::duration{value});
  if (type == field_type::size)
    return format_size(static_cast<std::uint64_t>(value));
  return std::to_string(value);
}

std::string notes(const field& f) {
  std::string out = type_of(f);
  if (f.default_value)
    out += ", default " + (f.default_value->empty() ? "\"\"" : *f.default_value);
  else
    out += f.is_optional ? ", optional" : f.type == field_type::object ? "" : ", required";
  if (f.least)
    out += ", from " + bound(*f.least, f.type);
  if (f.most)
    out += ", up to " + bound(*f.most, f.type);
  return f.is_secret ? out + ", secret" : out;
}

void describe_fields(const std::vector<field>& fields, const std::string& indent,
                     std::string& out) {
  for (const auto& f : fields) {
    out += indent + f.name + " (" + notes(f) + ")\n" + wrapped(f.documentation, indent + "    ");
    if (!f.example_value.empty())
      out += indent + "    Example: " + f.name + ": " + f.example_value + "\n";
    const auto* inner = &f;
    while (inner->element)
      inner = inner->element.get();
    describe_fields(inner->fields, indent + "  ", out);
  }
}

} // namespace

std::string describe(const spec& of) {
  auto out = of.name + "\n" + wrapped(of.summary_text, "  ");
  if (!of.description_text.empty())
    out += "\n" + wrapped(of.description_text, "  ");
  if (!of.fields.empty()) {
    out += "\nFields\n";
    describe_fields(of.fields, "  ", out);
  }
  for (const auto& yaml : of.examples) {
    out += "\nExample\n";
    std::size_t at = 0;
    while (at < yaml.size()) {
      auto end = yaml.find('\n', at);
      out += "  " + yaml.substr(at, end == std::string::npos ? end : end - at) + "\n";
      at = end == std::string::npos ? yaml.size() : end + 1;
    }
  }
  return out;
}

} // namespace sallyport::config
