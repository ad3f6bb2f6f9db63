#pragma once

#include <chrono>

namespace sallyport {

/// A point of the wall clock, in milliseconds since 1970 UTC: the resolution of the log's
/// timestamps.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;
using duration = std::chrono::milliseconds;

} // namespace sallyport
