#include "engine/lane/timers.hpp"

#include "engine/lane/rows.hpp"

namespace sallyport::lane {

namespace {

/// Bytes of a row's key before the name: its kind and the due time.
constexpr std::size_t due_key_head = 9;

std::string due_key(wall_time due, std::string_view name) {
  auto key = rows::key(rows::kind::timer_due);
  binary::put_time_key(key, due);
  key += name;
  return key;
}

std::string end_of_rows() { return after_prefix(rows::key(rows::kind::timer_due)); }

wall_time due_of_key(std::string_view key) {
  binary::reader in{key.substr(1)};
  return in.time_key();
}

} // namespace

std::pair<wall_time, std::string_view> timer_of_key(std::string_view key) {
  return {due_of_key(key), key.substr(due_key_head)};
}

std::string timer_name_key(std::string_view name) {
  return rows::key(rows::kind::timer_name, name);
}

wall_time timer_due_of(std::string_view row) {
  binary::reader in{row.substr(1)};
  return in.time_key();
}

void timers::open(std::uint64_t pending) {
  pending_ = pending;
  low_mark_ = rows::key(rows::kind::timer_due);
  next_known_ = false;
  (void) next_due();
}

timers::fired* timers::firing(std::string_view name) {
  for (auto i = next_firing_; i < firing_.size(); ++i)
    if (!firing_[i].disarmed && firing_[i].what.name == name)
      return &firing_[i];
  return nullptr;
}

void timers::erase(std::string_view name, wall_time due) {
  rows_.erase(due_key(due, name));
  rows_.erase(timer_name_key(name));
  --pending_;
  --pending_change_;
}

void timers::forget(std::string_view name, wall_time due) {
  erase(name, due);
  if (next_known_ && next_ == due)
    next_known_ = false;
}

void timers::set(std::string_view name, wall_time at, std::string_view payload) {
  if (auto before = due(name)) {
    if (auto* f = firing(name)) {
      f->disarmed = true;
      disarmed_.push_back(static_cast<std::size_t>(f - firing_.data()));
    } else {
      forget(name, *before);
    }
  }
  auto row = rows::value();
  row += payload;
  auto by_due = due_key(at, name);
  if (by_due < low_mark_)
    low_mark_ = by_due;
  rows_.put_new(by_due, std::move(row));
  auto by_name = rows::value();
  binary::put_time_key(by_name, at);
  rows_.put_new(timer_name_key(name), std::move(by_name));
  ++pending_;
  ++pending_change_;
  if (next_known_ && (!next_ || at < *next_))
    next_ = at;
}

void timers::cancel(std::string_view name) {
  if (auto* f = firing(name)) {
    f->disarmed = true;
    disarmed_.push_back(static_cast<std::size_t>(f - firing_.data()));
    return;
  }
  if (auto before = due(name))
    forget(name, *before);
}

std::optional<wall_time> timers::due(std::string_view name) const {
  for (auto i = next_firing_; i < firing_.size(); ++i)
    if (!firing_[i].disarmed && firing_[i].what.name == name)
      return firing_[i].what.due;
  if (auto row = rows_.get(timer_name_key(name)))
    return timer_due_of(*row);
  return std::nullopt;
}

std::optional<wall_time> timers::next_due() {
  if (!next_known_)
    scan([](std::string_view, std::string_view) { return false; });
  return next_;
}

void timers::scan(const row_visitor& passes) {
  next_.reset();
  std::optional<std::string> first;
  rows_.scan(low_mark_, end_of_rows(), [&](std::string_view key, std::string_view value) {
    if (passes(key, value))
      return true;
    first = key;
    next_ = due_of_key(key);
    return false;
  });
  low_mark_ = first ? std::move(*first) : end_of_rows();
  next_known_ = true;
}

void timers::take_due(wall_time now, std::size_t max) {
  firing_.clear();
  next_firing_ = 0;
  auto first = next_due();
  if (!first || *first > now)
    return;
  scan([&](std::string_view key, std::string_view value) {
    auto due = due_of_key(key);
    if (due > now || firing_.size() == max)
      return false;
    firing_.push_back(
      {{std::string{key.substr(due_key_head)}, due, std::string{value.substr(1)}}, false});
    return true;
  });
  for (const auto& f : firing_)
    erase(f.what.name, f.what.due);
}

std::optional<timer> timers::next_fired() {
  while (next_firing_ < firing_.size()) {
    auto& f = firing_[next_firing_++];
    if (!f.disarmed)
      return std::move(f.what);
  }
  return std::nullopt;
}

void timers::undo_callback() {
  for (auto i : disarmed_)
    firing_[i].disarmed = false;
  disarmed_.clear();
  pending_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(pending_) - pending_change_);
  pending_change_ = 0;
  next_known_ = false;
}

} // namespace sallyport::lane
