#include "tests/support/stand.hpp"

#include "tests/support/wait.hpp"

#include <csignal>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace sallyport::test {

namespace {

using namespace std::chrono_literals;

/// Never within a test: a leap day's midnight.
constexpr const char* no_cron = "0 0 0 29 2 *";

bool changes_something(const nlohmann::json& request) {
  return request["method"] != "GET" && request["peer"] == "community-api";
}

std::string content_of(const nlohmann::json& request) {
  return request["method"].get<std::string>() + " " + request["path"].get<std::string>() + " " +
         request["body"].dump();
}

/// Keys by what was asked, and how often each was asked.
using keys_by_content = std::map<std::string, std::vector<std::string>>;

keys_by_content writes_of(const std::vector<nlohmann::json>& requests) {
  keys_by_content all;
  for (const auto& r : requests)
    if (changes_something(r))
      all[content_of(r)].push_back(r["idempotencyKey"].dump());
  return all;
}

} // namespace

// -- the peers ------------------------------------------------------------------------------------

peers::peers(std::vector<std::string> options) {
  const auto out = files_.path() / "out";
  process_.emplace(process::command{
    program("sallyport_simulator"), std::move(options), {}, out, files_.path() / "err"});
  const bool up = eventually([&] { return text_of(out).ends_with("\n"); }, 30s, 5ms);
  if (!up)
    throw std::runtime_error{"the simulator did not start: " + text_of(files_.path() / "err")};
  url_ = nlohmann::json::parse(text_of(out))["url"].get<std::string>();
  port_ = port_behind(url_, "http:");
}

std::string peers::state() const { return http().get("/simulator/state").body; }

std::vector<nlohmann::json> peers::requests() const {
  auto all = ndjson(http().get("/simulator/requests").body);
  std::erase_if(all, [](const auto& r) { return r["peer"] == "oauth"; });
  return all;
}

void peers::set_fault(const nlohmann::json& fault) const {
  if (const auto said = http().put("/simulator/faults", fault); said.status != 200)
    throw std::runtime_error{"the simulator refused a fault: " + said.body};
}

// -- events ---------------------------------------------------------------------------------------

std::vector<std::string> events_of(const std::vector<std::string>& population, std::size_t count,
                                   std::size_t poison) {
  std::vector<std::string> arguments{"events", "--count", std::to_string(count), "--poison",
                                     std::to_string(poison)};
  arguments.insert(arguments.end(), population.begin(), population.end());
  const auto made = run(program("sallyport_simulator"), arguments);
  std::vector<std::string> lines;
  for (const auto& line : ndjson(made.out))
    lines.push_back(line.dump());
  if (lines.size() != count + poison)
    throw std::runtime_error{"the simulator made no events: " + made.err};
  return lines;
}

std::vector<std::string> first_of_each_booking(std::vector<std::string> events) {
  std::set<std::int64_t> seen;
  std::erase_if(events, [&](const std::string& line) {
    const auto envelope = nlohmann::json::parse(line);
    const auto message = nlohmann::json::parse(envelope["Message"].get<std::string>());
    return !message.contains("bookingId") ||
           !seen.insert(message["bookingId"].get<std::int64_t>()).second;
  });
  return events;
}

// -- figures --------------------------------------------------------------------------------------

bool figures::settled(std::size_t posted) const {
  return std::cmp_equal(received, posted) && arrived == passed && held == 0 && in_call == 0 &&
         lag == 0;
}

std::string to_string(const figures& f) {
  std::string text;
  const auto add = [&](const char* name, std::int64_t value) {
    text += std::string{name} + " " + std::to_string(value) + ", ";
  };
  add("received", f.received);
  add("arrived", f.arrived);
  add("passed", f.passed);
  add("updated", f.updated);
  add("superseded", f.superseded);
  add("held", f.held);
  add("in_call", f.in_call);
  add("waiting", f.waiting);
  add("discarded", f.discarded);
  add("dead", f.dead);
  add("lag", f.lag);
  add("difference", f.difference);
  return text;
}

// -- the instance ---------------------------------------------------------------------------------

instance::instance(const std::string& url, settings more) : folder_(files_.path() / "state") {
  settings_ = {
    {"PRISON_API_URL", url},
    {"COMMUNITY_API_URL", url},
    {"OFFENDER_SEARCH_URL", url},
    {"OAUTH_URL", url},
    {"OAUTH_CLIENT_ID", "sallyport"},
    {"OAUTH_CLIENT_SECRET", "sallyport"},
    {"SALLYPORT_STATE_DIR", folder_.string()},
    {"SALLYPORT_HTTP_PORT", "0"},
    // Long enough for two events of a booking that pass the part intake in two lanes.
    {"HOLD_BACK", "500ms"},
    {"RETRY_SHORT_CRON", no_cron},
    {"RETRY_MEDIUM_CRON", no_cron},
    {"RETRY_LONG_CRON", no_cron},
  };
  for (auto& [name, value] : more)
    settings_[name] = value;
}

instance::settings instance::environment() const { return settings_; }

bool instance::start(const std::string& fault) {
  log_ = files_.path() / ("log." + std::to_string(++starts_));
  auto environment = settings_;
  if (!fault.empty())
    environment["SALLYPORT_FAULT"] = fault;
  port_ = 0;
  process_.emplace(process::command{
    program("sallyport"),
    {"run", std::string{SALLYPORT_SOURCE_DIR} + "/configs/prison-to-probation.embedded.yaml"},
    std::move(environment),
    log_,
    log_});
  return await_start();
}

bool instance::await_start() {
  port_ = await_started(*process_, log_);
  return port_ != 0;
}

bool instance::post(const std::vector<std::string>& events, const std::string& key,
                    const std::string& record_key) const {
  std::string body;
  for (const auto& line : events)
    body += line + "\n";
  std::string path = "/ingress/prison-offender-events";
  if (!record_key.empty())
    path += "?key=" + record_key;
  return http().post(path, body, "application/x-ndjson", {{"Idempotency-Key", key}}).status == 200;
}

std::optional<figures> instance::look() const {
  const auto got = http().get("/metrics");
  if (got.status != 200)
    return std::nullopt;
  const metrics_page page{got.body};
  const auto count = [&](const char* name, const metrics_page::labels& with) {
    return static_cast<std::int64_t>(page.sum(name, with));
  };
  const auto term = [&](const char* of, const char* part) {
    return count("sallyport_records", {{"part", part}, {"term", of}});
  };
  const auto both = [&](const char* of) { return term(of, "intake") + term(of, "custody"); };
  figures f;
  f.received = count("sallyport_records_received", {{"part", "intake"}});
  f.arrived = count("sallyport_records_received", {{"part", "custody"}});
  f.passed = term("done", "intake");
  f.updated = term("done", "custody");
  f.superseded = both("superseded");
  f.held = both("held");
  f.in_call = both("in_call");
  f.waiting = both("waiting");
  f.discarded = both("discarded");
  f.dead = both("dead");
  f.lag = count("sallyport_lag_records", {});
  f.difference = count("sallyport_conservation_difference", {});
  return f;
}

bool instance::settles(std::size_t posted, std::chrono::milliseconds within) {
  std::optional<figures> now;
  (void) eventually(
    [&] {
      now = look();
      return (now && now->settled(posted)) || !process_->running();
    },
    within, 30ms);
  return now && now->settled(posted);
}

std::optional<exit_status> instance::stop() {
  process_->signal(SIGTERM);
  return process_->wait();
}

std::vector<nlohmann::json> instance::log(const std::string& topic) const {
  return ndjson(http().get("/log/" + topic + "?limit=100000").body);
}

std::vector<std::string> instance::domain_events() const {
  std::vector<std::string> all;
  for (auto& line : log("probation-case-events")) {
    line["value"].erase("occurredAt");
    all.push_back(line["value"].dump());
  }
  std::ranges::sort(all);
  return all;
}

// -- what must hold -------------------------------------------------------------------------------

std::string difference(const facts& found, const facts& wanted) {
  constexpr std::size_t shown_max = 10;
  std::vector<std::string> shown;
  const auto add = [&](const std::string& mark, const std::vector<std::string>& a,
                       const std::vector<std::string>& b) {
    std::vector<std::string> only;
    std::ranges::set_difference(a, b, std::back_inserter(only));
    for (const auto& line : only)
      shown.push_back(mark + line);
  };
  const auto lines = [](const std::string& text) {
    std::istringstream in{text};
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);)
      all.push_back(line);
    std::ranges::sort(all);
    return all;
  };
  add("- ", lines(wanted.delius), lines(found.delius));
  add("+ ", lines(found.delius), lines(wanted.delius));
  add("- ", wanted.domain_events, found.domain_events);
  add("+ ", found.domain_events, wanted.domain_events);
  std::string text;
  for (std::size_t i = 0; i < std::min(shown.size(), shown_max); ++i)
    text += "\n" + shown[i];
  return text;
}

std::string difference_in_doubt(facts found, facts wanted) {
  const auto without_crn = [](std::string& event) {
    auto value = nlohmann::json::parse(event);
    if (value["eventType"] == "probation-case.prison-identifier.updated") {
      auto& identifiers = value["personReference"]["identifiers"];
      if (identifiers.size() > 1)
        identifiers.erase(0);
      event = value.dump();
    }
  };
  std::vector<std::string> doubtful;
  for (const auto& event : found.domain_events) {
    auto same = event;
    without_crn(same);
    if (same == event && event.find("identifier.updated") != std::string::npos)
      doubtful.push_back(event);
  }
  for (auto* events : {&found.domain_events, &wanted.domain_events}) {
    std::ranges::for_each(*events, without_crn);
    std::ranges::sort(*events);
  }
  for (const auto& event : doubtful)
    if (std::ranges::count(wanted.domain_events, event) == 0 &&
        std::ranges::count(found.domain_events, event) == 1)
      std::erase(found.domain_events, event);
  return difference(found, wanted);
}

facts facts_of(const peers& of, const instance& in) { return {of.state(), in.domain_events()}; }

facts undisturbed(const std::vector<std::string>& population,
                  const std::vector<std::string>& events) {
  const peers simulated{population};
  instance one{simulated.url()};
  if (!one.start() || !one.post(events, "all", "in-order") || !one.settles(events.size()))
    throw std::runtime_error{"the undisturbed run did not settle: " + one.said()};
  auto found = facts_of(simulated, one);
  if (found.delius.empty())
    throw std::runtime_error{"the simulator does not tell its state"};
  return found;
}

std::vector<std::string> repeated_under_other_keys(const std::vector<nlohmann::json>& requests) {
  std::vector<std::string> found;
  for (const auto& [content, keys] : writes_of(requests))
    if (keys.front() == "null" ||
        std::ranges::any_of(keys, [&](const auto& key) { return key != keys.front(); }))
      found.push_back(content);
  return found;
}

std::vector<std::string> keys_of_different_calls(const std::vector<nlohmann::json>& requests) {
  std::map<std::string, std::string> contents;
  std::vector<std::string> found;
  for (const auto& r : requests) {
    if (r["idempotencyKey"].is_null())
      continue;
    const auto key = r["idempotencyKey"].get<std::string>();
    const auto& first = contents.try_emplace(key, content_of(r)).first->second;
    if (first != content_of(r))
      found.push_back(key + ": " + first + ", " + content_of(r));
  }
  return found;
}

std::size_t count_writes(const std::vector<nlohmann::json>& requests) {
  return static_cast<std::size_t>(std::ranges::count_if(requests, changes_something));
}

std::size_t repeated_writes(const std::vector<nlohmann::json>& requests) {
  std::size_t count = 0;
  for (const auto& [content, keys] : writes_of(requests))
    count += keys.size() > 1 ? 1U : 0U;
  return count;
}

} // namespace sallyport::test
