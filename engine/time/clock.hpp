#pragma once

#include "engine/core/wall_time.hpp"

#include <atomic>

namespace sallyport {

/// The only source of time. Operators never see it: their `now` comes from the door.
///
/// Thread safety: all functions may be called from any thread.
class wall_clock {
public:
  virtual ~wall_clock() = default;
  [[nodiscard]] virtual wall_time now() const = 0;
};

class system_wall_clock final : public wall_clock {
public:
  [[nodiscard]] wall_time now() const override {
    return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
  }
};

/// Stands still until it is set: for tests and replay.
class manual_clock final : public wall_clock {
public:
  explicit manual_clock(wall_time start) : now_(start) {}
  [[nodiscard]] wall_time now() const override { return now_; }
  void set(wall_time now) { now_ = now; }
  void advance(duration by) { now_ = now_.load() + by; }

private:
  std::atomic<wall_time> now_;
};

} // namespace sallyport
