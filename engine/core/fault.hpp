#pragma once

#include "engine/core/error.hpp"

#include <chrono>
#include <span>
#include <string_view>

/// Injected faults: `SALLYPORT_FAULT=<step>:kill|stop|fail|slow[@N]` makes the process die
/// (SIGKILL), stop (SIGSTOP) or fail when it comes to the step named so for the N-th time (the
/// first without `@N`); with `slow` it waits `slow_pause` there, from then on each time, as on a
/// slow disk. So a test can visit every step of a commit, a call and a restart.
///
/// Thread safety: all functions may be called from any thread. A step that is not asked for costs
/// one load.
namespace sallyport::fault {

inline constexpr std::chrono::milliseconds slow_pause{400};

/// Every step that can be named, in the order of a commit, a call, a restart.
[[nodiscard]] std::span<const std::string_view> steps() noexcept;

/// Passes the step. Dies or stops here when asked to; gives an `injected_fault` error when asked to
/// fail.
/// @pre `step` is one of `steps()`.
[[nodiscard]] status at(std::string_view step);

/// Reads the setting anew (`SALLYPORT_FAULT` is read at the first use); an empty text means no
/// fault.
status arm(std::string_view setting);

} // namespace sallyport::fault
