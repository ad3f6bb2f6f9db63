#pragma once

#include "engine/topology/plan.hpp"

#include <chrono>
#include <string>

/// What the custody benchmarks share with production: the config that people run.
namespace sallyport::bench::custody {

/// The hold-back of production.
inline constexpr std::chrono::minutes hold_back{60};
/// Over it, however late the last event of a booking came.
inline constexpr std::chrono::hours past_hold_back{3};

/// configs/prison-to-probation.embedded.yaml, with its peers at `url`.
[[nodiscard]] topology::plan plan_of(const std::string& url);

} // namespace sallyport::bench::custody
