#include "engine/services/status_service.hpp"

#include "engine/time/zone.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <initializer_list>

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
constexpr double discard_share_all = 0.95;
constexpr duration held_long = 1h;
/// So long after its last good answer a peer is no longer one that answers others.
constexpr duration good_is_news = 2min;
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
    add_held();
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
                      {"page", "docs/operating/" + page + ".md"}});
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
      add_connectors(i);
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
            said_of({"epoch.dropped"}), "commits-fail");
      if (i.value("draining", false))
        add("note", name + " drains", "It gives its lanes away and stops.", "wait", "it-is-paused");
    }
  }

  /// Why a lane or a commit failed last, as the log of the process of an instance has it.
  [[nodiscard]] std::string said_of(std::initializer_list<std::string_view> events) const {
    std::string last;
    std::string said = "the log of the process says why";
    for (const auto& i : status_.value("instances", json::array()))
      for (const auto& w : i.value("warnings", json::array())) {
        const auto event = w.value("event", std::string{});
        const auto at = w.value("at", std::string{});
        if (std::ranges::find(events, event) == events.end() || at <= last)
          continue;
        last = at;
        said = "mend its last reason: " + event + ": " + w.value("text", std::string{});
      }
    return said;
  }

  void add_connectors(const json& i) {
    const auto health = i.value("health", json::object());
    const auto ended = health.find("connectors");
    if (ended == health.end())
      return;
    for (const auto& [name, why] : ended->items())
      if (why.is_string())
        add("error", "the connector " + name + " ended: " + why.get<std::string>(),
            "Its records wait where they are; its position is kept.",
            "mend the cause, then restart the instance", "a-connector-ended");
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
          said_of({"lane.failed", "lane.open_failed", "epoch.dropped"}), "a-lane-restarts");
    std::int64_t failures = 0;
    for (const auto& i : status_.value("instances", json::array()))
      failures += i.value("lane_failures", std::int64_t{0});
    if (failures > 0)
      add("warning", "lanes failed " + std::to_string(failures) + " times since the start",
          "A lane that fails goes on from its last commit; one record may do it every time.",
          said_of({"lane.failed", "lane.open_failed", "epoch.dropped"}), "a-lane-restarts");
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
    const auto refused = add_refusal(name, peer);
    if (!refused)
      add_failures(name, peer);
    if (const auto mean = peer.value("mean_seconds", 0.0); mean > slow_seconds)
      add("warning", name + " is slow: a try takes " + shown(peer["mean_seconds"]) + " s",
          "Its calls, and the records that wait for them, take so long; others go on.",
          "ask whoever runs it; sallyport pause " + name + " spares it", "a-peer-is-slow");
    if (peer.value("in_doubt", std::int64_t{0}) > 0)
      add("note",
          std::to_string(peer.value("in_doubt", std::int64_t{0})) + " calls to " + name +
            " may have been done, and are asked for again",
          "They had no clear answer. They are repeated under the same idempotency key.",
          "sallyport calls --in-doubt --peer " + name, "a-call-is-in-doubt");
  }

  /// @returns whether the peer, or its sign-in, refuses who we are
  bool add_refusal(const std::string& name, const json& peer) {
    const auto no = peer.find("unauthorized");
    if (no == peer.end())
      return false;
    const auto at = no->value("at", std::string{});
    if (at <= peer.value("last_good", std::string{}) && !recent(at))
      return false;
    const auto status = no->value("status", 0);
    add("error",
        status != 0 ? name + " refused us: " + std::to_string(status)
                    : "no token for " + name + ": " + no->value("reason", std::string{}),
        status == 403   ? "The token is good, but its client lacks a role."
        : status == 401 ? "The peer does not take our token."
                        : "The sign-in does not take the client's id or secret.",
        status == 403 ? "ask for the role of our client at " + name
                      : "compare client_id, client_secret and token_url of the config with the "
                        "sign-in; restart after a change",
        "a-token-is-refused");
    return true;
  }

  void add_failures(const std::string& name, const json& peer) {
    const auto why = reason_of(peer);
    const auto good = peer.value("last_good", std::string{});
    const auto failed = failed_at(peer);
    const auto given_up = peer.value("given_up", std::int64_t{0});
    const auto open = std::to_string(peer.value("open", std::int64_t{0}));
    if (peer.contains("circuits_open"))
      add("error", "the circuit to " + name + " is open" + why,
          "The peer is down or fails: " + open +
            " calls wait, nothing is lost. One is let through now and then, and the rest follow "
            "when it is answered.",
          "tell whoever runs it; sallyport calls --peer " + name +
            " shows the calls; to spare the peer: sallyport pause " + name,
          "a-peer-is-down");
    else if (failed > good && good < format_utc(now_ - quiet_max))
      add("error", name + " has not answered well for a minute" + why,
          "The peer is down or fails. Calls are made again; " + open + " are open.",
          "tell whoever runs it; sallyport calls --peer " + name + " shows the calls",
          "a-peer-is-down");
    else if (const auto again = peer.value("tried_again", std::int64_t{0}); again > 0)
      add("warning",
          std::to_string(again) + " calls to " + name + " are tried again and again" + why,
          "The peer answers others: it refuses these, or answers now and then.",
          "sallyport calls --peer " + name + " --tries-min 2", "a-peer-refuses-one-booking");
    else if (recent(failed) && given_up > 0 && good >= format_utc(now_ - good_is_news))
      add("warning",
          name + " answers, but " + std::to_string(given_up) +
            " calls were given up since the start" + why,
          "It refuses some bookings. Their records wait for their next attempt.",
          "sallyport waiting and sallyport timers show the records", "a-peer-refuses-one-booking");
    else if (failed > good)
      add("warning", name + " failed the last try" + why, "Calls are made again.",
          "sallyport calls --peer " + name, "a-peer-is-down");
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
      auto what = std::to_string(figures.value("letters", std::int64_t{0}));
      what.append(" dead letters in ").append(topic).append(causes);
      add("warning", what, "Nobody works on them until someone sends them back or puts them aside.",
          "sallyport dead-letter list " + topic, "dead-letters");
    }
  }

  void add_held() {
    const auto held = of("waiting").value("held", json::object());
    const auto oldest = held.value("oldest", std::string{});
    if (!oldest.empty() && oldest < format_utc(now_ - held_long))
      add("warning",
          std::to_string(held.value("records", std::int64_t{0})) +
            " records are held back, the oldest since " + oldest,
          "Longer than is usual: the time that is set is long, or events of the key come all the "
          "time.",
          "sallyport timers shows when they go on; compare with the config", "held-too-long");
  }

  /// A rule that lets most records go may be set wrongly; copies are let go as well.
  void add_discards() {
    for (const auto& [part, figures] : of("parts").items()) {
      const auto all = figures.value("records", std::int64_t{0});
      std::int64_t copies = figures.value("superseded", std::int64_t{0});
      std::int64_t gone = 0;
      std::vector<std::pair<std::int64_t, std::string>> reasons;
      const auto discarded = figures.value("discarded", json::object());
      for (const auto& [reason, n] : discarded.items()) {
        const bool copy = reason.find("repeat") != std::string::npos ||
                          reason.find("duplicate") != std::string::npos;
        (copy ? copies : gone) += n.get<std::int64_t>();
        if (!copy)
          reasons.emplace_back(n.get<std::int64_t>(), reason);
      }
      const auto share = [all](std::int64_t n) {
        return n < discards_min ? 0.0 : static_cast<double>(n) / static_cast<double>(all);
      };
      const auto some = [&](std::int64_t n) {
        return std::to_string(n) + " of " + std::to_string(all) + " records of " + part;
      };
      if (share(gone) > discard_share) {
        std::ranges::sort(reasons, std::greater{});
        add(share(gone) > discard_share_all ? "warning" : "note",
            some(gone) + " were discarded: " + reasons.front().second + " " +
              std::to_string(reasons.front().first) + (reasons.size() > 1 ? ", …" : ""),
            "A rule of the topology let them go. A list of prisons or types may be set wrongly.",
            "compare the settings of the config with what is meant", "most-records-are-discarded");
      }
      if (share(copies) > discard_share)
        add("note", some(copies) + " were copies, or gave way to newer ones",
            "A sender sends again what it sent. Nothing is done twice.",
            "find out which sender repeats; nothing is to be mended here", "input-comes-twice");
    }
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
