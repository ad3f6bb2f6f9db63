#include "tools/command/screen.hpp"

#include "engine/time/zone.hpp"
#include "tools/command/terminal.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

namespace sallyport::command {

namespace {

using json = nlohmann::ordered_json;

std::optional<std::int64_t> seconds_of(const std::string& moment) {
  const auto read = parse_offset_datetime(moment);
  if (!read)
    return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(read->time_since_epoch()).count();
}

} // namespace

std::string age_text(std::int64_t seconds) {
  struct unit {
    std::int64_t seconds;
    const char* name;
  };
  constexpr std::array<unit, 4> units{{{86'400, " d"}, {3'600, " h"}, {60, " min"}, {1, " s"}}};
  const auto size = std::abs(seconds);
  for (const auto& u : units)
    if (size >= 2 * u.seconds || u.seconds == 1)
      return (seconds < 0 ? "-" : "") + std::to_string(size / u.seconds) + u.name;
  return "0 s";
}

std::string age_between(const std::string& from, const std::string& to) {
  const auto a = seconds_of(from);
  const auto b = seconds_of(to);
  return a && b ? age_text(*b - *a) : "-";
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> names{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < names.size(); ++unit)
    value /= 1024;
  std::array<char, 32> text{};
  (void) std::snprintf(text.data(), text.size(), unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s",
                       value, names[unit]);
  return text.data();
}

std::string cell(const json& of, const char* name) {
  const auto found = of.find(name);
  if (found == of.end() || found->is_null())
    return "-";
  if (found->is_string())
    return found->get<std::string>();
  if (found->is_boolean())
    return found->get<bool>() ? "yes" : "-";
  return found->dump();
}

void look_option::declare(CLI::App& sub) {
  where.declare(sub);
  sub.add_option("--format", format, "text, or json for programs.")
    ->check(CLI::IsMember({"text", "json"}));
}

void look_option::print(const json& answer,
                        const std::function<std::string(const config::page&)>& show) const {
  if (format == "json")
    std::cout << answer.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
  else
    std::cout << show(page_of(STDOUT_FILENO));
  std::cout.flush();
}

json order_body(const change_option& why) {
  json body{{"reason", why.reason}};
  if (const char* user = std::getenv("USER");
      user != nullptr && *user != '\0') // NOLINT(concurrency-mt-unsafe)
    body["by"] = user;
  return body;
}

std::string shown_of(const json& answer, const char* list) {
  const auto shown = answer.value(list, json::array()).size();
  const auto found = answer.value("found", std::uint64_t{shown});
  std::string out;
  if (shown < found)
    out += std::to_string(shown) + " of " + std::to_string(found) +
           " are shown; narrow them, or give --limit.\n";
  for (const auto& missing : answer.value("missing", json::array()))
    out +=
      "Not told: the lanes of " + cell(missing, "instance") + " (" + cell(missing, "why") + ").\n";
  if (answer.contains("note"))
    out += cell(answer, "note") + ".\n";
  return out;
}

} // namespace sallyport::command
