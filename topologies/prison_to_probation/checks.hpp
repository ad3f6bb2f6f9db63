#pragma once

#include "engine/core/error.hpp"
#include "topologies/prison_to_probation/message.hpp"
#include "topologies/prison_to_probation/peers.hpp"
#include "topologies/prison_to_probation/settings.hpp"

#include <optional>
#include <string_view>
#include <vector>

/// The checks of §1: whether an event has anything for Delius. They are made when it arrives, and
/// those of movements, numbers and dates again in each attempt. A read is made only when the check
/// that needs it is reached.
namespace sallyport::prison_to_probation {

namespace reasons {
inline constexpr std::string_view non_zero_sequence = "Non zero sequence";
inline constexpr std::string_view no_sentence_start = "No sentence start date";
inline constexpr std::string_view not_active = "Not an active booking";
inline constexpr std::string_view not_at_interested = "Not at an interested prison";
inline constexpr std::string_view movement_not_found = "Movement not found";
inline constexpr std::string_view not_a_transfer = "Not a transfer";
inline constexpr std::string_view not_interested = "Not an interested prison";
inline constexpr std::string_view no_merged_offenders = "No merged offenders found";
} // namespace reasons

/// What the checks found on their way; `refused` is the reason to do nothing, empty if there is
/// none.
struct checked {
  std::string_view refused;
  std::optional<booking> of; ///< as far as it was read; always, when nothing was refused
};

[[nodiscard]] result<checked> check_status_change(peers& ask, const event& on,
                                                  const interested_prisons& prisons);

struct checked_movement : checked {
  std::optional<movement> to;
};
[[nodiscard]] result<checked_movement> check_movement(peers& ask, const event& on,
                                                      const interested_prisons& prisons);

struct checked_numbers : checked {
  std::vector<std::string> merged;
};
[[nodiscard]] result<checked_numbers> check_booking_number(peers& ask,
                                                           const interested_prisons& prisons);

[[nodiscard]] result<checked> check_dates(peers& ask, const interested_prisons& prisons);

/// The checks of the event's type, for its arrival.
[[nodiscard]] result<checked> check_event(peers& ask, const event& on,
                                          const interested_prisons& prisons);

} // namespace sallyport::prison_to_probation
