#pragma once

#include <string>

namespace sallyport::topology {

/// JSON Schemas of topology and config files, with which an editor completes and checks; with the
/// operators and connectors that are built in. They say all that can be said of a file alone; names
/// that must exist elsewhere, cycles and the like are for `sallyport lint`.
///
/// Thread safety: reads the registries, which are filled before.

[[nodiscard]] std::string topology_schema();
[[nodiscard]] std::string config_schema();

} // namespace sallyport::topology
