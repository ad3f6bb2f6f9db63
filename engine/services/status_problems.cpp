#include "engine/services/status_service.hpp"

#include "engine/time/zone.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace sallyport {

namespace {

using json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr std::array<std::string_view, 3> severities{"error", "warning", "note"};

constexpr double disk_share_min = 0.1;
constexpr std::uint64_t disk_free_min = 1ULL << 30U;
constexpr std::uint64_t disk_free_stops = 64ULL << 20U; ///< as the component `diskSpace`
constexpr std::int64_t lag_records_many = 10'000;
constexpr double slow_seconds = 2;
constexpr std::int64_t clock_seconds_max = 5;
/// Discards that are a good part of all records may be a rule that was set wrongly.
constexpr std::int64_t discards_min = 20;
constexpr double discard_share = 0.5;
constexpr duration late_max = 60s;
constexpr duration failure_is_news = 5min;
constexpr duration quiet_max = 1min; ///< of good answers, while there are bad ones

class problems {
public:
  problems(const json& status, wall_time now) : status_(status), now_(now) {}

  std::vector<json> all() {
    add_instances();
    add_lanes();
    for (const auto& [name, peer] : of("peers").items())
      add_peer(name, peer);
    add_timers();
    add_letters();
    add_discards();
    std::ranges::stable_sort(found_, {}, [](const json& p) {
      return std::ranges::find(severities, p["severity"].get<std::string>());
    });
    return std::move(found_);
  }

private:
  /// A part of the status that is an object; an empty one if it is not there.
  [[nodiscard]] const json& of(const char* name) const {
    static const json nothing = json::object();
    const auto at = status_.find(name);
    return at != status_.end() && at->is_object() ? *at : nothing;
  }

  void add(std::string_view severity, const std::string& what, const std::string& means,
           const std::string& act, const std::string& page) {
    found_.push_back({{"severity", severity},
                      {"what", what},
                      {"means", means},
                      {"do", act},
                      {"page", "docs/operating.md#" + page}});
  }

  [[nodiscard]] bool recent(const std::string& at) const {
    return at >= format_utc(now_ - failure_is_news);
  }

  void add_instances() {
    for (const auto& missing : status_.value("not_told", json::array()))
      add("error",
          missing.value("instance", "an instance") +
            " does not answer: " + missing.value("why", std::string{}),
          "What follows tells nothing of its lanes.",
          "see whether its process runs; another takes its lanes when it is gone",
          "an-instance-does-not-answer");
    for (const auto& i : status_.value("instances", json::array())) {
      const auto name = i.value("address", std::string{});
      add_disk(i, name);
      if (const auto by = i.value("clock_set_by_seconds", std::int64_t{0});
          std::abs(by) > clock_seconds_max)
        add("warning",
            "the clock of " + name + " was set " + (by > 0 ? "forward" : "back") + " by " +
              std::to_string(std::abs(by)) + " s since the start",
            "Timers go by the clock: they fired early, or fire late, by so much.",
            "set it right; sallyport timers --overdue shows what is late", "the-clock-jumped");
      if (i.value("commit_failures", std::int64_t{0}) > 0)
        add("note",
            std::to_string(i.value("commit_failures", std::int64_t{0})) + " commits of " + name +
              " failed since its start",
            "The work went on from the commit before; nothing was lost.",
            "the log of the process says why (epoch.dropped)", "commits-fail");
      if (i.value("draining", false))
        add("note", name + " drains", "It gives its lanes away and stops.", "wait", "drain");
    }
  }

  void add_disk(const json& i, const std::string& name) {
    const auto free = i.value("disk_free", std::uint64_t{UINT64_MAX});
    const auto size = i.value("disk_size", std::uint64_t{0});
    const auto mib =
      std::to_string(free >> 20U) + " MiB left on the disk of the state folder of " + name;
    if (free <= disk_free_stops)
      add("error", "only " + mib, "Nothing more is taken in until there is room.",
          "make room; it goes on by itself", "the-disk-is-nearly-full");
    else if (free < disk_free_min ||
             static_cast<double>(free) < disk_share_min * static_cast<double>(size))
      add("warning", mib, "Without room nothing is taken in.",
          "make room, or give topics a retention", "the-disk-is-nearly-full");
  }

  void add_lanes() {
    if (const auto& missing = of("lanes").value("missing", json::array()); !missing.empty())
      add("error",
          std::to_string(missing.size()) + " lanes are not open: " +
            missing.front().get<std::string>() + (missing.size() > 1 ? ", …" : ""),
          "Their records wait. They are restored, or fail again and again.",
          "the log of the process says why (lane.failed, lane.open_failed)", "a-lane-restarts");
    std::int64_t failures = 0;
    for (const auto& i : status_.value("instances", json::array()))
      failures += i.value("lane_failures", std::int64_t{0});
    if (failures > 0)
      add("warning", "lanes failed " + std::to_string(failures) + " times since the start",
          "A lane that fails goes on from its last commit; one record may do it every time.",
          "the log of the process says why (lane.failed)", "a-lane-restarts");
    if (status_.value("difference", std::int64_t{0}) != 0)
      add("error", "the records do not add up (conservation difference)",
          "A mistake of the engine.", "keep a copy of the state folder and report it",
          "the-records-do-not-add-up");
    for (const auto& [topic, records] : of("lag").items())
      if (records.get<std::int64_t>() > lag_records_many)
        add("warning",
            std::to_string(records.get<std::int64_t>()) + " records of " + topic +
              " wait to be read",
            "Lanes are slower than the input, or wait.",
            "sallyport status --watch shows whether it falls", "the-lag-grows");
  }

  void add_peer(const std::string& name, const json& peer) {
    const auto since = peer.value("last_good", std::string{});
    if (const auto no = peer.find("unauthorized"); no != peer.end()) {
      const auto at = no->value("at", std::string{});
      if (at > since || recent(at))
        add("error", name + " refused us: " + std::to_string(no->value("status", 401)),
            "Our token is not taken, or lacks a role.",
            "look at the client's credentials in the config and at the peer's sign-in",
            "a-token-is-refused");
    }
    const auto why = reason_of(peer);
    const auto open = peer.value("open", std::int64_t{0});
    if (peer.contains("circuits_open"))
      add(
        "error", "the circuit to " + name + " is open" + why,
        "The peer is down or fails: " + std::to_string(open) +
          " calls wait. One is let through now and then, and the rest follow when it is answered.",
        "nothing is lost; sallyport calls --peer " + name +
          " shows them; to spare the peer: sallyport pause " + name,
        "a-peer-is-down");
    else if (!why.empty() && failed_at(peer) > since && since < format_utc(now_ - quiet_max))
      add("error", name + " has not answered well for a minute" + why,
          "The peer is down or fails. Calls are made again; " + std::to_string(open) + " are open.",
          "nothing is lost; sallyport calls --peer " + name + " shows them", "a-peer-is-down");
    else if (const auto again = peer.value("tried_again", std::int64_t{0}); again > 0)
      add("warning",
          std::to_string(again) + " calls to " + name + " are tried again and again" + why,
          "The peer answers others: it refuses these, or answers now and then.",
          "sallyport calls --peer " + name + " --tries-min 2", "a-peer-refuses-one-booking");
    else if (const auto failure = peer.find("failure");
             failure != peer.end() && failure->value("at", std::string{}) > since)
      add("warning", name + " failed the last try" + why, "Calls are made again.",
          "sallyport calls --peer " + name, "a-peer-is-down");
    if (peer.value("mean_seconds", 0.0) > slow_seconds)
      add("warning", name + " is slow", "Calls to it take " + shown(peer["mean_seconds"]) + " s.",
          "ask whoever runs it; sallyport pause " + name + " spares it", "a-peer-is-slow");
    if (peer.value("in_doubt", std::int64_t{0}) > 0)
      add("note",
          std::to_string(peer.value("in_doubt", std::int64_t{0})) + " calls to " + name +
            " may have been done, and are asked for again",
          "They had no clear answer. They are repeated under the same idempotency key.",
          "sallyport calls --in-doubt --peer " + name, "a-call-is-in-doubt");
  }

  static std::string shown(const json& number) {
    const auto tenths = static_cast<std::int64_t>(number.get<double>() * 10);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
  }

  static std::string failed_at(const json& peer) {
    const auto failure = peer.find("failure");
    return failure == peer.end() ? std::string{} : failure->value("at", std::string{});
  }

  /// What the last failed try says.
  static std::string reason_of(const json& peer) {
    const auto failure = peer.find("failure");
    if (failure == peer.end())
      return {};
    const auto status = failure->value("status", 0);
    return status != 0 ? "; it answers " + std::to_string(status)
                       : "; no answer: " + failure->value("reason", std::string{"unknown"});
  }

  void add_timers() {
    const auto next = of("timers").value("next", std::string{});
    if (!next.empty() && next < format_utc(now_ - late_max))
      add("warning", "timers are late: the first was due " + next,
          "Lanes are busy or not open, or the clock was set forward.", "sallyport timers --overdue",
          "held-too-long");
  }

  void add_letters() {
    for (const auto& [topic, figures] : of("dead_letters").items()) {
      std::string causes;
      const auto by_cause = figures.value("causes", json::object());
      for (const auto& [cause, n] : by_cause.items())
        causes.append(causes.empty() ? ": " : ", ").append(cause).append(" ").append(n.dump());
      add("warning",
          std::to_string(figures.value("letters", std::int64_t{0})) + " dead letters in " + topic +
            causes,
          "Nobody works on them until someone sends them back or puts them aside.",
          "sallyport dead-letter list " + topic, "dead-letters");
    }
  }

  void add_discards() {
    std::int64_t all = 0;
    for (const auto& [term, n] : of("records").items())
      all += n.get<std::int64_t>();
    for (const auto& [reason, n] : of("discarded").items())
      if (n.get<std::int64_t>() >= discards_min &&
          static_cast<double>(n.get<std::int64_t>()) > discard_share * static_cast<double>(all))
        add("note",
            std::to_string(n.get<std::int64_t>()) + " of " + std::to_string(all) +
              " records were discarded: " + reason,
            "A rule of the topology let them go. Right for duplicates; a list in the config may be "
            "wrong.",
            "look at the settings in sallyport status --format json, /info and the topology's "
            "README",
            "most-records-are-discarded");
  }

  const json& status_;
  wall_time now_;
  std::vector<json> found_;
};

} // namespace

std::vector<json> problems_of(const json& status, wall_time now) {
  return problems{status, now}.all();
}

} // namespace sallyport
