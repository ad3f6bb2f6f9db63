#pragma once

#include "connectors/kafka/settings.hpp"

#include "engine/connectors/ingress.hpp"
#include "engine/connectors/log_follower.hpp"

#include <string>

namespace sallyport::kafka {

struct egress_options {
  connection to; ///< no servers: the topic is one of the log's own
  std::string topic;
  bool same_partition = false; ///< else by the key
  bool keep_headers = true;
  bool keep_time = true; ///< else the time of the writing
};

/// Copies the committed records of a topic to another one, of this or another cluster.
///
/// On the log's own cluster records and position are one commit: each record is there once. On
/// another cluster the position is committed after all records before it are safe there, so a crash
/// between the two repeats some of them: at least once. Repeated tries of the producer are written
/// once.
///
/// Its application is `<application>.kafka-<hash of the topics>`; retention waits for it.
///
/// Thread safety: `run` in one thread, `stop` from any.
///
/// Invariants:
/// 1. Records keep their order within a partition of the source and a key.
/// 2. The position is never ahead of what is safe.
class kafka_egress final : public egress {
public:
  explicit kafka_egress(egress_options options) : options_(std::move(options)) {}

  [[nodiscard]] status run(const source& of) override;
  void stop() override { follower_.stop(); }

private:
  class writing;

  const egress_options options_;
  log_follower follower_;
};

} // namespace sallyport::kafka
