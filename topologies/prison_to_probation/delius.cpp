#include "topologies/prison_to_probation/delius.hpp"

#include "topologies/prison_to_probation/wire.hpp"

namespace sallyport::prison_to_probation {

namespace {

call_request send(std::string method, std::string path, object_writer body) {
  return {std::move(method),
          std::move(path),
          {{"Content-Type", "application/json"}},
          std::move(body).done()};
}

std::string by_noms(std::string_view noms_number) {
  return "/secure/offenders/nomsNumber/" + url_part(noms_number);
}

} // namespace

call_request match_request(const booking& of, const prisoner& known_as) {
  object_writer body;
  body.text("firstName", of.first_name)
    .text("surname", of.last_name)
    .date("dateOfBirth", of.date_of_birth)
    .text("nomsNumber", of.offender_no)
    .flag("activeSentence", true)
    .text_or_null("pncNumber", known_as.pnc_number)
    .text_or_null("croNumber", known_as.cro_number);
  return send("POST", "/match", std::move(body));
}

call_request convictions_request(std::string_view crn) {
  return {"GET", "/secure/offenders/crn/" + url_part(crn) + "/convictions", {}, {}};
}

call_request noms_number_request(std::string_view crn, std::string_view noms_number) {
  object_writer body;
  body.text("nomsNumber", noms_number);
  return send("PUT", "/secure/offenders/crn/" + url_part(crn) + "/nomsNumber", std::move(body));
}

call_request replace_noms_number_request(std::string_view old_number, std::string_view new_number) {
  object_writer body;
  body.text("nomsNumber", new_number);
  return send("PUT", by_noms(old_number) + "/nomsNumber", std::move(body));
}

call_request booking_number_request(std::string_view noms_number, std::string_view booking_number,
                                    sys_days sentence_start) {
  object_writer body;
  body.date("sentenceStartDate", sentence_start).text("bookingNumber", booking_number);
  return send("PUT", by_noms(noms_number) + "/custody/bookingNumber", std::move(body));
}

call_request location_request(std::string_view noms_number, std::string_view booking_number,
                              std::string_view agency_id) {
  object_writer body;
  body.text("nomsPrisonInstitutionCode", agency_id);
  return send("PUT", by_noms(noms_number) + "/custody/bookingNumber/" + url_part(booking_number),
              std::move(body));
}

call_request key_dates_request(std::string_view noms_number, std::string_view booking_number,
                               const sentence_detail& dates) {
  const auto& conditional_release = dates.conditional_release_override
                                      ? dates.conditional_release_override
                                      : dates.conditional_release;
  object_writer body;
  body.date("conditionalReleaseDate", conditional_release)
    .date("licenceExpiryDate", dates.licence_expiry)
    .date("hdcEligibilityDate", dates.home_detention_curfew_eligibility)
    .date("paroleEligibilityDate", dates.parole_eligibility)
    .date("sentenceExpiryDate", dates.sentence_expiry)
    .date("expectedReleaseDate", dates.confirmed_release)
    .date("postSentenceSupervisionEndDate", dates.topup_supervision_expiry);
  return send("POST",
              by_noms(noms_number) + "/bookingNumber/" + url_part(booking_number) +
                "/custody/keyDates",
              std::move(body));
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
