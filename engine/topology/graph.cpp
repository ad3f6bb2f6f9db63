#include "engine/topology/graph.hpp"

#include <algorithm>

namespace sallyport::topology {

const port* graph::find_port(std::string_view wanted) const {
  auto it = std::ranges::find_if(ports, [&](const port& p) { return p.name == wanted; });
  return it == ports.end() ? nullptr : &*it;
}

const internal_topic* graph::find_internal(std::string_view wanted) const {
  auto it =
    std::ranges::find_if(internals, [&](const internal_topic& t) { return t.name == wanted; });
  return it == internals.end() ? nullptr : &*it;
}

} // namespace sallyport::topology
