#include "topologies/prison_to_probation/domain_event.hpp"

#include <nlohmann/json.hpp>

namespace sallyport::prison_to_probation {

namespace {

using json_body = nlohmann::ordered_json;

record domain_event(std::string_view type, std::string_view description, json_body information,
                    const std::optional<std::string>& crn, std::string_view noms_number,
                    wall_time at, const zone& in) {
  json_body identifiers = json_body::array();
  if (crn)
    identifiers.push_back({{"type", "CRN"}, {"value", *crn}});
  identifiers.push_back({{"type", "NOMS"}, {"value", noms_number}});
  const json_body whole{{"eventType", type},
                        {"version", 1},
                        {"detailUrl", nullptr},
                        {"occurredAt", format_offset(at, in)},
                        {"description", description},
                        {"additionalInformation", std::move(information)},
                        {"personReference", {{"identifiers", std::move(identifiers)}}}};
  record out;
  out.key = bytes{noms_number};
  out.value = whole.dump(-1, ' ', false, json_body::error_handler_t::replace);
  out.set("eventType", std::string{type});
  out.timestamp = at;
  return out;
}

} // namespace

record noms_number_added(std::string_view crn, std::string_view noms_number,
                         std::string_view booking_number, wall_time at, const zone& in) {
  return domain_event("probation-case.prison-identifier.added",
                      "The prison number of a person on probation was recorded",
                      {{"bookingNumber", booking_number}}, std::string{crn}, noms_number, at, in);
}

record noms_number_updated(const std::optional<std::string>& crn, std::string_view noms_number,
                           std::string_view previous_noms_number, std::string_view booking_number,
                           wall_time at, const zone& in) {
  return domain_event(
    "probation-case.prison-identifier.updated",
    "The prison number of a person on probation was replaced after a merge",
    {{"bookingNumber", booking_number}, {"previousNomsNumber", previous_noms_number}}, crn,
    noms_number, at, in);
}

} // namespace sallyport::prison_to_probation
