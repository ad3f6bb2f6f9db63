#include "engine/services/gauge_board.hpp"

#include "engine/core/assert.hpp"
#include "engine/observe/log.hpp"

#include <algorithm>

namespace sallyport {

gauge_board::gauge_board(const std::vector<state_gauges>& gauges, const committed_state& state,
                         const wall_clock& clock, observe::metrics& into, steady now)
  : gauges_(gauges), state_(state), clock_(clock), into_(into), now_(std::move(now)) {}

void gauge_board::refresh() {
  const auto began = now_();
  if (gauges_.empty() || began < not_before_)
    return;
  for (const auto& each : gauges_)
    measure(each);
  const auto ended = now_();
  not_before_ = std::max(began + every_min, ended + rest_factor * (ended - began));
}

void gauge_board::measure(const state_gauges& which) {
  const auto rows = state_.rows_of(which.part, which.stage);
  const auto values = which.measure(*rows, clock_.now());
  if (!values) {
    observe::log(observe::level::warn, "gauges.failed", "gauges cannot be computed from the state",
                 {{"part", which.part}, {"stage", which.stage}, {"why", values.error().what}});
    return;
  }
  for (const auto& each : *values) {
    const auto of = std::ranges::find(which.families, each.name, &state_gauges::family::name);
    SALLYPORT_ASSERT(of != which.families.end());
    into_.add_gauge(each.name, of->help, each.with).set(each.is);
  }
}

} // namespace sallyport
