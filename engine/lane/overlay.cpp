#include "engine/lane/overlay.hpp"

#include "engine/core/assert.hpp"

#include <algorithm>
#include <utility>

namespace sallyport::lane {

// -- the rows of an epoch -----------------------------------------------------------------

open_cells::row* open_cells::find(std::string_view key) {
  auto at = rows_.find(key);
  return at == rows_.end() ? nullptr : &*at;
}

const cell* open_cells::find(std::string_view key) const {
  auto at = rows_.find(key);
  return at == rows_.end() ? nullptr : &at->second;
}

open_cells::row& open_cells::add(std::string_view key, cell what) {
  auto [at, fresh] = rows_.emplace(std::string{key}, std::move(what));
  SALLYPORT_ASSERT(fresh);
  if (in_order_.test(kind_of(key)))
    order_.insert(&*at);
  return *at;
}

open_cells::node open_cells::take(const row& which) {
  if (in_order_.test(kind_of(which.first)))
    order_.erase(&which);
  return rows_.extract(which.first);
}

void open_cells::put_back(node taken) {
  auto put = rows_.insert(std::move(taken));
  if (in_order_.test(kind_of(put.position->first)))
    order_.insert(&*put.position);
}

const open_cells::order& open_cells::ordered(std::string_view from, std::string_view to) const {
  auto first = kind_of(from);
  auto last = to.empty() ? in_order_.size() - 1 : kind_of(to);
  if (to.size() == 1 && last > first)
    --last; // the end itself is not asked for
  std::bitset<256> added;
  for (auto kind = first; kind <= last; ++kind)
    added.set(kind, !in_order_.test(kind));
  if (added.none())
    return order_;
  for (const auto& row : rows_)
    if (added.test(kind_of(row.first)))
      order_.insert(&row);
  in_order_ |= added;
  return order_;
}

open_cells::table open_cells::take_all() {
  order_.clear();
  in_order_.reset(); // perhaps nobody scans in the next epoch
  auto size = rows_.size();
  auto all = std::exchange(rows_, {});
  // The next epoch will be about as big.
  rows_.reserve(size);
  return all;
}

sealed_cells::sealed_cells(open_cells::table rows) : rows_(std::move(rows)) {
  order_.reserve(rows_.size());
  for (const auto& row : rows_)
    order_.push_back(&row);
  std::ranges::sort(order_, open_cells::by_key{});
}

// -- all epochs together --------------------------------------------------------------------

std::optional<std::string> overlay::get(std::string_view key) const {
  if (const auto* found = std::as_const(open_).find(key))
    return found->value;
  if (sealed_)
    if (const auto* found = sealed_->find(key))
      return found->value;
  name_.assign(prefix_).append(key);
  auto found = store_.get(family::state, name_);
  if (!found)
    throw engine_failure{std::move(found).error()};
  return std::move(*found);
}

void overlay::write(std::string_view key, cell what) {
  auto* row = open_.find(key);
  if (row == nullptr) {
    undo_.push_back({&open_.add(key, std::move(what)), std::nullopt, {}});
    return;
  }
  what.fresh = row->second.fresh;
  if (!what.value && what.fresh)
    undo_.push_back({nullptr, std::nullopt, open_.take(*row)});
  else
    undo_.push_back({row, std::exchange(row->second, std::move(what)), {}});
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
    if (!it->taken.empty())
      open_.put_back(std::move(it->taken));
    else if (it->before)
      it->at->second = std::move(*it->before);
    else
      (void) open_.take(*it->at);
  }
  undo_.clear();
}

void overlay::scan(std::string_view from, std::string_view to, const row_visitor& visit) const {
  if (!to.empty() && from >= to)
    return;
  static const std::vector<const open_cells::row*> nothing;
  const auto& open = open_.ordered(from, to);
  const auto& sealed = sealed_ ? sealed_->in_order() : nothing;
  open_cells::by_key less;
  auto newest = open.lower_bound(from);
  auto newest_end = to.empty() ? open.end() : open.lower_bound(to);
  auto older = std::lower_bound(sealed.begin(), sealed.end(), from, less);
  auto older_end = to.empty() ? sealed.end() : std::lower_bound(older, sealed.end(), to, less);
  bool going = true;
  // Gives the rows of the two epochs that come before `limit` (all of them without one); true if
  // one is at the limit.
  auto drain = [&](const std::string_view* limit) {
    while (going && (newest != newest_end || older != older_end)) {
      bool take_newest =
        older == older_end || (newest != newest_end && (*newest)->first <= (*older)->first);
      const auto& chosen = take_newest ? **newest : **older;
      const std::string& key = chosen.first;
      if (limit != nullptr && key > *limit)
        return false;
      bool at_limit = limit != nullptr && key == *limit;
      if (older != older_end && (*older)->first == key)
        ++older;
      if (take_newest)
        ++newest;
      if (chosen.second.value)
        going = visit(key, *chosen.second.value);
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
  auto rows = std::make_shared<const sealed_cells>(open_.take_all());
  sealed_ = rows;
  return rows;
}

} // namespace sallyport::lane
