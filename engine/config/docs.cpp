#include "engine/config/docs.hpp"

#include "engine/time/duration.hpp"

#include <algorithm>

namespace sallyport::config {

namespace {

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

/// The fields below a field, through lists and maps, and what stands for them in a path.
const std::vector<field>& inner_of(const field& f, std::string& path) {
  const auto* inner = &f;
  while (inner->element) {
    path += inner->type == field_type::list ? "[]" : ".NAME";
    inner = inner->element.get();
  }
  return inner->fields;
}

std::string bold(std::string_view text, const page& how) {
  return how.color ? "\x1b[1m" + std::string{text} + "\x1b[0m" : std::string{text};
}

/// The lines of a text, each behind the indent.
std::string indented(std::string_view text, const std::string& indent) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out += indent + std::string{text.substr(0, end)} + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// For a cell of a table: a bar would end it, a newline the table.
std::string cell(std::string text) {
  text = markdown_text(text);
  for (std::size_t at = 0; (at = text.find_first_of("|\n", at)) != std::string::npos; at += 2)
    text.replace(at, 1, text[at] == '|' ? "\\|" : "  ");
  return text;
}

void add_rows(const std::vector<field>& fields, const std::string& before, std::string& out) {
  for (const auto& f : fields) {
    auto text = f.documentation;
    if (!f.example_value.empty())
      text += (text.empty() ? "" : " ") + std::string{"For example `"} + f.example_value + "`.";
    out += "| `" + before + f.name + "` | " + cell(notes_of(f)) + " | " + cell(text) + " |\n";
    auto path = before + f.name;
    const auto& inner = inner_of(f, path);
    add_rows(inner, path + ".", out);
  }
}

} // namespace

std::string notes_of(const field& f) {
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

std::string wrapped(std::string_view text, const std::string& indent, std::size_t width) {
  std::string out;
  std::string line;
  auto end_line = [&] {
    out += line.empty() ? "" : indent + line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" \n"), text.size());
    const auto word = text.substr(0, end);
    if (!line.empty() && indent.size() + line.size() + 1 + word.size() > width)
      end_line();
    if (!word.empty())
      line += (line.empty() ? "" : " ") + std::string{word};
    if (end < text.size() && text[end] == '\n')
      end_line();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  end_line();
  return out;
}

std::string heading(std::string_view text, const page& how) { return bold(text, how) + "\n"; }

std::string describe_fields(const std::vector<field>& fields, const std::string& indent,
                            const page& how) {
  std::string out;
  for (const auto& f : fields) {
    auto notes = wrapped("(" + notes_of(f) + ")", indent + "    ", how.width - f.name.size());
    notes.erase(0, indent.size() + 4);
    out += indent;
    out += bold(f.name, how);
    out += " ";
    out += notes;
    out += wrapped(f.documentation, indent + "    ", how.width);
    if (!f.example_value.empty())
      out += indent + "    Example: " + f.name + ": " + f.example_value + "\n";
    std::string path;
    out += describe_fields(inner_of(f, path), indent + "  ", how);
  }
  return out;
}

std::string describe_examples(const spec& of, const page& how) {
  std::string out;
  for (const auto& yaml : of.examples)
    out += "\n" + heading("Example", how) + indented(yaml, "  ");
  return out;
}

std::string describe(const spec& of, const page& how) {
  auto out = heading(of.name, how) + wrapped(of.summary_text, "  ", how.width);
  if (!of.description_text.empty())
    out += "\n" + wrapped(of.description_text, "  ", how.width);
  if (!of.fields.empty())
    out += "\n" + heading("Fields", how) + describe_fields(of.fields, "  ", how);
  return out + describe_examples(of, how);
}

std::string markdown_text(std::string_view text) {
  std::string out;
  bool code = false;
  for (char c : text) {
    code = code != (c == '`');
    if (c == '<' && !code)
      out += '\\';
    out += c;
  }
  return out;
}

std::string markdown_fields(const std::vector<field>& fields) {
  std::string out = "| Field | Value | Meaning |\n|---|---|---|\n";
  add_rows(fields, "", out);
  return out;
}

std::string markdown_examples(const spec& of) {
  std::string out;
  for (const auto& yaml : of.examples)
    out += "\n```yaml\n" + yaml + (yaml.ends_with('\n') ? "" : "\n") + "```\n";
  return out;
}

} // namespace sallyport::config
