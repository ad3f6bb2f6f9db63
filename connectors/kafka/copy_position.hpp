#pragma once

#include "engine/core/wall_time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::kafka {

/// Where the store's copy of a lane stands on the lane's changelog.
struct copy_position {
  std::string identity;    ///< of the changelog
  std::int64_t next = 0;   ///< its first record that is not in the copy
  wall_time complete_at{}; ///< when the copy had all that the changelog had

  friend bool operator==(const copy_position&, const copy_position&) = default;
};

[[nodiscard]] std::string encode(const copy_position& what);
[[nodiscard]] std::optional<copy_position> decode_copy_position(std::string_view row);

/// Why a copy cannot be brought up to date and must be set aside; nothing if it can.
///
/// A changelog forgets deletions after `tombstones_kept`: an older copy would keep rows for ever
/// that were deleted meanwhile, finished timers and calls among them.
[[nodiscard]] std::optional<std::string> why_not_usable(const copy_position& copy,
                                                        std::string_view identity,
                                                        std::int64_t begin, std::int64_t end,
                                                        duration tombstones_kept, wall_time now);

/// The owner row of a lane.
struct lane_owner {
  std::string instance;
  bool handed_over = false;
};
[[nodiscard]] std::string encode(const lane_owner& what);
[[nodiscard]] std::optional<lane_owner> decode_lane_owner(std::string_view row);

} // namespace sallyport::kafka
