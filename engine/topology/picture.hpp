#pragma once

#include "engine/topology/graph.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// A topology as people look at it: each part a block of its own, from what it reads down to what
/// it writes and calls; between the blocks the cuts, which a record crosses under a new key. Ports
/// that several parts use are drawn in each of them, so that no line crosses a block.
///
/// Thread safety: pure functions.
namespace sallyport::topology {

struct picture_node {
  enum class kind : std::uint8_t { source, internal, stage, sink, call };
  kind is = kind::stage;
  std::string name;
  std::string text; ///< of a stage its operator
  std::string doc;
  std::string keeps;  ///< of a stage: what is in its store; empty if it has none
  std::string timers; ///< of a stage: what its timers are for; empty if it sets none
};

struct picture_edge {
  enum class kind : std::uint8_t { flow, rejected, call };
  std::size_t from = 0; ///< index of a node of the block
  std::size_t to = 0;
  std::string label; ///< the port, where it is not `out`
  kind is = kind::flow;
  std::string reading; ///< which live count belongs to it; empty if none does
};

struct picture_block {
  std::string part;
  std::vector<picture_node> nodes; ///< the first is what the part reads
  std::vector<picture_edge> edges;
};

/// From a stage that writes an internal topic to the block that reads it.
struct picture_cut {
  std::size_t from_block = 0;
  std::size_t from_node = 0;
  std::size_t to_block = 0;
};

struct picture {
  std::string title;
  std::string summary;
  std::vector<picture_block> blocks;
  std::vector<picture_cut> cuts;
};

/// Counts of a running instance, summed over its lanes: `in part.stage`, `out part.stage.port`,
/// `timers part.stage`, `calls part.stage`, `conversations part.stage`, `term part.TERM`,
/// `received part`.
using readings = std::map<std::string, double, std::less<>>;

/// The readings of a page of metrics.
[[nodiscard]] readings readings_of(std::string_view metrics);

[[nodiscard]] picture picture_of(const graph& of);

/// Mermaid, for a page in Markdown. `live` may be empty.
[[nodiscard]] std::string to_mermaid(const picture& of, const readings& live);

/// A drawing of its own, for light and dark pages.
[[nodiscard]] std::string to_svg(const picture& of, const readings& live);

/// `12`, `1.2k`, `3.4M`.
[[nodiscard]] std::string short_count(double value);
/// What is counted at a stage now: `2 timers, 1 call open`; empty when nothing is.
[[nodiscard]] std::string stage_counts(const readings& live, const std::string& stage);
/// `2003 received, 12 held, 3 dead`; empty without readings.
[[nodiscard]] std::string part_counts(const readings& live, const std::string& part);

} // namespace sallyport::topology
