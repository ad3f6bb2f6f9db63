#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport {

/// The hash with which Kafka's own clients place keys (murmur2, 32 bits, seed 0x9747b28c), so that
/// a key finds the same partition on every log.
[[nodiscard]] std::uint32_t murmur2(std::string_view data) noexcept;

/// The partition of `key` among `partitions`, as Kafka's Java client computes it.
/// @pre partitions > 0
[[nodiscard]] inline std::uint32_t partition_of(std::string_view key,
                                                std::uint32_t partitions) noexcept {
  return (murmur2(key) & 0x7fffffffU) % partitions;
}

} // namespace sallyport
