#pragma once

#include <chrono>

namespace sallyport::kafka {

/// Wakes one thread from others, and from librdkafka's queues, which write to its descriptor.
///
/// Thread safety: `wake` from any thread, `wait` from one.
class wakeup {
public:
  wakeup();
  ~wakeup();
  wakeup(const wakeup&) = delete;
  wakeup& operator=(const wakeup&) = delete;

  void wake() const;
  /// Until it is woken, or the time is over. What was said before counts.
  void wait(std::chrono::milliseconds at_most) const;
  [[nodiscard]] int descriptor() const noexcept { return fd_; }

private:
  int fd_;
};

} // namespace sallyport::kafka
