#pragma once

#include "tests/support/cluster_run.hpp"
#include "tests/support/kafka_client.hpp"
#include "tests/support/recording_peer.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

/// Instances of the topology `numbers` (tests/faults/kafka) under load, and the checker of what
/// they do.
///
/// Each key counts from 1 on, and some numbers come in twice. Whatever happens, the sink has each
/// number of each key once and in order, and the peer was told of each, in order, under one
/// idempotency key. The checker knows the input and the rule, and nothing of the code under test.
namespace sallyport::test {

/// Whether all is to be visited: SALLYPORT_KAFKA_FAULTS=all.
[[nodiscard]] bool all_kafka_faults();

class numbers_run {
public:
  struct options {
    std::string application{}; ///< empty: one of its own
    unsigned keys = 24;
    cluster_instance::settings settings{}; ///< of all instances
    std::chrono::milliseconds latency{};   ///< of the peer
    unsigned seed = std::random_device{}();
  };

  explicit numbers_run(std::string bootstrap_servers)
    : numbers_run(std::move(bootstrap_servers), {}) {}
  numbers_run(std::string bootstrap_servers, options how);
  ~numbers_run();
  numbers_run(const numbers_run&) = delete;
  numbers_run& operator=(const numbers_run&) = delete;

  /// An instance that is not started.
  cluster_instance& add(const std::string& name, const cluster_instance::settings& more = {});

  /// Writes so many numbers, of any keys.
  void feed(std::size_t count);
  /// Goes on feeding until `end_load`; what a broker that is away holds up comes later.
  void begin_load(std::size_t per_second);
  void end_load();

  /// How many numbers were fed, repeats left out.
  [[nodiscard]] std::size_t fed() const;
  /// How many records the sink has.
  [[nodiscard]] std::size_t come_out() const;
  /// Waits until as many came out as went in.
  [[nodiscard]] bool settles(std::chrono::milliseconds within = std::chrono::seconds{60});
  /// Waits until this many more have come out than at the call.
  [[nodiscard]] bool goes_on(std::size_t more,
                             std::chrono::milliseconds within = std::chrono::seconds{30});

  /// What is wrong, a line each; empty when all is well. @pre it has settled
  /// Ends the instances, so that what one had still to write is seen as well.
  [[nodiscard]] std::vector<std::string> problems();

  /// What an instance that was woken told the peer before it got lanes anew.
  [[nodiscard]] std::vector<std::string>
  called_without_lanes(const cluster_instance& by,
                       std::chrono::system_clock::time_point woken) const;

  /// Lanes of the topology.
  [[nodiscard]] std::size_t lanes() const noexcept { return 8; }
  /// Records of the part `check` that stand there, by the metrics of all instances that answer.
  [[nodiscard]] std::size_t term(const std::string& name) const;

  [[nodiscard]] const recording_peer& peer() const noexcept { return peer_; }
  [[nodiscard]] const kafka_client& kafka() const noexcept { return client_; }
  [[nodiscard]] std::string topic(const std::string& what) const {
    return application_ + "." + what;
  }
  [[nodiscard]] const std::string& application() const noexcept { return application_; }
  [[nodiscard]] unsigned seed() const noexcept { return seed_; }
  /// The last lines of all instances; for messages of tests.
  [[nodiscard]] std::string said() const;
  /// How far it has come, and `said`.
  [[nodiscard]] std::string where() const;

private:
  [[nodiscard]] std::vector<kafka_record> next(std::size_t count);
  void check_output(std::vector<std::string>& found) const;
  void check_calls(std::vector<std::string>& found) const;

  std::string servers_;
  std::string application_;
  unsigned seed_;
  cluster_instance::settings settings_;
  recording_peer peer_;
  kafka_client client_;
  std::vector<std::unique_ptr<cluster_instance>> instances_;

  mutable std::mutex guard_;
  std::mt19937 dice_;
  std::vector<unsigned> given_; ///< the last number of each key
  std::size_t fed_ = 0;

  std::atomic<bool> load_ends_{false};
  std::thread load_;
  std::string load_failed_;
};

} // namespace sallyport::test
