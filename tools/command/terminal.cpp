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
  std::cerr << "\r\x1b[K" << what_ << ": " << done << " of " << of << std::flush;
}

} // namespace sallyport::command
