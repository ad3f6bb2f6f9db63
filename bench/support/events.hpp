#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// The events that all benchmarks work on; they are the same in every run.
namespace sallyport::bench {

/// A prison event of 800 bytes as JSON; the n-th is the same in every run. `booking` may repeat.
[[nodiscard]] std::string event_json(std::size_t n, std::size_t booking);
inline constexpr std::size_t event_bytes = 800;

/// A well mixed number of `n`, for keys that come in no order.
[[nodiscard]] std::uint64_t mixed(std::uint64_t n);

} // namespace sallyport::bench
