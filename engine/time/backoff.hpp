#pragma once

#include "engine/core/call.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport {

/// How long to wait between the tries of a call.
///
/// Problem: many calls that failed together must not come back together, and a replay must find the
/// same times. Idea: the pause grows by the factor of the policy, and its jittered part is drawn
/// from a hash of the call's own seed instead of a random source.
///
/// Thread safety: pure functions.
///
/// Invariants
/// 1. The same policy, count and seed give the same pause on every machine.
/// 2. 0 <= pause <= backoff_max; without jitter it never shrinks from one try to the next.

/// The pause after `tries_done` tries; none before the first try. It lies between (1 - jitter)
/// times the grown pause and the whole of it.
[[nodiscard]] duration backoff(const call_policy& policy, std::uint32_t tries_done,
                               std::uint64_t seed) noexcept;

/// What a peer asks for by `Retry-After` counts up to this only.
inline constexpr duration retry_after_max = std::chrono::hours{24 * 30};

/// How long a `Retry-After` header asks to wait from `now`: a number of seconds, or a date of HTTP
/// in any of its three forms (0 if it has passed). Nothing if the value has neither form.
[[nodiscard]] std::optional<duration> parse_retry_after(std::string_view value, wall_time now);

} // namespace sallyport
