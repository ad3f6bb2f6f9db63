#include "engine/core/murmur2.hpp"

namespace sallyport {

std::uint32_t murmur2(std::string_view data) noexcept {
  constexpr std::uint32_t multiplier = 0x5bd1e995U;
  constexpr unsigned shift = 24;
  auto at = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(data[i]));
  };
  auto length = data.size();
  std::uint32_t hash = 0x9747b28cU ^ static_cast<std::uint32_t>(length);
  std::size_t i = 0;
  for (; i + 4 <= length; i += 4) {
    std::uint32_t word = at(i) | at(i + 1) << 8U | at(i + 2) << 16U | at(i + 3) << 24U;
    word *= multiplier;
    word ^= word >> shift;
    word *= multiplier;
    hash *= multiplier;
    hash ^= word;
  }
  switch (length - i) {
  case 3: hash ^= at(i + 2) << 16U; [[fallthrough]];
  case 2: hash ^= at(i + 1) << 8U; [[fallthrough]];
  case 1:
    hash ^= at(i);
    hash *= multiplier;
    break;
  default: break;
  }
  hash ^= hash >> 13U;
  hash *= multiplier;
  hash ^= hash >> 15U;
  return hash;
}

} // namespace sallyport
