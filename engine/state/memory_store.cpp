#include "engine/state/memory_store.hpp"

#include "engine/core/assert.hpp"

namespace sallyport {

const memory_store::row_map& memory_store::rows(family where) const {
  auto index = static_cast<std::size_t>(where);
  SALLYPORT_ASSERT(index < families_.size());
  return families_[index];
}

memory_store::row_map& memory_store::rows(family where) {
  return const_cast<row_map&>(std::as_const(*this).rows(where));
}

result<std::optional<std::string>> memory_store::get(family where, std::string_view key) const {
  std::lock_guard lock{guard_};
  const auto& all = rows(where);
  auto found = all.find(key);
  if (found == all.end())
    return std::nullopt;
  return found->second;
}

status memory_store::scan(family where, std::string_view from, std::string_view to,
                          const row_visitor& visit) const {
  std::lock_guard lock{guard_};
  const auto& all = rows(where);
  for (auto it = all.lower_bound(from); it != all.end(); ++it) {
    if (!to.empty() && it->first >= to)
      break;
    if (!visit(it->first, it->second))
      break;
  }
  return {};
}

std::unique_ptr<row_reader> memory_store::snapshot() const {
  auto copy = std::make_unique<memory_store>();
  std::lock_guard lock{guard_};
  copy->families_ = families_;
  return copy;
}

status memory_store::write(const store_batch& batch, bool /*sync*/) {
  std::lock_guard lock{guard_};
  for (const auto& drop : batch.drops) {
    auto& all = rows(drop.where);
    auto first = all.lower_bound(drop.from);
    while (first != all.end() && first->first < drop.to)
      first = all.erase(first);
  }
  for (const auto& change : batch.changes) {
    if (change.value)
      rows(change.where).insert_or_assign(change.key, *change.value);
    else
      rows(change.where).erase(change.key);
  }
  return {};
}

std::uint64_t memory_store::size_bytes() const {
  std::lock_guard lock{guard_};
  std::uint64_t size = 0;
  for (const auto& all : families_)
    for (const auto& [key, value] : all)
      size += key.size() + value.size();
  return size;
}

std::vector<std::pair<std::string, std::string>> memory_store::dump(family where) const {
  std::lock_guard lock{guard_};
  const auto& all = rows(where);
  return {all.begin(), all.end()};
}

} // namespace sallyport
