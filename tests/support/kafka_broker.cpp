#include "tests/support/kafka_broker.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <unistd.h>

namespace sallyport::test {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): no test sets one
  return value == nullptr ? std::string{} : std::string{value};
}

shared_kafka look_for_kafka() {
  shared_kafka found;
  found.bootstrap_servers = variable("KAFKA_BOOTSTRAP_SERVERS");
  if (found.bootstrap_servers.empty())
    found.missing = variable("SALLYPORT_KAFKA_MISSING");
  if (found.bootstrap_servers.empty() && found.missing.empty())
    found.missing = "needs a Kafka: run `tools/kafka run -- TEST_PROGRAM`, or set "
                    "KAFKA_BOOTSTRAP_SERVERS";
  return found;
}

} // namespace

const shared_kafka& kafka() {
  static const shared_kafka found = look_for_kafka();
  return found;
}

std::string kafka_name(const std::string& what) {
  static std::atomic<unsigned> count{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return "test-" +
         std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) + "-" +
         std::to_string(::getpid()) + "-" + std::to_string(++count) + "-" + what;
}

std::map<std::string, std::string> own_broker::environment() {
  std::map<std::string, std::string> kept;
  for (const char* name : {"HOME", "XDG_CACHE_HOME", "JAVA_HOME", "MAVEN_OPTS"})
    if (auto value = variable(name); !value.empty())
      kept[name] = std::move(value);
  return kept;
}

own_broker::own_broker(const options& how) : folder_(files_.path() / "kafka") {
  std::vector<std::string> words{"start", "--owner", std::to_string(::getpid()), "--brokers",
                                 std::to_string(how.brokers)};
  for (const auto& property : how.properties) {
    words.emplace_back("--property");
    words.push_back(property);
  }
  (void) tool(std::move(words));
  const auto told = tool({"env"});
  servers_ = told.substr(told.find('=') + 1);
  servers_.erase(servers_.find_last_not_of('\n') + 1);
}

own_broker::~own_broker() {
  try {
    (void) tool({"kill"});
    (void) tool({"stop"});
  } catch (const std::exception& why) {
    std::cerr << why.what() << "; its guard ends it with this process\n";
  }
}

std::string own_broker::tool(std::vector<std::string> words) const {
  words.emplace_back("--folder");
  words.push_back(folder_.string());
  const auto what = words.front();
  auto done = run(std::filesystem::path{SALLYPORT_SOURCE_DIR} / "tools/kafka", std::move(words),
                  environment());
  if (done.how != exit_status{0, 0})
    throw std::runtime_error{"tools/kafka " + what + ": " + to_string(done.how) + ": " + done.err};
  return done.out;
}

void own_broker::kill(unsigned broker) {
  (void) tool(broker == 0 ? std::vector<std::string>{"kill"}
                          : std::vector<std::string>{"kill", "--broker", std::to_string(broker)});
}

void own_broker::restart(unsigned broker) {
  (void) tool(broker == 0
                ? std::vector<std::string>{"restart"}
                : std::vector<std::string>{"restart", "--broker", std::to_string(broker)});
}

void own_broker::pause(unsigned broker) const {
  if (const auto id = process_of(broker); id > 0)
    ::kill(id, SIGSTOP);
}

void own_broker::resume(unsigned broker) const {
  if (const auto id = process_of(broker); id > 0)
    ::kill(id, SIGCONT);
}

void own_broker::stop() { (void) tool({"stop"}); }

std::string own_broker::said(unsigned broker) const {
  return text_of(folder_ / ("broker-" + std::to_string(broker)) / "log");
}

pid_t own_broker::process_of(unsigned broker) const {
  std::ifstream in{folder_ / ("broker-" + std::to_string(broker)) / "pid"};
  pid_t id = 0;
  in >> id;
  return id > 0 && ::kill(id, 0) == 0 ? id : 0;
}

} // namespace sallyport::test
