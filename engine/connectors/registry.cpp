#include "engine/connectors/registry.hpp"

#include "engine/core/assert.hpp"

#include <algorithm>

namespace sallyport {

connector_registry& connector_registry::instance() {
  static connector_registry registry;
  return registry;
}

void connector_registry::add(connector_entry entry) {
  SALLYPORT_ASSERT(find(entry.name) == nullptr);
  entries_.push_back(std::move(entry));
}

const connector_entry* connector_registry::find(std::string_view name) const {
  auto it =
    std::ranges::find_if(entries_, [&](const connector_entry& e) { return e.name == name; });
  return it == entries_.end() ? nullptr : &*it;
}

std::vector<std::string> connector_registry::names() const {
  std::vector<std::string> all;
  all.reserve(entries_.size());
  for (const auto& e : entries_)
    all.push_back(e.name);
  std::ranges::sort(all);
  return all;
}

} // namespace sallyport
