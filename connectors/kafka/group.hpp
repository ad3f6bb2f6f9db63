#pragma once

#include "connectors/kafka/cluster.hpp"
#include "connectors/kafka/restorer.hpp"
#include "connectors/kafka/settings.hpp"

#include "engine/log/membership.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/state/store.hpp"
#include "engine/time/clock.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace sallyport::kafka {

/// What the hosts of this process share as members of their application's consumer group: names,
/// topics, and the restorer.
///
/// Thread safety: `join` from any thread.
class group {
public:
  struct environment {
    const cluster& to;
    log_settings settings;
    std::string application;
    std::function<std::string()> address; ///< of this process, part of the members' client id
    sallyport::store& store;
    const wall_clock& clock;
    observe::metrics& metrics;
  };

  explicit group(environment env) : env_(std::move(env)) {}

  [[nodiscard]] result<std::unique_ptr<membership>> join(const membership_options& how);

private:
  [[nodiscard]] status ensure_topics_of(const membership_options& how) const;
  [[nodiscard]] result<std::shared_ptr<restorer>> restorer_of(const membership_options& how);
  [[nodiscard]] result<client>
  make_producer(std::size_t host, void* reports,
                void (*on_report)(rd_kafka_t*, const rd_kafka_message_t*, void*)) const;
  /// `application/instance/host`: the same after a restart, so that what a dead process left open
  /// is settled.
  [[nodiscard]] std::string name_of(std::size_t host) const;

  environment env_;
  std::mutex guard_;
  std::shared_ptr<restorer> restorer_;
};

} // namespace sallyport::kafka
