#pragma once

#include "engine/core/binary.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The beginning of all rows of a lane, in the store and on a changelog. What follows is the lane's
/// own (`engine/lane/rows.hpp`), but for the row of its owner, which is the log's.
namespace sallyport {

inline std::string lane_prefix(std::string_view part, std::uint32_t partition) {
  std::string out{part};
  out.push_back('\0');
  binary::put_be32(out, partition);
  return out;
}

/// Who had the lane last, and whether it was handed over: a row below an empty stage name.
inline std::string lane_owner_row(std::string_view part, std::uint32_t partition) {
  auto out = lane_prefix(part, partition);
  out.push_back('\0');
  out.push_back('o');
  return out;
}

} // namespace sallyport
