#include "engine/lane/overlay.hpp"

#include "engine/core/assert.hpp"

namespace sallyport::lane {

std::optional<std::string> overlay::get(std::string_view key) const {
  if (auto it = open_.find(key); it != open_.end())
    return it->second.value;
  if (sealed_)
    if (auto it = sealed_->find(key); it != sealed_->end())
      return it->second.value;
  auto found = store_.get(family::state, prefix_ + std::string{key});
  if (!found)
    throw engine_failure{std::move(found).error()};
  return std::move(*found);
}

void overlay::write(std::string_view key, cell what) {
  auto it = open_.lower_bound(key);
  if (it != open_.end() && it->first == key) {
    undo_.push_back({it->first, std::move(it->second)});
    what.fresh = undo_.back().before->fresh;
    if (!what.value && what.fresh)
      open_.erase(it);
    else
      it->second = std::move(what);
    return;
  }
  undo_.push_back({std::string{key}, std::nullopt});
  open_.emplace_hint(it, std::string{key}, std::move(what));
}

void overlay::put(std::string_view key, std::string value) {
  write(key, {std::move(value), false});
}

void overlay::put_new(std::string_view key, std::string value) {
  write(key, {std::move(value), true});
}

void overlay::erase(std::string_view key) { write(key, {std::nullopt, false}); }

void overlay::undo_callback() {
  for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) {
    if (it->before)
      open_.insert_or_assign(it->key, std::move(*it->before));
    else
      open_.erase(it->key);
  }
  undo_.clear();
}

namespace {

/// A sorted run of cells within bounds.
struct run {
  overlay::cells::const_iterator at;
  overlay::cells::const_iterator end;

  static run of(const overlay::cells& in, std::string_view from, std::string_view to) {
    return {in.lower_bound(from), to.empty() ? in.end() : in.lower_bound(to)};
  }
  [[nodiscard]] bool done() const { return at == end; }
};

} // namespace

void overlay::scan(std::string_view from, std::string_view to, const row_visitor& visit) const {
  if (!to.empty() && from >= to)
    return;
  static const cells nothing;
  auto newest = run::of(open_, from, to);
  auto older = run::of(sealed_ ? *sealed_ : nothing, from, to);
  bool going = true;
  // Gives the rows of the two maps that come before `limit` (all of them without one); true if one
  // is at the limit.
  auto drain = [&](const std::string_view* limit) {
    while (going && (!newest.done() || !older.done())) {
      bool take_newest = !newest.done() && (older.done() || newest.at->first <= older.at->first);
      auto& chosen = take_newest ? newest : older;
      const std::string& key = chosen.at->first;
      if (limit != nullptr && key > *limit)
        return false;
      bool at_limit = limit != nullptr && key == *limit;
      if (take_newest && !older.done() && older.at->first == key)
        ++older.at;
      if (chosen.at->second.value)
        going = visit(key, *chosen.at->second.value);
      ++chosen.at;
      if (at_limit)
        return true;
    }
    return false;
  };
  std::string store_end = to.empty() ? after_prefix(prefix_) : prefix_ + std::string{to};
  auto scanned = store_.scan(family::state, prefix_ + std::string{from}, store_end,
                             [&](std::string_view key, std::string_view value) {
                               key.remove_prefix(prefix_.size());
                               bool replaced = drain(&key);
                               if (going && !replaced)
                                 going = visit(key, value);
                               return going;
                             });
  if (!scanned)
    throw engine_failure{std::move(scanned).error()};
  drain(nullptr);
}

overlay::sealed_rows overlay::seal() {
  SALLYPORT_ASSERT(sealed_ == nullptr);
  undo_.clear();
  auto rows = std::make_shared<cells>(std::move(open_));
  open_ = {};
  sealed_ = rows;
  return rows;
}

} // namespace sallyport::lane
