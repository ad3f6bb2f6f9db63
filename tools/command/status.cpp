#include "tools/command/screen.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <thread>
#include <unistd.h>

namespace sallyport::command {

namespace {

using json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr auto watch_every = 2s;
constexpr const char* home_and_clear = "\x1b[H\x1b[2J";

struct options {
  look_option look;
  bool watch = false;
};

const json& part(const json& of, const char* name) {
  static const json nothing = json::object();
  const auto found = of.find(name);
  return found != of.end() && !found->is_null() ? *found : nothing;
}

/// Numbers by name, `-` for none.
std::string figures(const json& of, const char* between = ", ") {
  std::string out;
  for (const auto& [name, n] : of.items())
    if (!n.is_object() && n != 0)
      out += (out.empty() ? "" : between) + name + " " + cell(of, name.c_str());
  return out.empty() ? "-" : out;
}

std::string coloured(const std::string& text, const char* code, const config::page& how) {
  return how.color ? std::string{"\x1b["} + code + "m" + text + "\x1b[0m" : text;
}

std::string head(const json& s, const config::page& how) {
  const bool well = cell(s, "verdict") == "well";
  return cell(s, "application") + " " + cell(s, "version") + ": " +
         coloured(well ? "well" : "NOT WELL", well ? "32" : "31;1", how) + "   " + cell(s, "now") +
         "\n";
}

std::string pauses(const json& s, const config::page& how) {
  std::string out;
  for (const auto& p : s.value("pauses", json::array()))
    out += config::wrapped(coloured("PAUSED", "33;1", how) + " " + cell(p, "what") + " for " +
                             age_between(cell(p, "at"), cell(s, "now")) + ", by " + cell(p, "by") +
                             ": " + cell(p, "reason"),
                           "", how.width);
  return out;
}

std::string problems(const json& s, const config::page& how) {
  std::string out;
  for (const auto& p : s.value("problems", json::array())) {
    const auto severity = cell(p, "severity");
    const char* code = severity == "error" ? "31;1" : severity == "warning" ? "33" : "36";
    out +=
      "\n" + config::wrapped(coloured(severity, code, how) + ": " + cell(p, "what"), "", how.width);
    out += config::wrapped(cell(p, "means"), "  ", how.width);
    out += config::wrapped("Do: " + cell(p, "do"), "  ", how.width);
    out += config::wrapped("See " + cell(p, "page"), "  ", how.width);
  }
  return out;
}

std::string records(const json& s) {
  const auto now = cell(s, "now");
  std::string out = "records   " + figures(part(s, "records")) + "\n";
  for (const auto& [state, w] : part(s, "waiting").items())
    out += "  " + state + ": " + cell(w, "records") + ", the oldest " +
           age_between(cell(w, "oldest"), now) + " old" +
           (w.contains("paused") ? ", paused " + cell(w, "paused") : "") +
           (w.contains("by_status") ? "; " + figures(w["by_status"]) : "") + "\n";
  if (const auto& reasons = part(s, "discarded"); !reasons.empty())
    out += "  discarded: " + figures(reasons) + "\n";
  return out;
}

std::string lanes(const json& s) {
  const auto& all = part(s, "lanes");
  std::string out = "lanes     " + cell(all, "open") + " of " + cell(all, "of") + " open";
  for (const auto& missing : all.value("missing", json::array()))
    out += ", not " + missing.get<std::string>();
  const auto& timers = part(s, "timers");
  return out + "; not read yet: " + figures(part(s, "lag")) + "\ntimers    " + cell(timers, "set") +
         " set, the next in " + age_between(cell(s, "now"), cell(timers, "next")) + "\n";
}

std::string milliseconds(const json& of, const char* name) {
  const auto found = of.find(name);
  if (found == of.end() || !found->is_number())
    return "-";
  std::array<char, 32> text{};
  (void) std::snprintf(text.data(), text.size(), "%.0f ms", found->get<double>() * 1'000);
  return text.data();
}

std::string peers(const json& s) {
  const auto now = cell(s, "now");
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, p] : part(s, "peers").items()) {
    const auto& failure = part(p, "failure");
    rows.push_back(
      {name, cell(p, "open"), cell(p, "under_way"), cell(p, "retrying"), cell(p, "held"),
       cell(p, "paused"), cell(p, "in_doubt"), age_between(cell(p, "oldest_call"), now),
       p.contains("circuits_open") ? "open" : "closed", milliseconds(p, "mean_seconds"),
       failure.empty()
         ? "-"
         : (failure.value("status", 0) == 0 ? cell(failure, "reason") : cell(failure, "status")) +
             ", " + age_between(cell(failure, "at"), now) + " ago"});
  }
  return rows.empty()
           ? ""
           : "\n" + table({"peer", ">open", ">under way", ">retrying", ">held", ">paused",
                           ">in doubt", ">oldest", "circuit", ">mean", "last failure"},
                          rows);
}

std::string letters(const json& s) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [topic, d] : part(s, "dead_letters").items())
    rows.push_back({topic, cell(d, "letters"), figures(part(d, "causes"))});
  return rows.empty() ? "" : "\n" + table({"dead letters", ">waiting", "causes"}, rows);
}

std::string instances(const json& s) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& i : s.value("instances", json::array())) {
    std::string down;
    for (const auto& [name, component] : part(i, "health").items())
      if (!component.value("up", true))
        down += (down.empty() ? "down: " : ", ") + name;
    rows.push_back({cell(i, "address"), age_text(i.value("uptime_seconds", std::int64_t{0})),
                    cell(i, "lanes_open"), milliseconds(i, "commit_seconds"),
                    bytes_text(i.value("disk_free", std::uint64_t{0})) + " of " +
                      bytes_text(i.value("disk_size", std::uint64_t{0})),
                    bytes_text(i.value("state_bytes", std::uint64_t{0})),
                    i.value("draining", false) ? "drains"
                    : !down.empty()            ? down
                    : i.value("ready", false)  ? "ready"
                                               : "not ready"});
  }
  return "\n" +
         table({"instance", ">up", ">lanes", ">commit", ">disk left", "state", "health"}, rows);
}

constexpr std::size_t warnings_shown = 5;

/// The latest of what the logs of the processes say is wrong.
std::string warnings(const json& s, const config::page& how) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto& i : s.value("instances", json::array()))
    for (const auto& w : part(i, "warnings"))
      lines.emplace_back(cell(w, "at"), age_between(cell(w, "at"), cell(s, "now")) + " ago, " +
                                          cell(i, "address") + ": " + cell(w, "event") + ": " +
                                          cell(w, "text"));
  std::ranges::sort(lines, std::greater{});
  if (lines.size() > warnings_shown)
    lines.resize(warnings_shown);
  std::string out = lines.empty() ? "" : "\nwarnings of the log, the latest first\n";
  for (const auto& [at, line] : lines)
    out += config::wrapped(line, "  ", how.width);
  return out;
}

std::string screen(const json& s, const config::page& how) {
  return head(s, how) + pauses(s, how) + problems(s, how) + "\n" + records(s) + lanes(s) +
         peers(s) + letters(s) + instances(s) + warnings(s, how);
}

/// @returns whether it is well
result<bool> look(const options& o, const remote& at, bool again) {
  SALLYPORT_TRY(const auto answer, at.get("/admin/status"));
  if (again && ::isatty(STDOUT_FILENO) == 1)
    std::cout << home_and_clear;
  o.look.print(answer, [&](const config::page& how) { return screen(answer, how); });
  return answer.value("verdict", std::string{}) == "well";
}

int show(const options& o) {
  const auto at = o.look.where.open();
  if (!at)
    return report(at.error());
  while (true) {
    const auto well = look(o, *at, o.watch);
    if (!well && !o.watch)
      return report(well.error());
    if (!well)
      (void) report(well.error()); // it may come back
    if (!o.watch)
      return *well ? exit_ok : exit_failed;
    std::this_thread::sleep_for(watch_every);
  }
}

} // namespace

void declare_status(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.footer("Example: sallyport status http://10.0.0.7:8080 --watch\nThe exit status is 1 when "
             "something is wrong.");
  sub.add_option("URL", o->look.where.url, "The address of the instance, as --url.");
  o->look.declare(sub);
  sub.add_flag("--watch", o->watch, "Again and again, until it is interrupted.");
  sub.callback([o, &code] { code = show(*o); });
}

} // namespace sallyport::command
