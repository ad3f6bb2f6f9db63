#pragma once

#include "engine/observe/metrics.hpp"
#include "engine/services/surface.hpp"
#include "engine/time/clock.hpp"

#include <chrono>
#include <functional>
#include <vector>

namespace sallyport {

/// Sets the gauges that a topology computes from its state.
///
/// Problem: such a gauge costs a scan of rows, and anyone may scrape as often as they like. Idea:
/// the values stand for a while; how long depends on what they cost.
///
/// Thread safety: `refresh` by one thread at a time, as `metrics::before_scrape` calls it.
///
/// Invariants:
/// 1. Between two scans lie `every_min`, so that two scrapers do not double the work, and
///    `rest_factor` times what the last one took, so that scans take a core for a twentieth of the
///    time at most, however much state there is.
/// 2. Rows that cannot be read leave the values as they were, and the log of the process tells.
class gauge_board {
public:
  static constexpr std::chrono::seconds every_min{15};
  static constexpr int rest_factor = 20;

  using steady = std::function<std::chrono::steady_clock::time_point()>;

  /// All outlive it.
  gauge_board(const std::vector<state_gauges>& gauges, const committed_state& state,
              const wall_clock& clock, observe::metrics& into,
              steady now = std::chrono::steady_clock::now);

  void refresh();

private:
  void measure(const state_gauges& which);

  const std::vector<state_gauges>& gauges_;
  const committed_state& state_;
  const wall_clock& clock_;
  observe::metrics& into_;
  steady now_;
  std::chrono::steady_clock::time_point not_before_ = std::chrono::steady_clock::time_point::min();
};

} // namespace sallyport
