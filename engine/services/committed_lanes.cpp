#include "engine/services/committed_lanes.hpp"

#include <array>

namespace sallyport {

std::string_view to_string(call_state of) noexcept {
  constexpr std::array<std::string_view, 5> names{"under_way", "behind", "retrying", "held",
                                                  "paused"};
  return names[static_cast<std::size_t>(of)];
}

} // namespace sallyport
