#pragma once

#include "connectors/kafka/kafka_log.hpp"
#include "engine/log/membership.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/state/memory_store.hpp"
#include "tests/engine/log/log_under_test.hpp"
#include "tests/support/kafka_broker.hpp"

#include <stdexcept>

namespace sallyport::test {

/// Topics and applications under names of the test's own, so that tests share a cluster.
class named_log final : public log {
public:
  named_log(log& to, std::string prefix) : to_(&to), prefix_(std::move(prefix)) {}

  [[nodiscard]] status create_topic(const topic_config& topic) override {
    return to_->create_topic(there(topic));
  }
  [[nodiscard]] std::vector<topic_config> topics() const override {
    std::vector<topic_config> all;
    for (auto& each : to_->topics())
      all.push_back(here(each));
    return all;
  }
  [[nodiscard]] std::optional<topic_config> find_topic(std::string_view name) const override {
    const auto found = to_->find_topic(there(std::string{name}));
    return found ? std::optional{here(*found)} : std::nullopt;
  }
  [[nodiscard]] result<offset_range> offsets(const partition_id& of) const override {
    return to_->offsets(there(of));
  }
  [[nodiscard]] result<std::vector<log_record>> read(const partition_id& of, std::int64_t from,
                                                     const read_limits& limits) const override {
    return to_->read(there(of), from, limits);
  }
  [[nodiscard]] result<std::int64_t> append(const log_append& records,
                                            std::optional<std::string_view> key) override {
    return to_->append({there(records.to), records.records}, key);
  }
  [[nodiscard]] status commit(const log_commit& commit) override {
    auto mapped = commit;
    mapped.application = there(commit.application);
    for (auto& each : mapped.appends)
      each.to = there(each.to);
    for (auto& each : mapped.positions)
      each.from = there(each.from);
    return to_->commit(mapped);
  }
  [[nodiscard]] result<std::optional<std::int64_t>>
  position(std::string_view application, const partition_id& of) const override {
    return to_->position(there(std::string{application}), there(of));
  }
  [[nodiscard]] result<std::uint64_t> retain(wall_time now) override { return to_->retain(now); }
  std::uint64_t subscribe(listener on_append) override {
    return to_->subscribe(
      [this, call = std::move(on_append)](const partition_id& of) { call(here(of)); });
  }
  void unsubscribe(std::uint64_t handle) override { to_->unsubscribe(handle); }
  [[nodiscard]] std::uint64_t size_bytes() const override { return to_->size_bytes(); }

private:
  [[nodiscard]] std::string there(const std::string& name) const {
    return name.empty() ? name : prefix_ + "." + name;
  }
  [[nodiscard]] partition_id there(const partition_id& of) const {
    return {there(of.topic), of.partition};
  }
  [[nodiscard]] topic_config there(topic_config of) const {
    of.name = there(of.name);
    return of;
  }
  [[nodiscard]] partition_id here(const partition_id& of) const {
    return {of.topic.substr(prefix_.size() + 1), of.partition};
  }
  [[nodiscard]] topic_config here(topic_config of) const {
    of.name = of.name.substr(prefix_.size() + 1);
    return of;
  }

  log* to_;
  std::string prefix_;
};

/// A log over the shared broker, as one process of an application has it.
struct kafka_process {
  const std::string application;
  const std::string instance;
  const std::string servers;
  const wall_clock& clock;
  memory_store rows;
  observe::metrics metrics;
  std::unique_ptr<kafka::kafka_log> records;

  kafka_process(std::string application, std::string instance, const wall_clock& clock,
                std::string servers = kafka().bootstrap_servers)
    : application(std::move(application)), instance(std::move(instance)),
      servers(std::move(servers)), clock(clock) {
    restart();
  }

  /// The store stays, as a disk does.
  void restart() {
    records.reset();
    kafka::log_settings settings;
    settings.to.bootstrap_servers = servers;
    settings.instance = instance;
    auto made =
      kafka::kafka_log::open(settings, {application, "test.yaml", {}, rows, clock, metrics});
    if (!made)
      throw std::runtime_error{made.error().what};
    records = std::move(*made);
  }
};

struct kafka_under_test final : log_under_test {
  const std::string prefix = kafka_name("log");
  std::unique_ptr<kafka_process> process;
  std::unique_ptr<named_log> records;

  kafka_under_test() {
    offsets_are_consecutive = false;
    times_before_1970 = false;
    tells_once = false;
    // The broker goes by its own clock: a row of an idempotency key that is older than a day goes
    // at once, and what is an hour ahead is refused.
    clock.set(system_wall_clock{}.now() - std::chrono::hours{24} + std::chrono::minutes{30});
    missing = kafka().missing;
    if (!missing.empty())
      return;
    process = std::make_unique<kafka_process>(prefix, "instance", clock);
    records = std::make_unique<named_log>(*process->records, prefix);
  }
  log& get() override { return *records; }
  store& state() override { return process->rows; }
  bool reopen() override {
    process->restart();
    records = std::make_unique<named_log>(*process->records, prefix);
    return true;
  }
};

} // namespace sallyport::test
