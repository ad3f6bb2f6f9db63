#pragma once

#include "connectors/kafka/client.hpp"

#include "engine/config/spec.hpp"
#include "engine/core/wall_time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::kafka {

/// How a cluster is reached: what all clients of it share.
struct connection {
  std::string bootstrap_servers;
  std::string client_id;
  /// What the fields ask for, as properties of librdkafka.
  std::vector<std::pair<std::string, std::string>> own;
  /// Properties of librdkafka, passed through as they are; ours win where they must.
  std::vector<std::pair<std::string, std::string>> properties;
};

/// The greatest record that is written; topics that are made take it.
inline constexpr std::size_t record_bytes_max = 64U << 20U;

/// The fields of a connection (servers, TLS, SASL, compression, properties) for a binding's form.
[[nodiscard]] std::vector<config::field> connection_fields();
[[nodiscard]] connection read_connection(const config::params& from);
/// What a single field's check cannot find, without a connection: properties, TLS, SASL.
void check_connection(const config::params& from, config::findings& out);

/// The section `log: { kafka: … }` of a config.
struct log_settings {
  connection to;
  std::string instance; ///< the static member; its name outlives a restart
  duration session_timeout{45'000};
  duration transaction_timeout{10'000};
  std::int16_t replication = -1; ///< of topics that are made; -1: the cluster's default
  std::int16_t min_insync = 0;   ///< 0: the cluster's default; more is checked at start
  duration changelog_tombstones{7LL * 24 * 3'600'000}; ///< `delete.retention.ms` of changelogs
  std::uint64_t prefetch_bytes = 4U << 20U;            ///< of a host, over all its lanes
  bool cooperative = true; ///< else `range`, with a stop of all lanes at each rebalance
  bool standby = false;    ///< keep a copy of the lanes of others
};

[[nodiscard]] const config::spec& log_spec();
[[nodiscard]] log_settings read_log_settings(const config::params& from);

/// The name of an instance that was given none: the same after a restart.
[[nodiscard]] std::string default_instance(std::string_view config_name);

/// The properties of a connection as a configuration of librdkafka, `overrides` set last. A
/// property that librdkafka refuses, or that ours forbid, is an error that names it.
[[nodiscard]] result<conf>
make_conf(const connection& to, const std::vector<std::pair<std::string, std::string>>& overrides);

/// The properties of a connection that it may not set, or that librdkafka refuses, and why.
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
check_properties(const connection& to);

} // namespace sallyport::kafka
