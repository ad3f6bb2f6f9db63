#include "engine/services/surface.hpp"

#include "engine/core/assert.hpp"

#include <algorithm>

namespace sallyport {

surface_registry& surface_registry::instance() {
  static surface_registry only;
  return only;
}

void surface_registry::add(surface what) {
  SALLYPORT_ASSERT(find(what.topology) == nullptr);
  all_.push_back(std::move(what));
}

const surface* surface_registry::find(std::string_view topology) const {
  const auto found = std::ranges::find(all_, topology, &surface::topology);
  return found == all_.end() ? nullptr : &*found;
}

} // namespace sallyport
