#pragma once

#include "engine/lane/input.hpp"
#include "engine/topology/graph.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace sallyport::lane {

/// Which stage reads which port, looked up once for a part.
struct wiring {
  struct target {
    std::size_t stage = 0;
    std::size_t input = 0; ///< index of the edge among the stage's inputs
  };
  /// [stage][output port] -> readers, in the order of the stages.
  std::vector<std::vector<std::vector<target>>> readers;
  /// Edges that read the part's source.
  std::vector<target> source_readers;

  [[nodiscard]] static wiring of(const topology::part& part);
};

/// Hands `events` to each of the targets: a copy to all but the last, which gets the events
/// themselves.
template <class Deliver>
void hand_out(std::vector<event>&& events, const std::vector<wiring::target>& to, Deliver deliver) {
  if (to.empty())
    return;
  for (std::size_t i = 0; i + 1 < to.size(); ++i)
    deliver(to[i], std::vector<event>{events});
  deliver(to.back(), std::move(events));
}

} // namespace sallyport::lane
