#pragma once

#include "connectors/kafka/settings.hpp"

#include "engine/log/log.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::kafka {

/// What a topic must be like. A property that is not set is the cluster's choice.
struct wanted_topic {
  std::string name;
  std::uint32_t partitions = 1;
  std::int16_t replication = -1;
  /// A topic that should be compacted and is not loses state, and the other way round.
  bool compacted = false;
  /// `retention.ms`, `min.insync.replicas`, …: set when the topic is made, checked when it is
  /// there.
  std::vector<std::pair<std::string, std::string>> config;
  /// Set when the topic is made; whoever runs the cluster may have reasons for another value.
  std::vector<std::pair<std::string, std::string>> config_when_made;
};

/// A topic of an application as the settings of its log want it.
[[nodiscard]] wanted_topic application_topic(const log_settings& settings, const std::string& name,
                                             std::uint32_t partitions);

/// Makes the topics that are missing and checks the others: number of partitions, compaction,
/// retention, minimum of in-sync replicas. A mismatch is refused with what to do. `with` is a
/// consumer: a producer's question for a topic may make it.
[[nodiscard]] status ensure_topics(rd_kafka_t* with, const std::vector<wanted_topic>& topics);

/// A topic as the cluster has it; nothing if there is none.
struct found_topic {
  std::uint32_t partitions = 0;
  std::map<std::string, std::string> config;
};
[[nodiscard]] result<std::optional<found_topic>> describe_topic(rd_kafka_t* with,
                                                                const std::string& name);

/// The number of partitions alone, which is one question less.
[[nodiscard]] result<std::optional<std::uint32_t>> partitions_of(rd_kafka_t* with,
                                                                 const std::string& name);

/// All topics but the cluster's own.
[[nodiscard]] result<std::vector<std::pair<std::string, std::uint32_t>>>
list_topics(rd_kafka_t* with);

} // namespace sallyport::kafka
