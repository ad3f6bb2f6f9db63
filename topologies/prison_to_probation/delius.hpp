#pragma once

#include "engine/core/call.hpp"
#include "engine/core/error.hpp"
#include "engine/time/zone.hpp"
#include "topologies/prison_to_probation/booking.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The requests to the search service and to community-api, which is the door of Delius (§4.2,
/// §4.6), and what their replies say.
namespace sallyport::prison_to_probation {

/// POST /match of the search service.
[[nodiscard]] call_request match_request(const booking& of, const prisoner& known_as);

/// GET /secure/offenders/crn/{crn}/convictions
[[nodiscard]] call_request convictions_request(std::string_view crn);

/// updateOffenderNomsNumber: tells Delius the NOMS number of a person.
[[nodiscard]] call_request noms_number_request(std::string_view crn, std::string_view noms_number);

/// replaceOffenderNomsNumber: whoever holds `old_number` gets `new_number`.
[[nodiscard]] call_request replace_noms_number_request(std::string_view old_number,
                                                       std::string_view new_number);

/// updateCustodyBookingNumber: the booking number of the sentence that starts then.
[[nodiscard]] call_request booking_number_request(std::string_view noms_number,
                                                  std::string_view booking_number,
                                                  sys_days sentence_start);

/// updateCustody: the prison where they are, as NOMIS calls it.
[[nodiscard]] call_request location_request(std::string_view noms_number,
                                            std::string_view booking_number,
                                            std::string_view agency_id);

/// replaceCustodyKeyDates: seven dates; one that is null is removed in Delius.
[[nodiscard]] call_request key_dates_request(std::string_view noms_number,
                                             std::string_view booking_number,
                                             const sentence_detail& dates);

/// The name of the institution in the reply to `location_request`.
[[nodiscard]] std::optional<std::string> parse_institution(std::string_view body);

/// The persons in the reply to `replace_noms_number_request`.
[[nodiscard]] result<std::vector<std::string>> parse_replaced_crns(std::string_view body);

} // namespace sallyport::prison_to_probation
