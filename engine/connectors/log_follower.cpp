#include "engine/connectors/log_follower.hpp"

#include <chrono>

namespace sallyport {

namespace {

/// Appends wake the follower; this bounds what a lost wake-up could cost.
constexpr std::chrono::seconds wait_max{1};

} // namespace

status log_follower::follow(log& of, const std::string& topic, const step& work) {
  const auto handle = of.subscribe([this, topic](const partition_id& where) {
    if (where.topic != topic)
      return;
    std::lock_guard lock{guard_};
    news_ = true;
    changed_.notify_all();
  });
  status ended;
  for (;;) {
    {
      std::lock_guard lock{guard_};
      if (stopping_)
        break;
      news_ = false;
    }
    const auto any = work();
    if (!any) {
      ended = fail(any.error());
      break;
    }
    std::unique_lock lock{guard_};
    if (!*any)
      changed_.wait_for(lock, wait_max, [this] { return stopping_ || news_; });
  }
  of.unsubscribe(handle);
  return ended;
}

void log_follower::stop() {
  std::lock_guard lock{guard_};
  stopping_ = true;
  changed_.notify_all();
}

} // namespace sallyport
