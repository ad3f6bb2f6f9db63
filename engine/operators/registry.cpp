#include "engine/operators/registry.hpp"

#include "engine/core/assert.hpp"

#include <algorithm>

namespace sallyport {

operator_registry& operator_registry::instance() {
  static operator_registry registry;
  return registry;
}

void operator_registry::add(operator_entry entry) {
  SALLYPORT_ASSERT(find(entry.spec.name) == nullptr);
  entries_.push_back(std::move(entry));
}

const operator_entry* operator_registry::find(std::string_view name) const {
  auto it =
    std::ranges::find_if(entries_, [&](const operator_entry& e) { return e.spec.name == name; });
  return it == entries_.end() ? nullptr : &*it;
}

std::vector<std::string> operator_registry::names() const {
  std::vector<std::string> all;
  all.reserve(entries_.size());
  for (const auto& e : entries_)
    all.push_back(e.spec.name);
  std::ranges::sort(all);
  return all;
}

std::string_view to_string(term t) noexcept {
  switch (t) {
  case term::done: return "done";
  case term::superseded: return "superseded";
  case term::held: return "held";
  case term::waiting: return "waiting";
  case term::in_call: return "in_call";
  case term::dead: return "dead";
  case term::discarded: return "discarded";
  }
  return "unknown";
}

} // namespace sallyport
