#pragma once

#include "engine/services/surface.hpp"
#include "topologies/prison_to_probation/message.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

/// What the metrics tell of the messages that are not processed (§7): how many there are by the
/// status of their last attempt, and how long the oldest of those that wait for a retry has waited.
namespace sallyport::prison_to_probation {

class open_messages {
public:
  /// @pre the message is not processed
  void add(const message& m);
  [[nodiscard]] std::vector<state_gauges::value> values(wall_time now) const;

private:
  std::array<std::size_t, static_cast<std::size_t>(message_status::no_longer_valid) + 1>
    by_status_{};
  std::optional<wall_time> oldest_waiting_; ///< createdDate
};

[[nodiscard]] state_gauges open_message_gauges();

} // namespace sallyport::prison_to_probation
