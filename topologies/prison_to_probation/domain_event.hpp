#pragma once

#include "engine/core/record.hpp"
#include "engine/time/zone.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What the rest of probation is told of a changed NOMS number (§4.6, "Domain events").
namespace sallyport::prison_to_probation {

/// probation-case.prison-identifier.added: Delius holds the person's NOMS number now.
[[nodiscard]] record noms_number_added(std::string_view crn, std::string_view noms_number,
                                       std::string_view booking_number, wall_time at,
                                       const zone& in);

/// probation-case.prison-identifier.updated: a merge in NOMIS gave the person another number.
/// `crn`: null when a repeat only showed that an unanswered replace was done (§10.5): the answer
/// then names nobody, and the event has the NOMS number alone.
[[nodiscard]] record noms_number_updated(const std::optional<std::string>& crn,
                                         std::string_view noms_number,
                                         std::string_view previous_noms_number,
                                         std::string_view booking_number, wall_time at,
                                         const zone& in);

} // namespace sallyport::prison_to_probation
