#pragma once

#include "bench/support/bench.hpp"
#include "bench/support/events.hpp"
#include "engine/log/embedded_log.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/runtime/instance.hpp"
#include "engine/state/rocksdb_store.hpp"
#include "engine/time/clock.hpp"
#include "engine/topology/plan.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport::bench {

/// The system's clock, which can be put forward.
class forward_clock final : public wall_clock {
public:
  [[nodiscard]] wall_time now() const override { return system_.now() + by_.load(); }
  void advance(duration by) { by_ = by_.load() + by; }

private:
  system_wall_clock system_;
  std::atomic<duration> by_{duration{0}};
};

/// A topology on the embedded log, put together as `sallyport run` does it, but for HTTP and
/// connectors, and with a clock that the benchmark can put forward.
class world {
public:
  world(std::string_view topology_yaml, const std::filesystem::path& folder,
        std::uint32_t partitions = 4);
  /// With the plan of a config; the callers are by call port.
  world(topology::plan plan, const std::filesystem::path& folder,
        std::map<std::string, std::shared_ptr<caller>> callers = {});
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  /// Appends `count` records in batches to all partitions of a topic in turn; a record with a key
  /// goes where its key belongs. What they leave for RocksDB to do in the background is done
  /// when this returns.
  void load(const std::string& topic, std::size_t count,
            const std::function<record(std::size_t)>& make);

  /// Closes the database and opens it anew, as after a stop.
  void reopen();

  void start();
  void stop();

  /// Waits until the application has committed all that stands in the topic.
  void wait_until_read(const std::string& topic) const;
  /// Waits until the topic has so many records.
  void wait_until_written(const std::string& topic, std::size_t count) const;
  void wait_until(const std::function<bool()>& done) const;
  [[nodiscard]] std::size_t written(const std::string& topic) const;
  void settle_background() const;
  /// The sum of a metric over all label sets that hold `part` (`term="held"`), as they are exposed.
  [[nodiscard]] double sum_of(const std::string& metric, const std::string& part = {}) const;

  [[nodiscard]] forward_clock& clock() noexcept { return clock_; }
  [[nodiscard]] embedded_log& log() noexcept { return *log_; }
  [[nodiscard]] observe::metrics& metrics() noexcept { return *metrics_; }
  [[nodiscard]] const topology::plan& plan() const noexcept { return plan_; }

private:
  void open();

  std::filesystem::path folder_;
  topology::plan plan_;
  std::map<std::string, std::shared_ptr<caller>> callers_;
  forward_clock clock_;
  std::unique_ptr<rocksdb_database> database_;
  std::unique_ptr<rocksdb_store> store_;
  std::unique_ptr<embedded_log> log_;
  std::unique_ptr<observe::metrics> metrics_;
  std::unique_ptr<runtime::environment> environment_;
  std::unique_ptr<runtime::instance> instance_;
};

} // namespace sallyport::bench
