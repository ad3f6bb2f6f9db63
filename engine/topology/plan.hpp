#pragma once

#include "engine/config/node.hpp"
#include "engine/config/spec.hpp"
#include "engine/connectors/registry.hpp"
#include "engine/log/log.hpp"
#include "engine/topology/graph.hpp"
#include "engine/topology/http_settings.hpp"
#include "engine/topology/limits.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::topology {

/// A connector bound to a call port.
struct call_binding {
  std::string port;
  const connector_entry* connector = nullptr;
  config::params with;
};

/// A connector that feeds or empties a topic.
struct topic_binding {
  std::string name; ///< unique in the config: `<port>.<connector>` or as given
  std::string port;
  const connector_entry* connector = nullptr;
  config::params with;
};

/// Which log the topology runs on.
struct log_binding {
  std::string kind = "embedded";
  const connector_entry* connector = nullptr; ///< none: the embedded log
  config::params with;
};

struct log_settings {
  std::string format = "text"; ///< or `json`
  std::string level = "info";
};

/// What `sallyport run` needs to know: a topology with all its ports bound, and where and how it
/// runs.
struct plan {
  std::string application;
  std::string config_file;
  graph topology;
  /// The topic of each source port, sink port and internal topic, by the name that the topology has
  /// for it.
  std::map<std::string, topic_config> topics;
  std::map<std::string, call_binding> calls;
  std::vector<topic_binding> ingresses;
  std::vector<topic_binding> egresses;
  log_binding log;
  std::string state_folder;
  std::string backup_folder; ///< empty: a running instance makes none
  http_settings http;
  log_settings logging;
  topology::limits limits;
};

/// The form of a config file, for help and documentation. What a binding takes depends on its port:
/// see docs/configuration.md.
[[nodiscard]] const config::spec& config_spec();

/// Reads and checks a config file and the topology that it names. Nothing when there were findings.
/// Connectors and operators are looked up in the registries of the process.
[[nodiscard]] std::optional<plan> load_plan(const std::string& config_path,
                                            const config::environment& env, config::findings& out);

/// A plan for tests: each port bound to a topic of its own name with `partitions` partitions, calls
/// unbound.
[[nodiscard]] plan plan_for_testing(graph topology, std::uint32_t partitions);

/// The config as it was read, with every value in place and secrets as `***`, in YAML: for logs and
/// `/info`.
[[nodiscard]] std::string masked_config(const std::string& config_path,
                                        const config::environment& env);

} // namespace sallyport::topology
