#pragma once

#include "engine/observe/metrics.hpp"

#include <cstdint>
#include <string>

namespace sallyport::observe {

/// What every process tells of itself, under the names that Prometheus' own clients use, so that
/// boards made for them fit: resident memory, CPU time, open files, start time; and
/// `sallyport_build_info{version}`, which is always 1. They are read when they are asked for.
///
/// Thread safety: as `metrics`. Must be destroyed before the metrics it was given.
class standard_metrics {
public:
  standard_metrics(metrics& into, const std::string& version);
  ~standard_metrics();
  standard_metrics(const standard_metrics&) = delete;
  standard_metrics& operator=(const standard_metrics&) = delete;

private:
  metrics& into_;
  std::uint64_t handle_ = 0;
};

} // namespace sallyport::observe
