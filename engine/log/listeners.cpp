#include "engine/log/listeners.hpp"

#include <algorithm>

namespace sallyport {

std::uint64_t listeners::subscribe(log::listener on_append) {
  auto added = std::make_shared<entry>();
  added->call = std::move(on_append);
  std::lock_guard lock{guard_};
  entries_.emplace(++last_handle_, std::move(added));
  return last_handle_;
}

void listeners::unsubscribe(std::uint64_t handle) {
  std::unique_lock lock{guard_};
  auto found = entries_.find(handle);
  if (found == entries_.end())
    return;
  auto removed = std::move(found->second);
  entries_.erase(found);
  removed->removed = true;
  auto me = std::this_thread::get_id();
  idle_.wait(lock, [&] {
    return std::ranges::all_of(removed->running, [&](auto who) { return who == me; });
  });
}

void listeners::notify(std::span<const partition_id> partitions) {
  if (partitions.empty())
    return;
  std::unique_lock lock{guard_};
  std::vector<std::shared_ptr<entry>> all;
  all.reserve(entries_.size());
  for (const auto& [handle, one] : entries_)
    all.push_back(one);
  auto me = std::this_thread::get_id();
  for (const auto& one : all) {
    if (one->removed)
      continue;
    one->running.push_back(me);
    lock.unlock();
    for (const auto& partition : partitions)
      one->call(partition);
    lock.lock();
    one->running.erase(std::ranges::find(one->running, me));
    idle_.notify_all();
  }
}

} // namespace sallyport
