#pragma once

#include "engine/config/spec.hpp"
#include "engine/log/log.hpp"
#include "engine/operators/registry.hpp"
#include "engine/topology/limits.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a topology file and a config file say, checked. A *topology* names operators and abstract
/// ports; a *config* binds the ports to topics and connectors. So the topology of production runs
/// in a test unchanged. docs/configuration.md describes both forms.
///
/// Thread safety: a graph is a value; loading reads the registries, which are filled before.
///
/// Invariants of a loaded graph:
/// 1. Inputs of a stage come from earlier stages or the part's source; each output that carries
///    records has a reader.
/// 2. Names that fields and operators use are ports or internal topics of the right kind.
/// 3. Each source port and internal topic is read by exactly one part.
namespace sallyport::topology {

enum class port_kind : std::uint8_t { source, sink, call };

/// An abstract port: where the topology touches the world.
struct port {
  std::string name;
  port_kind kind = port_kind::source;
  std::string documentation;
  config::location where;
};

/// A topic of the topology's own that carries records from one part to another under a new key.
struct internal_topic {
  std::string name;
  std::uint32_t partitions = 4;
  config::location where;
};

/// The port of an earlier stage that feeds a stage. `stage` indexes `part::stages`; the part's
/// source is `none`.
struct edge {
  static constexpr std::size_t source = static_cast<std::size_t>(-1);
  std::size_t stage = source;
  std::string port = "out";
};

/// One operator at its place.
struct stage {
  std::string name;
  const operator_entry* op = nullptr;
  config::params with;
  /// In the order of the file; events of one number are taken in this order.
  std::vector<edge> inputs;
  config::location where;
};

/// The stages between two topics. Each partition of what it reads is one lane.
struct part {
  std::string name;
  std::string reads; ///< a source port or an internal topic
  std::vector<stage>
    stages; ///< in topological order: inputs of a stage come from earlier ones only
  config::location where;
};

struct graph {
  std::string name;
  std::string summary;
  std::vector<port> ports;
  std::vector<internal_topic> internals;
  std::vector<part> parts;

  [[nodiscard]] const port* find_port(std::string_view name) const;
  [[nodiscard]] const internal_topic* find_internal(std::string_view name) const;
};

/// The value of a topology's setting by name, as text.
using settings = std::map<std::string, std::string>;

/// The form of a topology file, for help and documentation.
[[nodiscard]] const config::spec& topology_spec();

/// Reads and checks a topology file. `given` overrides the defaults of its `settings:`; a name that
/// the topology does not have is a finding at `settings_where`. Nothing when there were findings.
[[nodiscard]] std::optional<graph>
load_topology(const std::string& path, const settings& given,
              const std::map<std::string, config::location>& settings_where, config::findings& out);

/// The same of text, for tests; `path` names it in findings.
[[nodiscard]] std::optional<graph>
parse_topology(std::string_view yaml, const std::string& path, const settings& given,
               const std::map<std::string, config::location>& settings_where,
               config::findings& out);

} // namespace sallyport::topology
