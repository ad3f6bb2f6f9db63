#include "engine/services/status_service.hpp"

#include "engine/observe/log.hpp"
#include "engine/services/handled_letters.hpp"
#include "engine/time/zone.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

namespace sallyport {

namespace {

using json = nlohmann::ordered_json;
using steady = std::chrono::steady_clock;

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }

std::string text_of(const json& what) {
  return what.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The lines of a page of metrics that have the name: labels as they stand there, and value.
void each_metric(const std::string& page, std::string_view name,
                 const std::function<void(std::string_view labels, double value)>& visit) {
  for (std::size_t at = 0; at < page.size();) {
    const auto end = std::min(page.find('\n', at), page.size());
    const std::string_view line{page.data() + at, end - at};
    at = end + 1;
    if (!line.starts_with(name) || line.size() == name.size() ||
        (line[name.size()] != ' ' && line[name.size()] != '{'))
      continue;
    const auto blank = line.rfind(' ');
    double value = 0;
    std::from_chars(line.data() + blank + 1, line.data() + line.size(), value);
    visit(line.substr(name.size(), blank - name.size()), value);
  }
}

double sum_of(const std::string& page, std::string_view name) {
  double sum = 0;
  each_metric(page, name, [&](std::string_view, double value) { sum += value; });
  return sum;
}

std::string label(std::string_view labels, std::string_view name) {
  const auto wanted = std::string{name} + "=\"";
  const auto at = labels.find(wanted);
  if (at == std::string_view::npos)
    return {};
  labels.remove_prefix(at + wanted.size());
  return std::string{labels.substr(0, labels.find('"'))};
}

json lag_json(const std::string& page) {
  std::map<std::string, double> by_topic;
  each_metric(page, "sallyport_lag_records", [&](std::string_view labels, double value) {
    by_topic[label(labels, "topic")] += value;
  });
  json out = json::object();
  for (const auto& [topic, records] : by_topic)
    out[topic] = static_cast<std::int64_t>(records);
  return out;
}

json json_of(const peer_board::failure& f) {
  json out{{"at", format_utc(f.at)}, {"status", f.status}};
  if (!f.reason.empty())
    out["reason"] = f.reason;
  return out;
}

void keep_earlier(json& to, const char* name, const std::string& at) {
  if (!to.contains(name) || at < to[name].get<std::string>())
    to[name] = at;
}

void keep_later(json& to, const char* name, const std::string& at) {
  if (!to.contains(name) || at > to[name].get<std::string>())
    to[name] = at;
}

void count(json& to, const std::string& name, std::int64_t by = 1) {
  auto& n = to[name];
  n = (n.is_null() ? 0 : n.get<std::int64_t>()) + by;
}

/// Open calls by peer.
status add_calls(const lanes_at_once& rows, json& peers) {
  return rows.calls([&](open_call&& c) {
    auto& peer = peers[c.peer];
    count(peer, "open");
    count(peer, std::string{to_string(c.state)});
    if (c.in_doubt)
      count(peer, "in_doubt");
    if (c.tries > 1)
      count(peer, "tried_again");
    keep_earlier(peer, "oldest_call", format_utc(c.asked));
    return true;
  });
}

/// Where the records stand, timers, circuits.
status add_stages(const lanes_at_once& rows, json& to) {
  SALLYPORT_TRY(const auto stages, rows.stages());
  for (const auto& s : stages) {
    const auto part = [&]() -> json& { return to["parts"][s.at.part]; };
    for (const auto& [term, n] : s.terms) {
      count(to["records"], term, n);
      count(part(), "records", n);
    }
    if (const auto merged = s.terms.find("superseded"); merged != s.terms.end())
      count(part(), "superseded", merged->second);
    for (const auto& [reason, n] : s.discarded) {
      count(to["discarded"], reason, static_cast<std::int64_t>(n));
      count(part()["discarded"], reason, static_cast<std::int64_t>(n));
    }
    count(to["timers"], "set", static_cast<std::int64_t>(s.timers));
    if (s.next_timer)
      keep_earlier(to["timers"], "next", format_utc(*s.next_timer));
    for (const auto& [peer, until] : s.circuits_open) {
      count(to["peers"][peer], "circuits_open");
      keep_later(to["peers"][peer], "circuit_open_until", format_utc(until));
    }
  }
  return {};
}

status add_waiting(const committed_state& state, const std::vector<waiting_records>& all,
                   json& to) {
  for (const auto& of : all)
    SALLYPORT_CHECK(of.list(*state.rows_of(of.part, of.stage), [&](waiting_record&& r) {
      auto& figures = to[r.state];
      count(figures, "records");
      keep_earlier(figures, "oldest", format_utc(r.since));
      if (r.paused)
        count(figures, "paused");
      if (!r.status.empty())
        count(figures["by_status"], r.status);
      return true;
    }));
  return {};
}

/// Dead letters that were neither sent back nor purged, by topic and cause.
json dead_letters(const log& of, const std::string& application,
                  const std::vector<std::string>& topics) {
  json out = json::object();
  auto handled = handled_letters::read(of, handled_letters::topic_of(application));
  if (!handled)
    return out;
  for (const auto& topic : topics) {
    const auto config = of.find_topic(topic);
    for (std::uint32_t p = 0; config && p < config->partitions; ++p) {
      const auto range = of.offsets({topic, p});
      const auto position = of.position(application + ".redrive", {topic, p});
      if (!range || !position)
        continue;
      const auto& beyond = handled->in({topic, p});
      const auto next =
        beyond.first_missing(std::max(range->begin, position->value_or(range->begin)));
      auto letters = range->end - next;
      for (const auto& [begin, end] : beyond.ranges())
        letters -= std::max<std::int64_t>(0, end - std::max(begin, next));
      if (letters <= 0)
        continue;
      count(out[topic], "letters", letters);
      const auto some =
        of.read({topic, p}, next, {status_service::letters_looked_at, std::size_t{4} << 20U});
      if (!some)
        continue;
      for (const auto& letter : *some)
        if (!beyond.contains(letter.offset))
          count(out[topic]["causes"],
                std::string{letter.rec.find("sallyport-cause").value_or("unknown")});
    }
  }
  return out;
}

/// Sums numbers; of times and other texts the earlier stays.
void add_figures(json& to, const json& more) {
  for (const auto& [name, value] : more.items()) {
    if (!to.contains(name)) {
      to[name] = value;
    } else if (value.is_object()) {
      add_figures(to[name], value);
    } else if (value.is_number_integer()) {
      to[name] = to[name].get<std::int64_t>() + value.get<std::int64_t>();
    } else if (value.is_number()) {
      to[name] = std::max(to[name].get<double>(), value.get<double>());
    } else if (value.is_string()) {
      const auto a = to[name].get<std::string>();
      const auto b = value.get<std::string>();
      to[name] =
        name.starts_with("last") || name.ends_with("until") ? std::max(a, b) : std::min(a, b);
    }
  }
}

} // namespace

status_service::status_service(settings with)
  : with_(std::move(with)), others_(with_.others), started_(with_.clock.now()),
    started_steady_(steady::now()) {}

void status_service::serve_on(http_server& server) {
  server.route({"GET",
                "/admin/status",
                access::operators(),
                {"admin",
                 "Whether the application is well, and if not, what is wrong and what helps.",
                 {},
                 {{200, "figures, pauses, problems: worst first"}}},
                [this](const http_request& r) { return answer(r); }});
}

/// What is scanned for, at most so often that scans take a tenth of a core.
json status_service::measured(wall_time now) {
  const std::lock_guard one{measuring_};
  const auto began = steady::now();
  if (!measured_.empty() && began < measure_again_)
    return json::parse(measured_, nullptr, false);
  json out{{"records", json::object()}, {"timers", json::object()},    {"waiting", json::object()},
           {"peers", json::object()},   {"discarded", json::object()}, {"parts", json::object()}};
  const auto rows = with_.lanes.look(now);
  auto read = add_calls(*rows, out["peers"]);
  if (read)
    read = add_stages(*rows, out);
  if (read)
    read = add_waiting(with_.state, with_.waiting, out["waiting"]);
  if (!read)
    out["unread"] = read.error().what;
  measured_ = text_of(out);
  const auto ended = steady::now();
  measure_again_ = ended + rest_factor * (ended - began);
  return out;
}

json status_service::instance_json(const std::string& page, wall_time now) {
  json out{
    {"address", with_.address()},
    {"version", with_.version},
    {"started", format_utc(started_)},
    {"uptime_seconds",
     std::chrono::duration_cast<std::chrono::seconds>(steady::now() - started_steady_).count()},
    {"ready", with_.health.ready()},
    {"draining", with_.draining()},
    {"lanes_open", with_.lanes_here().size()}};
  std::error_code ec;
  if (const auto space = std::filesystem::space(with_.state_folder, ec); !ec) {
    out["disk_free"] = space.available;
    out["disk_size"] = space.capacity;
  }
  out["state_bytes"] = static_cast<std::int64_t>(sum_of(page, "sallyport_rocksdb_bytes"));
  const auto commits = sum_of(page, "sallyport_commit_seconds_count");
  out["commits"] = static_cast<std::int64_t>(commits);
  out["commit_seconds"] =
    commits > 0 ? sum_of(page, "sallyport_commit_seconds_sum") / commits : 0.0;
  out["commit_failures"] =
    static_cast<std::int64_t>(sum_of(page, "sallyport_commit_failures_total"));
  out["lane_failures"] = static_cast<std::int64_t>(sum_of(page, "sallyport_lane_failures_total"));
  const auto drift = seconds((now - started_) -
                             std::chrono::duration_cast<duration>(steady::now() - started_steady_));
  out["clock_set_by_seconds"] = std::llround(drift);
  json health = json::object();
  for (const auto& [name, report] : with_.health.check().components) {
    health[name] = {{"up", report.up}};
    for (const auto& [detail, value] : report.details)
      health[name][detail] = value;
  }
  out["health"] = std::move(health);
  out["warnings"] = json::array();
  for (auto& w : observe::latest_warnings())
    out["warnings"].push_back({{"at", w.time}, {"event", w.event}, {"text", std::move(w.text)}});
  return out;
}

json status_service::own() {
  const auto now = with_.clock.now();
  const auto page = with_.metrics.text();
  auto out = measured(now);
  out["instances"] = json::array({instance_json(page, now)});
  out["lag"] = lag_json(page);
  out["difference"] = static_cast<std::int64_t>(sum_of(page, "sallyport_conservation_difference"));
  out["lanes"] = json::array();
  for (const auto& [part, partition] : with_.lanes_here())
    out["lanes"].push_back(part + "/" + std::to_string(partition));
  std::map<std::string, std::int64_t> given_up;
  each_metric(page, "sallyport_calls_total", [&](std::string_view labels, double value) {
    if (label(labels, "outcome") == "unknown")
      given_up[label(labels, "peer")] += static_cast<std::int64_t>(value);
  });
  for (const auto& [peer, seen] : with_.peers.list()) {
    auto& figures = out["peers"][peer];
    figures["tries"] = seen.tries;
    figures["mean_seconds"] = seen.seconds;
    figures["given_up"] = given_up[peer];
    if (seen.last_good)
      figures["last_good"] = format_utc(*seen.last_good);
    if (seen.last_failure)
      figures["failure"] = json_of(*seen.last_failure);
    if (seen.last_unauthorized)
      figures["unauthorized"] = json_of(*seen.last_unauthorized);
  }
  return out;
}

http_response status_service::answer(const http_request& request) {
  const auto now = with_.clock.now();
  auto all = own();
  http_response made;
  if (!request.parameter("here")) {
    auto others = others_.ask(request, "/admin/status");
    for (const auto& other : others.all)
      add_status(all, other);
    json open = std::move(all["lanes"]);
    json missing = json::array();
    for (const auto& lane : with_.all_lanes) {
      const auto name = lane.part + "/" + std::to_string(lane.source.partition);
      if (std::ranges::find(open, json(name)) == open.end())
        missing.push_back(name);
    }
    all["lanes"] = {{"of", with_.all_lanes.size()}, {"open", open.size()}, {"missing", missing}};
    all["not_told"] = std::move(others.missing);
    all["dead_letters"] = dead_letters(with_.of, with_.application, with_.dead_letter_topics);
    json pauses = json::array();
    for (const auto& p : with_.control.pauses())
      pauses.push_back(
        {{"what", p.what}, {"reason", p.why.reason}, {"by", p.why.by}, {"at", format_utc(p.at)}});
    auto problems = problems_of(all, now);
    const bool well =
      std::ranges::none_of(problems, [](const json& p) { return p["severity"] != "note"; });
    json head{{"application", with_.application}, {"version", with_.version},
              {"now", format_utc(now)},           {"verdict", well ? "well" : "not well"},
              {"pauses", std::move(pauses)},      {"problems", std::move(problems)}};
    head.update(all);
    all = std::move(head);
  }
  made.body = text_of(all) + "\n";
  return made;
}

void add_status(json& to, const json& more) {
  for (const char* list : {"instances", "lanes"})
    if (const auto some = more.find(list); some != more.end() && some->is_array())
      for (const auto& one : *some)
        to[list].push_back(one);
  for (const char* figures : {"records", "timers", "waiting", "peers", "discarded", "parts", "lag"})
    if (const auto some = more.find(figures); some != more.end() && some->is_object())
      add_figures(to[figures], *some);
  to["difference"] = to.value("difference", 0) + more.value("difference", 0);
}

} // namespace sallyport
