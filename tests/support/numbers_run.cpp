#include "tests/support/numbers_run.hpp"

#include "tests/support/kafka_broker.hpp"
#include "tests/support/wait.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace sallyport::test {

namespace {

using namespace std::chrono_literals;

constexpr std::int32_t partitions = 4;
constexpr auto load_step = 20ms;
constexpr auto look_every = 250ms;
constexpr std::size_t problems_shown_max = 12;
constexpr std::size_t said_max = 6'000;

std::string name_of(unsigned key) { return "k" + std::to_string(key); }

kafka_record number(unsigned key, unsigned n) {
  const auto name = name_of(key);
  const nlohmann::json value{{"key", name}, {"n", n}, {"id", name + "-" + std::to_string(n)}};
  kafka_record r;
  r.key = name;
  r.value = value.dump();
  return r;
}

/// As a line of the log begins, to the millisecond.
std::string written(std::chrono::system_clock::time_point at) {
  const auto seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  const auto ms =
    std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count() % 1000;
  auto fraction = std::to_string(1000 + ms);
  return std::string{text.data(), size} + fraction.substr(1);
}

/// Of a path "/k7/12".
std::pair<std::string, unsigned> number_in(const std::string& path) {
  const auto slash = path.find('/', 1);
  return {path.substr(1, slash - 1), static_cast<unsigned>(std::stoul(path.substr(slash + 1)))};
}

} // namespace

bool all_kafka_faults() {
  const char* text = std::getenv("SALLYPORT_KAFKA_FAULTS"); // NOLINT(concurrency-mt-unsafe)
  return text != nullptr && std::string_view{text} == "all";
}

numbers_run::numbers_run(std::string bootstrap_servers, options how)
  : servers_(std::move(bootstrap_servers)),
    application_(how.application.empty() ? kafka_name("numbers") : how.application),
    seed_(how.seed), settings_(std::move(how.settings)), peer_(how.latency), client_(servers_),
    dice_(how.seed), given_(how.keys, 0) {
  client_.create_topic(topic("events"), partitions);
}

numbers_run::~numbers_run() { end_load(); }

cluster_instance& numbers_run::add(const std::string& name,
                                   const cluster_instance::settings& more) {
  auto all = settings_;
  all.insert({{"APPLICATION", application_},
              {"KAFKA_BOOTSTRAP_SERVERS", servers_},
              {"PEER_URL", peer_.url()}});
  for (const auto& [variable, value] : more)
    all[variable] = value;
  const auto config =
    std::filesystem::path{SALLYPORT_SOURCE_DIR} / "tests/faults/kafka/numbers.config.yaml";
  return *instances_.emplace_back(std::make_unique<cluster_instance>(name, config, all));
}

// -- input ----------------------------------------------------------------------------------------

std::vector<kafka_record> numbers_run::next(std::size_t count) {
  std::lock_guard lock{guard_};
  std::vector<kafka_record> all;
  while (count-- > 0) {
    const auto key = static_cast<unsigned>(dice_() % given_.size());
    const bool again = given_[key] > 0 && dice_() % 4 == 0;
    if (again) {
      all.push_back(number(key, 1 + static_cast<unsigned>(dice_() % given_[key])));
    } else {
      all.push_back(number(key, ++given_[key]));
      ++fed_;
    }
  }
  return all;
}

void numbers_run::feed(std::size_t count) { client_.produce(topic("events"), next(count)); }

void numbers_run::begin_load(std::size_t per_second) {
  load_ends_ = false;
  load_ = std::thread{[this, per_second] {
    const auto step = std::max<std::size_t>(1, per_second * load_step.count() / 1000);
    try {
      const kafka_client own{servers_};
      while (!eventually([this] { return load_ends_.load(); }, load_step, load_step))
        own.produce(topic("events"), next(step));
    } catch (const std::exception& why) {
      std::lock_guard lock{guard_};
      load_failed_ = why.what();
    }
  }};
}

void numbers_run::end_load() {
  load_ends_ = true;
  if (load_.joinable())
    load_.join();
}

// -- output ---------------------------------------------------------------------------------------

std::size_t numbers_run::fed() const {
  std::lock_guard lock{guard_};
  return fed_;
}

std::size_t numbers_run::come_out() const {
  try {
    return client_.read(topic("numbers")).size();
  } catch (const std::exception&) {
    return 0; // not made yet, or the broker is away
  }
}

bool numbers_run::settles(std::chrono::milliseconds within) {
  return eventually([this] { return come_out() >= fed(); }, within, look_every);
}

bool numbers_run::goes_on(std::size_t more, std::chrono::milliseconds within) {
  const auto before = come_out();
  return eventually([&] { return come_out() >= before + more; }, within, look_every);
}

void numbers_run::check_output(std::vector<std::string>& found) const {
  std::map<std::string, std::vector<unsigned>> by_key;
  std::map<std::string, std::set<std::int32_t>> places;
  for (const auto& r : client_.read(topic("numbers"))) {
    const auto value = nlohmann::json::parse(r.value.value_or("{}"));
    by_key[r.key.value_or("")].push_back(value.value("n", 0U));
    places[r.key.value_or("")].insert(r.partition);
  }
  for (unsigned key = 0; key < given_.size(); ++key) {
    const auto name = name_of(key);
    const auto& came = by_key[name];
    std::set<unsigned> seen;
    for (std::size_t i = 0; i < came.size(); ++i) {
      const auto what = name + "-" + std::to_string(came[i]);
      if (!seen.insert(came[i]).second)
        found.push_back("doubled: " + what);
      else if (i > 0 && came[i] < came[i - 1])
        found.push_back("out of order: " + what + " after " + std::to_string(came[i - 1]));
    }
    for (unsigned n = 1; n <= given_[key]; ++n)
      if (!seen.contains(n))
        found.push_back("lost: " + name + "-" + std::to_string(n));
    if (places[name].size() > 1)
      found.push_back("in two partitions: " + name);
  }
  for (const auto& r : client_.read(topic("dead")))
    found.push_back("dead letter: " + r.value.value_or(""));
}

void numbers_run::check_calls(std::vector<std::string>& found) const {
  std::map<std::string, std::string> key_of; // by path
  std::map<std::string, std::string> path_of;
  std::map<std::string, unsigned> last;
  for (const auto& call : peer_.calls()) {
    const auto [name, n] = number_in(call.path);
    if (call.idempotency_key.empty())
      found.push_back("a call without a key: " + call.path);
    const auto [first, is_new] = key_of.try_emplace(call.path, call.idempotency_key);
    if (first->second != call.idempotency_key)
      found.push_back("called under two keys: " + call.path + " by " + call.instance);
    if (path_of.try_emplace(call.idempotency_key, call.path).first->second != call.path)
      found.push_back("a key of two calls: " + call.path);
    if (!is_new)
      continue;
    if (n < last[name])
      found.push_back("called out of order: " + call.path);
    last[name] = n;
  }
  for (unsigned key = 0; key < given_.size(); ++key)
    for (unsigned n = 1; n <= given_[key]; ++n)
      if (const auto path = "/" + name_of(key) + "/" + std::to_string(n); !key_of.contains(path))
        found.push_back("never called: " + path);
}

std::vector<std::string> numbers_run::problems() {
  end_load();
  std::vector<std::string> found;
  if (!load_failed_.empty())
    found.push_back("the load failed: " + load_failed_);
  for (const auto& each : instances_) {
    if (!each->running().running())
      continue;
    const auto page = each->metrics();
    if (!page)
      found.push_back(each->name() + " does not answer");
    else
      for (const auto& s : page->all("sallyport_conservation_difference"))
        if (s.value != 0)
          found.push_back(each->name() + ": the difference of " + s.of.at("part") + "/" +
                          s.of.at("lane") + " is " + std::to_string(s.value));
    if (const auto how = each->stop(); how != exit_status{0, 0})
      found.push_back(each->name() + " ended with " + (how ? to_string(*how) : "nothing"));
  }
  check_output(found);
  check_calls(found);
  if (found.empty())
    return found;
  if (found.size() > problems_shown_max) {
    const auto more = found.size() - problems_shown_max;
    found.resize(problems_shown_max);
    found.push_back("and " + std::to_string(more) + " more");
  }
  found.push_back("seed " + std::to_string(seed_) + "\n" + said());
  return found;
}

std::vector<std::string>
numbers_run::called_without_lanes(const cluster_instance& by,
                                  std::chrono::system_clock::time_point woken) const {
  const auto from = written(woken);
  auto taken = std::string{"~"}; // behind every time
  std::istringstream in{by.said()};
  for (std::string line; std::getline(in, line);)
    if (line.find("lane.taken") != std::string::npos && line > from)
      taken = std::min(taken, line.substr(0, from.size()));
  std::vector<std::string> found;
  for (const auto& call : peer_.calls())
    if (const auto at = written(call.at); call.instance == by.name() && at > from && at < taken)
      found.push_back(at + " " + call.path);
  return found;
}

std::size_t numbers_run::term(const std::string& name) const {
  double sum = 0;
  for (const auto& each : instances_)
    if (const auto page = each->metrics())
      sum += page->sum("sallyport_records", {{"part", "check"}, {"term", name}});
  return static_cast<std::size_t>(sum);
}

std::string numbers_run::where() const {
  std::string all = std::to_string(come_out()) + " of " + std::to_string(fed()) +
                    " came out, seed " + std::to_string(seed_) + ", application " + application_;
  for (const auto& each : instances_) {
    all += "\n" + each->name() + " has";
    for (const auto& lane : each->lanes())
      all += " " + lane;
  }
  return all + "\n" + said();
}

std::string numbers_run::said() const {
  std::string all;
  for (const auto& each : instances_) {
    auto text = each->said();
    if (text.size() > said_max)
      text = "…" + text.substr(text.size() - said_max);
    all += "-- " + each->name() + ":\n" + text;
  }
  return all;
}

} // namespace sallyport::test
