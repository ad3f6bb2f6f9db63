#pragma once

#include "engine/core/call.hpp"
#include "engine/core/error.hpp"
#include "engine/time/zone.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What prison-api knows of a booking (§1, "prison-api calls"): the requests, and their replies as
/// plain structs with the fields that the rules read. A required field that is missing is an error
/// that names it; nothing of a reply's values gets into an error.
namespace sallyport::prison_to_probation {

/// GET /api/bookings/{id}
struct booking {
  std::string booking_no;
  bool active = false;
  std::string offender_no;
  std::string first_name;
  std::string last_name;
  sys_days date_of_birth{};
  std::optional<std::string> agency_id;
  std::optional<std::string> location_description;
  std::optional<bool> recall;
  std::optional<std::string> legal_status;
};
[[nodiscard]] call_request booking_request(std::int64_t booking_id);
[[nodiscard]] result<booking> parse_booking(std::string_view body);

/// GET /api/bookings/{id}/sentenceDetail
struct sentence_detail {
  std::optional<sys_days> sentence_start;
  std::optional<sys_days> sentence_expiry;
  std::optional<sys_days> confirmed_release;
  std::optional<sys_days> conditional_release;
  std::optional<sys_days> conditional_release_override;
  std::optional<sys_days> licence_expiry;
  std::optional<sys_days> parole_eligibility;
  std::optional<sys_days> topup_supervision_expiry;
  std::optional<sys_days> release;
  std::optional<sys_days> home_detention_curfew_eligibility;
};
[[nodiscard]] call_request sentence_detail_request(std::int64_t booking_id);
[[nodiscard]] result<sentence_detail> parse_sentence_detail(std::string_view body);

/// GET /api/offender-sentences/booking/{id}/sentenceTerms
struct sentence_term {
  std::optional<sys_days> start;
  bool consecutive = false; ///< it follows another sentence (`consecutiveTo` is there)
};
[[nodiscard]] call_request sentence_terms_request(std::int64_t booking_id);
[[nodiscard]] result<std::vector<sentence_term>> parse_sentence_terms(std::string_view body);

/// The start *S* of the sentence that Delius is told of (§4.1, step 2): the latest start of those
/// that do not follow another sentence.
[[nodiscard]] std::optional<sys_days> primary_start(const std::vector<sentence_term>& terms);

/// GET /api/bookings/{id}/movement/{seq}
struct movement {
  std::string offender_no;
  std::optional<std::string> from_agency;
  std::optional<std::string> to_agency;
  std::optional<std::string> type;

  /// An admission to somewhere; the direction is not looked at (§1).
  [[nodiscard]] bool is_transfer() const { return to_agency && type == "ADM"; }
};
[[nodiscard]] call_request movement_request(std::int64_t booking_id, std::int64_t seq);
[[nodiscard]] result<movement> parse_movement(std::string_view body);

/// GET /api/bookings/{id}/identifiers?type=MERGED: the NOMS numbers that were merged into this one.
[[nodiscard]] call_request merged_numbers_request(std::int64_t booking_id);
[[nodiscard]] result<std::vector<std::string>> parse_merged_numbers(std::string_view body);

/// GET /api/prisoners?offenderNo={no}
struct prisoner {
  std::optional<std::string> offender_no;
  std::optional<std::string> pnc_number;
  std::optional<std::string> cro_number;
  std::optional<std::string> latest_location;
  std::optional<std::string> convicted_status;
};
[[nodiscard]] call_request prisoner_request(std::string_view offender_no);
/// The first of the list; an empty list is an error.
[[nodiscard]] result<prisoner> parse_prisoner(std::string_view body);

} // namespace sallyport::prison_to_probation
