#include "topologies/prison_to_probation/booking.hpp"

#include "topologies/prison_to_probation/wire.hpp"

#include <algorithm>

namespace sallyport::prison_to_probation {

namespace {

call_request get(std::string path) { return {"GET", std::move(path), {}, {}}; }

std::string booking_path(std::int64_t booking_id) {
  return "/api/bookings/" + std::to_string(booking_id);
}

result<simdjson::dom::array> parse_list(json_text& text, std::string_view body) {
  SALLYPORT_TRY(auto root, text.parse(body));
  simdjson::dom::array list;
  if (root.get(list) != simdjson::SUCCESS)
    return fail(error::data("it is no list"));
  return list;
}

} // namespace

call_request booking_request(std::int64_t booking_id) {
  return get(booking_path(booking_id) + "?basicInfo=false&extraInfo=true");
}

result<booking> parse_booking(std::string_view body) {
  json_text text;
  SALLYPORT_TRY(auto root, text.parse(body));
  booking out;
  SALLYPORT_TRY(out.booking_no, required_text(root, "bookingNo"));
  auto active = flag_of(root, "activeFlag");
  if (!active)
    return fail(error::data("activeFlag is missing"));
  out.active = *active;
  SALLYPORT_TRY(out.offender_no, required_text(root, "offenderNo"));
  SALLYPORT_TRY(out.first_name, required_text(root, "firstName"));
  SALLYPORT_TRY(out.last_name, required_text(root, "lastName"));
  SALLYPORT_TRY(auto born, day_of(root, "dateOfBirth"));
  if (!born)
    return fail(error::data("dateOfBirth is missing"));
  out.date_of_birth = *born;
  out.agency_id = text_of(root, "agencyId");
  out.location_description = text_of(root, "locationDescription");
  out.recall = flag_of(root, "recall");
  out.legal_status = text_of(root, "legalStatus");
  return out;
}

call_request sentence_detail_request(std::int64_t booking_id) {
  return get(booking_path(booking_id) + "/sentenceDetail");
}

result<sentence_detail> parse_sentence_detail(std::string_view body) {
  json_text text;
  SALLYPORT_TRY(auto root, text.parse(body));
  sentence_detail out;
  SALLYPORT_TRY(out.sentence_start, day_of(root, "sentenceStartDate"));
  SALLYPORT_TRY(out.sentence_expiry, day_of(root, "sentenceExpiryDate"));
  SALLYPORT_TRY(out.confirmed_release, day_of(root, "confirmedReleaseDate"));
  SALLYPORT_TRY(out.conditional_release, day_of(root, "conditionalReleaseDate"));
  SALLYPORT_TRY(out.conditional_release_override, day_of(root, "conditionalReleaseOverrideDate"));
  SALLYPORT_TRY(out.licence_expiry, day_of(root, "licenceExpiryDate"));
  SALLYPORT_TRY(out.parole_eligibility, day_of(root, "paroleEligibilityDate"));
  SALLYPORT_TRY(out.topup_supervision_expiry, day_of(root, "topupSupervisionExpiryDate"));
  SALLYPORT_TRY(out.release, day_of(root, "releaseDate"));
  SALLYPORT_TRY(out.home_detention_curfew_eligibility,
                day_of(root, "homeDetentionCurfewEligibilityDate"));
  return out;
}

call_request sentence_terms_request(std::int64_t booking_id) {
  return get("/api/offender-sentences/booking/" + std::to_string(booking_id) + "/sentenceTerms");
}

result<std::vector<sentence_term>> parse_sentence_terms(std::string_view body) {
  json_text text;
  SALLYPORT_TRY(auto list, parse_list(text, body));
  std::vector<sentence_term> out;
  for (const json term : list) {
    SALLYPORT_TRY(auto start, day_of(term, "startDate"));
    out.push_back({start, member(term, "consecutiveTo").has_value()});
  }
  return out;
}

std::optional<sys_days> primary_start(const std::vector<sentence_term>& terms) {
  std::optional<sys_days> latest;
  for (const auto& term : terms)
    if (term.start && !term.consecutive)
      latest = std::max(latest, term.start);
  return latest;
}

call_request movement_request(std::int64_t booking_id, std::int64_t seq) {
  return get(booking_path(booking_id) + "/movement/" + std::to_string(seq));
}

result<movement> parse_movement(std::string_view body) {
  json_text text;
  SALLYPORT_TRY(auto root, text.parse(body));
  movement out;
  SALLYPORT_TRY(out.offender_no, required_text(root, "offenderNo"));
  out.from_agency = text_of(root, "fromAgency");
  out.to_agency = text_of(root, "toAgency");
  out.type = text_of(root, "movementType");
  return out;
}

call_request merged_numbers_request(std::int64_t booking_id) {
  return get(booking_path(booking_id) + "/identifiers?type=MERGED");
}

result<std::vector<std::string>> parse_merged_numbers(std::string_view body) {
  json_text text;
  SALLYPORT_TRY(auto list, parse_list(text, body));
  std::vector<std::string> out;
  for (const json identifier : list) {
    if (text_of(identifier, "type").value_or("MERGED") != "MERGED")
      continue;
    SALLYPORT_TRY(auto value, required_text(identifier, "value"));
    out.push_back(std::move(value));
  }
  return out;
}

call_request prisoner_request(std::string_view offender_no) {
  return get("/api/prisoners?offenderNo=" + url_part(offender_no));
}

result<prisoner> parse_prisoner(std::string_view body) {
  json_text text;
  SALLYPORT_TRY(auto list, parse_list(text, body));
  for (const json first : list) {
    prisoner out;
    out.offender_no = text_of(first, "offenderNo");
    out.pnc_number = text_of(first, "pncNumber");
    out.cro_number = text_of(first, "croNumber");
    out.latest_location = text_of(first, "latestLocation");
    out.convicted_status = text_of(first, "convictedStatus");
    return out;
  }
  return fail(error::data("the list of prisoners is empty"));
}

} // namespace sallyport::prison_to_probation
