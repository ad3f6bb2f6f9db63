#pragma once

// Problem: a population, its events and its faults must be the same on every machine and in every
// run of one seed, and a person must not change because another one was added.
// Idea: a small generator of our own (the standard distributions differ between libraries), seeded
// for each person, event or request from a mix of the seed and its identity.
//
// Thread safety: a `dice` is confined to its owner; the functions have no state.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace sallyport::simulator {

/// Spreads every bit of `value` over the whole result.
[[nodiscard]] constexpr std::uint64_t scramble(std::uint64_t value) noexcept {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  return scramble(scramble(a) ^ b);
}

/// A hash of the bytes that does not differ between builds.
[[nodiscard]] constexpr std::uint64_t stable_hash(std::string_view text) noexcept {
  std::uint64_t value = 0xcbf29ce484222325U;
  for (const char c : text)
    value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return scramble(value);
}

class dice {
public:
  explicit constexpr dice(std::uint64_t seed) noexcept : state_(scramble(seed)) {}

  constexpr std::uint64_t next() noexcept { return scramble(state_++); }

  /// 0 … sides-1. @pre sides > 0
  constexpr std::uint64_t below(std::uint64_t sides) noexcept { return next() % sides; }

  /// first … last, both included.
  constexpr int between(int first, int last) noexcept {
    const auto sides = static_cast<std::uint64_t>(last - first) + 1;
    return first + static_cast<int>(below(sides));
  }

  /// 0 ≤ x < 1
  constexpr double fraction() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

  constexpr bool chance(double share) noexcept { return fraction() < share; }

  template <class Range>
  constexpr const auto& pick(const Range& range) noexcept {
    return range[static_cast<std::size_t>(below(static_cast<std::uint64_t>(std::size(range))))];
  }

private:
  std::uint64_t state_;
};

} // namespace sallyport::simulator
