#include "engine/config/diagnostics.hpp"

#include "engine/config/expand.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace sallyport::config {

namespace {

// -- lines of files -------------------------------------------------------------------------------

/// A line in characters, as columns count them.
using line = std::vector<std::string>;

line characters_of(std::string_view text) {
  line out;
  for (char c : text)
    if (out.empty() || (static_cast<unsigned char>(c) & 0xc0U) != 0x80U)
      out.emplace_back(1, c);
    else
      out.back() += c;
  // What would move the caret or the terminal is shown as a space.
  for (auto& c : out)
    if (c.size() == 1 && (static_cast<unsigned char>(c[0]) < 0x20 || c[0] == 0x7f))
      c = " ";
  // A byte that begins no character stands for itself and cannot be shown.
  for (auto& c : out)
    if (c.size() == 1 && static_cast<unsigned char>(c[0]) >= 0x80)
      c = "?";
  return out;
}

/// The lines of the files that findings speak of, each file read once.
class sources {
public:
  /// Empty when there is none.
  const line& at(const location& where) {
    static const line none;
    auto it = files_.find(where.file);
    if (it == files_.end())
      it = files_.emplace(where.file, read(where.file)).first;
    const auto index = static_cast<std::size_t>(where.line) - 1;
    return where.line > 0 && index < it->second.size() ? it->second[index] : none;
  }

private:
  static std::vector<line> read(const std::string& file) {
    findings ignored;
    const auto text = read_file(file, ignored).value_or("");
    std::vector<line> lines;
    for (std::string_view rest = text; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      lines.push_back(characters_of(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
  }

  std::map<std::string, std::vector<line>> files_;
};

/// How many characters the thing at a place has: a quoted text, a word, or a single mark.
std::size_t extent(const line& of, std::size_t at) {
  constexpr std::string_view marks = "{}[],:-\t ";
  if (at >= of.size() || marks.find(of[at]) != std::string_view::npos)
    return 1;
  const auto& first = of[at];
  auto end = at + 1;
  if (first == "\"" || first == "'") {
    while (end < of.size() && of[end] != first)
      ++end;
    return std::min(end + 1, of.size()) - at;
  }
  auto ends = [&](std::size_t i) {
    const bool before_space = i + 1 >= of.size() || of[i + 1] == " ";
    return of[i] == "," || of[i] == "}" || of[i] == "]" || (of[i] == ":" && before_space) ||
           (of[i] == " " && i + 1 < of.size() && (of[i + 1] == "#" || of[i + 1] == " "));
  };
  while (end < of.size() && !ends(end))
    ++end;
  return end - at;
}

/// A name that says of its value that nobody should see it.
bool may_hold_secret(const line& of) {
  std::string text;
  for (const auto& c : of)
    text += c;
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::array words{"secret", "password", "passwd", "token:", "@"};
  return std::ranges::any_of(words, [&](const char* word) {
    const auto at = text.find(word);
    return at != std::string::npos && text.find("${", at) == std::string::npos;
  });
}

// -- for people -----------------------------------------------------------------------------------

constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view plain = "\x1b[0m";

std::string colored(std::string_view text, std::string_view color, const page& how) {
  return how.color ? std::string{color} + std::string{text} + std::string{plain}
                   : std::string{text};
}

/// The line and, below it, the caret; a long line is cut on both sides of its place.
std::string excerpt(const line& of, const finding& f, const page& how) {
  constexpr std::size_t gutter = 9;
  constexpr std::size_t least_room = 30;
  const auto room = std::max(how.width, gutter + least_room) - gutter;
  const auto column = static_cast<std::size_t>(std::max(f.where.column, 1)) - 1;
  const auto from = column + 8 < room ? 0 : column - std::min(column, room / 2);
  const auto end = std::min(of.size(), from + room);
  std::string shown = from > 0 ? "…" : "";
  for (auto i = from + (from > 0 ? 1 : 0); i < end; ++i)
    shown += of[i];
  const auto number = std::to_string(f.where.line);
  const auto margin = std::string(number.size() < 5 ? 5 - number.size() : 0, ' ') + number;
  const auto wide = std::min(extent(of, column), std::max<std::size_t>(end, column + 1) - column);
  return colored(margin + " | ", dim, how) + shown + (end < of.size() ? "…" : "") + "\n" +
         colored(std::string(margin.size(), ' ') + " | ", dim, how) +
         std::string(column - from, ' ') + colored("^" + std::string(wide - 1, '~'), red, how) +
         "\n";
}

std::string place(const location& where) {
  auto out = where.file;
  if (where.line > 0)
    out += ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
  return out.empty() ? out : out + ": ";
}

// -- for programs ---------------------------------------------------------------------------------

/// A value of a workflow command; properties end at ',' and ':' as well.
std::string escaped(std::string_view text, bool is_property) {
  std::string out;
  for (char c : text)
    switch (c) {
    case '%': out += "%25"; break;
    case '\r': out += "%0D"; break;
    case '\n': out += "%0A"; break;
    case ':': out += is_property ? "%3A" : ":"; break;
    case ',': out += is_property ? "%2C" : ","; break;
    default: out += c;
    }
  return out;
}

} // namespace

std::string show(const findings& all, const page& how) {
  sources files;
  std::string out;
  for (const auto& f : all) {
    out +=
      (how.color ? std::string{"\x1b[1m"} + place(f.where) + std::string{plain} : place(f.where)) +
      f.what + "\n";
    if (const auto& text = files.at(f.where); !text.empty() && !may_hold_secret(text))
      out += excerpt(text, f, how);
    if (!f.hint.empty())
      out += wrapped(f.hint, "        ", how.width);
  }
  return out;
}

std::string to_json(const findings& all) {
  sources files;
  auto list = nlohmann::ordered_json::array();
  for (const auto& f : all) {
    const auto& text = files.at(f.where);
    const auto column = static_cast<std::size_t>(std::max(f.where.column, 1)) - 1;
    const int wide = text.empty() ? 0 : static_cast<int>(extent(text, column));
    list.push_back({{"file", f.where.file},
                    {"line", f.where.line},
                    {"column", f.where.column},
                    {"end_column", f.where.column + wide},
                    {"what", f.what},
                    {"hint", f.hint}});
  }
  return list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string to_github(const findings& all) {
  std::string out;
  for (const auto& f : all) {
    out += "::error file=" + escaped(f.where.file, true);
    if (f.where.line > 0)
      out += ",line=" + std::to_string(f.where.line) + ",col=" + std::to_string(f.where.column);
    out +=
      ",title=sallyport lint::" + escaped(f.what + (f.hint.empty() ? "" : "\n" + f.hint), false) +
      "\n";
  }
  return out;
}

} // namespace sallyport::config
