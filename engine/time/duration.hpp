#pragma once

#include "engine/core/error.hpp"
#include "engine/core/wall_time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport {

/// Durations and sizes as people write them. Problem: a bare number in a config leaves its unit to
/// the reader's memory. Idea: a number always carries its unit, and what is formatted parses again.
///
/// Thread safety: pure functions.
///
/// Invariants:
/// 1. `parse(format(x)) == x` for every x that is not negative.
/// 2. A number without a unit, a negative one and one that overflows are errors that say what to
///    write.

/// `250ms`, `2s`, `15m`, `1h30m`, `30d`, `0s`: units from great to small, each at most once.
[[nodiscard]] result<duration> parse_duration(std::string_view text);

/// The shortest such text, greatest unit first.
[[nodiscard]] std::string format_duration(duration value);

/// `64B`, `512KiB`, `16MiB`, `4GiB`, `1TiB`.
[[nodiscard]] result<std::uint64_t> parse_size(std::string_view text);

/// In the greatest unit that divides it.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

} // namespace sallyport
