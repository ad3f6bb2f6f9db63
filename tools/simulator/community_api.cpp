#include "tools/simulator/community_api.hpp"

#include "tools/simulator/nomis.hpp"

#include <algorithm>
#include <cstdlib>

namespace sallyport::simulator {

namespace {

using nlohmann::ordered_json;

/// How far, in days, two sentence dates may lie apart and still mean the same sentence.
constexpr int sentence_tolerance = 7;

bool blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

/// The text under `name`, or nothing when it is missing, null, blank or no text.
std::string text_of(const nlohmann::json& body, const char* name) {
  if (!body.is_object())
    return {};
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string() || blank(found->get<std::string>()))
    return {};
  return found->get<std::string>();
}

ordered_json institution_json(const std::string& code) {
  const auto* known = find_prison(code);
  const std::string description = known ? known->description : "Unknown";
  ordered_json institution{
    {"institutionId", known ? known->institution_id : 157},
    {"isEstablishment", true},
    {"code", known ? known->delius_code : "UNKNOW"},
    {"description", description},
    {"institutionName", description},
    {"establishmentType", {{"code", "E"}, {"description", "Prison"}}},
  };
  if (known)
    institution["nomsPrisonInstitutionCode"] = known->code;
  return institution;
}

ordered_json custody_json(const custody& custodial) {
  ordered_json result = ordered_json::object();
  if (!custodial.booking_number.empty())
    result["bookingNumber"] = custodial.booking_number;
  result["institution"] = institution_json(custodial.institution);
  ordered_json dates = ordered_json::object();
  for (const auto& [name, code] : managed_key_dates)
    if (const auto found = custodial.key_dates.find(name); found != custodial.key_dates.end())
      dates[name] = iso(found->second);
  result["keyDates"] = std::move(dates);
  return result;
}

ordered_json offence_json(const delius_person& person, const delius_event& event) {
  const date on = event.sentence_start.value_or(make_date(2020, 1, 1)) - std::chrono::days{120};
  return {
    {"offenceId", "M" + std::to_string(event.id)},
    {"mainOffence", true},
    {"detail",
     {{"code", "04900"},
      {"description", "Stealing from shops - 04900"},
      {"mainCategoryCode", "049"},
      {"mainCategoryDescription", "Stealing from shops"},
      {"mainCategoryAbbreviation", "Shoplifting"},
      {"ogrsOffenceCategory", "Theft (Non-motor)"},
      {"subCategoryCode", "00"},
      {"subCategoryDescription", "Stealing from shops"},
      {"form20Code", "40"}}},
    {"offenceDate", iso(on) + "T00:00:00"},
    {"offenceCount", 1},
    {"offenderId", person.offender_id},
  };
}

ordered_json conviction_json(const delius_person& person, const delius_event& event,
                             std::size_t number) {
  const bool in_custody = event.custodial.has_value();
  ordered_json result{{"convictionId", event.id},
                      {"index", std::to_string(number)},
                      {"active", event.active},
                      {"inBreach", false}};
  if (event.sentence_start)
    result["convictionDate"] = iso(*event.sentence_start - std::chrono::days{1});
  result["referralDate"] =
    iso(event.sentence_start.value_or(make_date(2020, 1, 1)) - std::chrono::days{30});
  result["offences"] = ordered_json::array({offence_json(person, event)});
  const char* description = in_custody ? "CJA - Std Determinate Custody" : "CJA - Community Order";
  if (event.sentence_start) {
    result["sentence"] = {{"description", description},
                          {"originalLength", in_custody ? 60 : 12},
                          {"originalLengthUnits", "Months"},
                          {"defaultLength", in_custody ? 60 : 12},
                          {"lengthInDays", in_custody ? 1826 : 364},
                          {"startDate", iso(*event.sentence_start)}};
    result["latestCourtAppearanceOutcome"] = {{"code", in_custody ? "301" : "201"},
                                              {"description", description}};
  } else {
    result["latestCourtAppearanceOutcome"] = {{"code", "101"},
                                              {"description", "Adjourned - Pre-Sentence Report"}};
  }
  if (event.custodial)
    result["custody"] = custody_json(*event.custodial);
  return result;
}

ordered_json ids_json(const delius_person& person) {
  ordered_json ids{{"crn", person.crn}};
  if (!person.pnc.empty())
    ids["pncNumber"] = person.pnc;
  if (!person.cro.empty())
    ids["croNumber"] = person.cro;
  ids["nomsNumber"] = person.noms_number;
  return ids;
}

/// The events that are at work in custody, latest sentence first.
std::vector<delius_event*> custodial_events(delius_person& person) {
  std::vector<delius_event*> events;
  for (auto& event : person.events)
    if (event.active_custodial())
      events.push_back(&event);
  std::ranges::stable_sort(
    events, [](const auto* a, const auto* b) { return *a->sentence_start > *b->sentence_start; });
  return events;
}

reply no_such_person(const std::string& noms_number) {
  return problem(404, "offender with nomsNumber " + noms_number + " not found");
}

reply several_people(int status, const std::string& noms_number) {
  return problem(status, "Multiple offenders found with nomsNumber " + noms_number);
}

/// What a write answers while the switches of the update features are off.
reply switched_off() { return {200, ordered_json::object()}; }

} // namespace

community_api::found_person community_api::find_person(const std::string& noms_number) const {
  auto holders = people_.holders(noms_number);
  std::erase_if(holders, [&](std::size_t i) { return people_.at(i).soft_deleted; });
  if (holders.empty())
    return {};
  if (holders.size() == 1)
    return {finding::one, holders.front()};
  std::erase_if(holders, [&](std::size_t i) { return !people_.at(i).active_sentence(); });
  if (holders.size() == 1)
    return {finding::one, holders.front()};
  return {finding::several, 0};
}

reply community_api::convictions(const std::string& crn) const {
  const auto index = people_.by_crn(crn);
  if (!index)
    return problem(404, "offender with crn " + crn + " not found");
  const auto& person = people_.at(*index);
  ordered_json list = ordered_json::array();
  std::size_t number = 0;
  for (const auto& event : person.events)
    if (++number; !event.soft_deleted)
      list.push_back(conviction_json(person, event, number));
  return {200, std::move(list)};
}

reply community_api::put_noms_number(const std::string& crn, const nlohmann::json& body) {
  const auto number = text_of(body, "nomsNumber");
  if (number.empty())
    return problem(400, "nomsNumber is required");
  const auto index = people_.by_crn(crn);
  if (!index)
    return problem(404, "offender with crn " + crn + " not found");
  auto& person = people_.at(*index);
  if (!settings_.updates || person.noms_number == number)
    return {200, ids_json(person)};
  for (const auto other : people_.holders(number)) {
    people_.set_noms_number(other, "");
    // The real server files the duplicate under the person who receives the number.
    person.additional_identifiers.emplace("DNOMS", number);
  }
  if (!person.noms_number.empty())
    person.additional_identifiers.emplace("XNOMS", person.noms_number);
  people_.set_noms_number(*index, number);
  return {200, ids_json(person)};
}

reply community_api::replace_noms_number(const std::string& old_number,
                                         const nlohmann::json& body) {
  const auto number = text_of(body, "nomsNumber");
  if (number.empty())
    return problem(400, "nomsNumber is required");
  if (!settings_.updates)
    return {200, ordered_json::array()};
  if (!people_.holders(number).empty())
    return problem(409, "nomsNumber " + number + " is held by an offender already");
  const auto holders = people_.holders(old_number);
  if (holders.empty())
    return no_such_person(old_number);
  ordered_json list = ordered_json::array();
  for (const auto index : holders) {
    people_.at(index).additional_identifiers.emplace("XNOMS", old_number);
    people_.set_noms_number(index, number);
    list.push_back(ids_json(people_.at(index)));
  }
  return {200, std::move(list)};
}

reply community_api::put_booking_number(const std::string& noms_number,
                                        const nlohmann::json& body) {
  const auto number = text_of(body, "bookingNumber");
  const auto start = body.is_object() ? read_date(body, "sentenceStartDate") : date_field{};
  if (number.empty())
    return problem(400, "bookingNumber is required");
  if (!start.well_formed || !start.value)
    return problem(400, "sentenceStartDate is required");
  if (!settings_.updates)
    return switched_off();
  const auto found = find_person(noms_number);
  if (found.how == finding::none)
    return no_such_person(noms_number);
  if (found.how == finding::several)
    return several_people(409, noms_number);
  auto events = custodial_events(people_.at(found.index));
  std::erase_if(events, [&](const delius_event* event) {
    return std::abs((*event->sentence_start - *start.value).count()) > sentence_tolerance;
  });
  if (events.size() != 1)
    return problem(404, std::string{events.empty() ? "no" : "more than one"} +
                          " active custodial event starts near " + iso(*start.value));
  auto& custodial = *events.front()->custodial;
  custodial.booking_number = number;
  return {200, custody_json(custodial)};
}

reply community_api::put_location(const std::string& noms_number, const nlohmann::json& body) {
  const auto code = text_of(body, "nomsPrisonInstitutionCode");
  if (code.empty())
    return problem(400, "nomsPrisonInstitutionCode is required");
  if (!settings_.updates)
    return switched_off();
  const auto found = find_person(noms_number);
  if (found.how == finding::none)
    return no_such_person(noms_number);
  if (found.how == finding::several)
    return several_people(404, noms_number);
  auto& person = people_.at(found.index);
  auto events = custodial_events(person);
  if (events.empty())
    return problem(404, "no active custodial event");
  if (events.size() > 1 && !settings_.multiple_events)
    return problem(404, "more than one active custodial event");
  std::erase_if(events, [](const delius_event* event) {
    return event->custodial->status != 'A' && event->custodial->status != 'D';
  });
  if (events.empty())
    return problem(404, "no event has a custodial status that allows a move");
  if (!find_prison(code))
    return problem(404, "institution with nomis code " + code + " not found");
  for (auto* event : events) {
    if (event->custodial->institution == code)
      continue;
    event->custodial->institution = code;
    event->custodial->status = 'D';
    person.has_prison_manager = true;
  }
  return {200, custody_json(*events.front()->custodial)};
}

reply community_api::post_key_dates(const std::string& noms_number,
                                    const std::string& booking_number, const nlohmann::json& body) {
  if (!body.is_object())
    return problem(400, "the body is no JSON object");
  std::map<std::string, date> dates;
  for (const auto& [name, code] : managed_key_dates) {
    const auto field = read_date(body, name);
    if (!field.well_formed)
      return problem(400, std::string{name} + " is no date");
    if (field.value)
      dates.emplace(name, *field.value);
  }
  if (!settings_.updates)
    return switched_off();
  const auto found = find_person(noms_number);
  if (found.how == finding::none)
    return no_such_person(noms_number);
  if (found.how == finding::several)
    return several_people(409, noms_number);
  std::vector<delius_event*> events;
  for (auto& event : people_.at(found.index).events)
    if (event.active && !event.soft_deleted && event.custodial &&
        event.custodial->booking_number == booking_number)
      events.push_back(&event);
  // A reader counts misses by the word bookingNumber, which the text for duplicates lacks.
  if (events.empty())
    return problem(404, "conviction with bookingNumber " + booking_number + " not found");
  if (events.size() > 1)
    return problem(404, "more than one conviction with booking number " + booking_number);
  events.front()->custodial->key_dates = std::move(dates);
  return {200, custody_json(*events.front()->custodial)};
}

} // namespace sallyport::simulator
