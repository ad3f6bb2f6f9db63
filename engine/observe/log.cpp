#include "engine/observe/log.hpp"

#include "engine/time/clock.hpp"
#include "engine/time/zone.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <mutex>
#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace sallyport::observe {

namespace {

std::atomic<bool> as_json{false};
std::atomic<level> least_level{level::info};

/// Never destroyed: a line may be written while the process ends.
spdlog::logger& sink() {
  static auto* const logger = [] {
    auto made = new spdlog::logger{"sallyport", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

std::string_view name_of(level at) noexcept {
  switch (at) {
  case level::debug: return "debug";
  case level::info: return "info";
  case level::warn: return "warn";
  case level::error: return "error";
  }
  return "error";
}

spdlog::level::level_enum library_level(level at) noexcept {
  switch (at) {
  case level::debug: return spdlog::level::debug;
  case level::info: return spdlog::level::info;
  case level::warn: return spdlog::level::warn;
  case level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// The length of the well-formed UTF-8 character at the front of `text`, 0 if there is none.
std::size_t character_length(std::string_view text) noexcept {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto follows = [&](std::size_t i, unsigned least = 0x80, unsigned most = 0xbf) {
    return i < text.size() && at(i) >= least && at(i) <= most;
  };
  auto first = at(0);
  if (first < 0x80)
    return 1;
  if (first >= 0xc2 && first <= 0xdf)
    return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    unsigned least = first == 0xe0 ? 0xa0 : 0x80;
    unsigned most = first == 0xed ? 0x9f : 0xbf;
    return follows(1, least, most) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    unsigned least = first == 0xf0 ? 0x90 : 0x80;
    unsigned most = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, least, most) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// Appends `text` so that it is one line and, between quotes, a JSON string.
void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    auto length = character_length(text);
    if (length != 1) {
      out += length == 0 ? std::string_view{"\\ufffd"} : text.substr(0, length);
      text.remove_prefix(length == 0 ? 1 : length);
      continue;
    }
    switch (char c = text.front(); c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      else
        out += c;
    }
    text.remove_prefix(1);
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

/// The names a line has anyway. A field that is called so too gets an underscore behind its name.
constexpr std::array<std::string_view, 4> line_names{"time", "level", "event", "text"};

std::string json_line(wall_time now, level at, std::string_view event, std::string_view text,
                      std::initializer_list<log_field> fields) {
  std::string line;
  line.reserve(96 + text.size() + 32 * fields.size());
  line += R"({"time":")" + format_utc(now) + R"(","level":")";
  line += name_of(at);
  line += R"(","event":)";
  append_quoted(line, event);
  line += R"(,"text":)";
  append_quoted(line, text);
  for (const auto& field : fields) {
    line += ',';
    bool taken = std::ranges::find(line_names, field.name) != line_names.end();
    append_quoted(line, taken ? std::string{field.name} + '_' : std::string{field.name});
    line += ':';
    append_quoted(line, field.value);
  }
  line += '}';
  return line;
}

/// A value without spaces and quotes stands as it is; any other in quotes.
void append_text_value(std::string& out, std::string_view value) {
  if (!value.empty() && value.find_first_of(" \"=\\\t\r\n") == std::string_view::npos)
    append_escaped(out, value);
  else
    append_quoted(out, value);
}

void append_said(std::string& line, std::string_view text,
                 std::initializer_list<log_field> fields) {
  append_escaped(line, text);
  for (const auto& field : fields) {
    line += ' ';
    append_escaped(line, field.name);
    line += '=';
    append_text_value(line, field.value);
  }
}

std::string text_line(wall_time now, level at, std::string_view event, std::string_view text,
                      std::initializer_list<log_field> fields) {
  auto line = fmt::format("{} {:<5} {} ", format_utc(now), name_of(at), event);
  append_said(line, text, fields);
  return line;
}

constexpr std::size_t warnings_max = 10;

struct kept_warnings {
  std::mutex guard;
  std::deque<warning> all;
};
kept_warnings& kept() {
  static kept_warnings one;
  return one;
}

void keep(wall_time now, std::string_view event, std::string_view text,
          std::initializer_list<log_field> fields) {
  warning said{format_utc(now), std::string{event}, {}};
  append_said(said.text, text, fields);
  auto& to = kept();
  const std::lock_guard lock{to.guard};
  if (!to.all.empty() && to.all.back().event == said.event && to.all.back().text == said.text)
    to.all.pop_back();
  to.all.push_back(std::move(said));
  if (to.all.size() > warnings_max)
    to.all.pop_front();
}

} // namespace

void configure_log(std::string_view format, level least) {
  as_json = format == "json";
  least_level = least;
}

bool parse_level(std::string_view word, level& out) {
  for (auto candidate : {level::debug, level::info, level::warn, level::error})
    if (word == name_of(candidate)) {
      out = candidate;
      return true;
    }
  return false;
}

void log(level at, std::string_view event, std::string_view text,
         std::initializer_list<log_field> fields) {
  auto now = system_wall_clock{}.now();
  if (at >= level::warn)
    keep(now, event, text, fields);
  if (at < least_level)
    return;
  auto line =
    as_json ? json_line(now, at, event, text, fields) : text_line(now, at, event, text, fields);
  sink().log(library_level(at), spdlog::string_view_t{line});
}

std::vector<warning> latest_warnings() {
  auto& of = kept();
  const std::lock_guard lock{of.guard};
  return {of.all.begin(), of.all.end()};
}

void flush_log() { sink().flush(); }

} // namespace sallyport::observe
