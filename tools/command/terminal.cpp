#include "tools/command/terminal.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace sallyport::command {

namespace {

constexpr std::size_t least_width = 40;
constexpr std::size_t usual_width = 92;
constexpr std::size_t most_width = 120; // Longer lines are hard to read.

std::string_view variable(const char* name) {
  const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? "" : value;
}

std::size_t width_of(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  std::size_t columns = usual_width;
  const auto told = variable("COLUMNS");
  std::from_chars(told.data(), told.data() + told.size(), columns);
  return columns;
}

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }

/// Of UTF-8, each character one column wide.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string first_columns(const std::string& line, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < line.size(); ++i)
    if (begins_character(line[i]) && columns++ == width)
      return line.substr(0, i);
  return line;
}

/// What came from elsewhere moves no cursor.
std::string plain(std::string text) {
  std::erase_if(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
  return text;
}

std::int64_t now_ms() {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::steady_clock;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

} // namespace

config::page page_of(int descriptor) {
  const bool is_terminal = ::isatty(descriptor) == 1;
  return {std::clamp(width_of(descriptor), least_width, most_width),
          is_terminal && variable("NO_COLOR").empty() && variable("TERM") != "dumb"};
}

std::string table(const std::vector<std::string>& headings,
                  const std::vector<std::vector<std::string>>& rows) {
  return table(headings, rows, page_of(STDOUT_FILENO), ::isatty(STDOUT_FILENO) == 1);
}

std::string table(const std::vector<std::string>& headings,
                  const std::vector<std::vector<std::string>>& rows, const config::page& how,
                  bool cut) {
  std::vector<std::size_t> widths;
  for (const auto& heading : headings)
    widths.push_back(columns_of(heading) - (heading.starts_with('>') ? 1 : 0));
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], columns_of(plain(row[i])));
  const auto line_of = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
      auto cell = plain(cells[i]);
      const std::string gap(widths[i] - columns_of(cell), ' ');
      cell.insert(headings[i].starts_with('>') ? 0 : cell.size(), gap);
      line += i == 0 ? "" : "  ";
      line += cell;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return cut ? first_columns(line, how.width) : line;
  };
  std::vector<std::string> names;
  for (const auto& heading : headings)
    names.push_back(heading.starts_with('>') ? heading.substr(1) : heading);
  auto out = config::heading(line_of(names), how);
  for (const auto& row : rows)
    out += line_of(row) + "\n";
  return out;
}

progress::progress(std::string what) : what_(std::move(what)), began_ms_(now_ms()) {}

progress::~progress() {
  if (shown_ms_ != 0)
    std::cerr << "\r\x1b[K" << std::flush;
}

void progress::at(std::size_t done, std::size_t of) {
  constexpr std::int64_t patience_ms = 1'000;
  constexpr std::int64_t redraw_ms = 100;
  const auto now = now_ms();
  if (now - began_ms_ < patience_ms || now - shown_ms_ < redraw_ms || ::isatty(STDERR_FILENO) != 1)
    return;
  shown_ms_ = now;
  std::cerr << "\r\x1b[K" << what_ << ": " << done;
  if (of != 0)
    std::cerr << " of " << of;
  std::cerr << std::flush;
}

} // namespace sallyport::command
