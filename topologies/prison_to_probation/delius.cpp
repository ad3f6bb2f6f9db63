#include "topologies/prison_to_probation/delius.hpp"

#include "topologies/prison_to_probation/wire.hpp"

#include <nlohmann/json.hpp>

namespace sallyport::prison_to_probation {

namespace {

using body = nlohmann::ordered_json;

/// Text from a peer may hold bytes that are no UTF-8; they are replaced, for JSON has no place for
/// them.
std::string written(const body& json) {
  return json.dump(-1, ' ', false, body::error_handler_t::replace);
}

body text_or_null(const std::optional<std::string>& text) { return text ? body(*text) : body(); }

body date_or_null(const std::optional<sys_days>& date) {
  return date ? body(format_date(*date)) : body();
}

call_request send(std::string method, std::string path, const body& json) {
  return {
    std::move(method), std::move(path), {{"Content-Type", "application/json"}}, written(json)};
}

std::string by_noms(std::string_view noms_number) {
  return "/secure/offenders/nomsNumber/" + url_part(noms_number);
}

} // namespace

call_request match_request(const booking& of, const prisoner& known_as) {
  return send("POST", "/match",
              {{"firstName", of.first_name},
               {"surname", of.last_name},
               {"dateOfBirth", format_date(of.date_of_birth)},
               {"nomsNumber", of.offender_no},
               {"activeSentence", true},
               {"pncNumber", text_or_null(known_as.pnc_number)},
               {"croNumber", text_or_null(known_as.cro_number)}});
}

call_request convictions_request(std::string_view crn) {
  return {"GET", "/secure/offenders/crn/" + url_part(crn) + "/convictions", {}, {}};
}

call_request noms_number_request(std::string_view crn, std::string_view noms_number) {
  return send("PUT", "/secure/offenders/crn/" + url_part(crn) + "/nomsNumber",
              {{"nomsNumber", noms_number}});
}

call_request replace_noms_number_request(std::string_view old_number, std::string_view new_number) {
  return send("PUT", by_noms(old_number) + "/nomsNumber", {{"nomsNumber", new_number}});
}

call_request booking_number_request(std::string_view noms_number, std::string_view booking_number,
                                    sys_days sentence_start) {
  return send(
    "PUT", by_noms(noms_number) + "/custody/bookingNumber",
    {{"sentenceStartDate", format_date(sentence_start)}, {"bookingNumber", booking_number}});
}

call_request location_request(std::string_view noms_number, std::string_view booking_number,
                              std::string_view agency_id) {
  return send("PUT", by_noms(noms_number) + "/custody/bookingNumber/" + url_part(booking_number),
              {{"nomsPrisonInstitutionCode", agency_id}});
}

call_request key_dates_request(std::string_view noms_number, std::string_view booking_number,
                               const sentence_detail& dates) {
  const auto& conditional_release = dates.conditional_release_override
                                      ? dates.conditional_release_override
                                      : dates.conditional_release;
  return send("POST",
              by_noms(noms_number) + "/bookingNumber/" + url_part(booking_number) +
                "/custody/keyDates",
              {{"conditionalReleaseDate", date_or_null(conditional_release)},
               {"licenceExpiryDate", date_or_null(dates.licence_expiry)},
               {"hdcEligibilityDate", date_or_null(dates.home_detention_curfew_eligibility)},
               {"paroleEligibilityDate", date_or_null(dates.parole_eligibility)},
               {"sentenceExpiryDate", date_or_null(dates.sentence_expiry)},
               {"expectedReleaseDate", date_or_null(dates.confirmed_release)},
               {"postSentenceSupervisionEndDate", date_or_null(dates.topup_supervision_expiry)}});
}

std::optional<std::string> parse_institution(std::string_view body_text) {
  json_text text;
  auto root = text.parse(body_text);
  auto institution = root ? member(*root, "institution") : std::nullopt;
  return institution ? text_of(*institution, "description") : std::nullopt;
}

result<std::vector<std::string>> parse_replaced_crns(std::string_view body_text) {
  json_text text;
  SALLYPORT_TRY(auto root, text.parse(body_text));
  simdjson::dom::array list;
  if (root.get(list) != simdjson::SUCCESS)
    return fail(error::data("it is no list"));
  std::vector<std::string> out;
  for (const json ids : list) {
    SALLYPORT_TRY(auto crn, required_text(ids, "crn"));
    out.push_back(std::move(crn));
  }
  return out;
}

} // namespace sallyport::prison_to_probation
