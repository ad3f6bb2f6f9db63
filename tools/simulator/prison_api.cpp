#include "tools/simulator/prison_api.hpp"

#include <array>

namespace sallyport::simulator {

namespace {

constexpr std::array<prison, 8> prisons{{
  {"MDI", "Moorland (HMP & YOI)", "MDIHMP", 97},
  {"LEI", "Leeds (HMP)", "LEIHMP", 84},
  {"WWI", "Wandsworth (HMP)", "WWIHMP", 141},
  {"BXI", "Brixton (HMP)", "BXIHMP", 21},
  {"HMI", "Humber (HMP)", "HMIHMP", 72},
  {"PVI", "Pentonville (HMP)", "PVIHMP", 109},
  {"WDI", "Wakefield (HMP)", "WDIHMP", 139},
  {"NMI", "Nottingham (HMP)", "NMIHMP", 103},
}};

} // namespace

const prison* find_prison(std::string_view code) {
  for (const auto& known : prisons)
    if (code == known.code)
      return &known;
  return nullptr;
}

namespace prison_api {

namespace {

using nlohmann::ordered_json;

const booking* find(const nomis& data, std::int64_t booking_id) {
  const auto found = data.booking_by_id.find(booking_id);
  return found == data.booking_by_id.end() ? nullptr : &data.bookings[found->second];
}

reply no_booking(std::int64_t booking_id) {
  return problem(404, "Offender booking with id " + std::to_string(booking_id) + " not found.");
}

std::string description_of(const std::string& agency) {
  const auto* known = find_prison(agency);
  return known ? known->description : agency == "OUT" ? "Outside" : "Court " + agency;
}

void add(ordered_json& to, const char* name, const optional_date& value) {
  if (value)
    to[name] = iso(*value);
}

} // namespace

reply get_booking(const nomis& data, std::int64_t booking_id) {
  const auto* found = find(data, booking_id);
  if (!found)
    return no_booking(booking_id);
  const auto& person = data.prisoners[found->prisoner];
  return {200,
          {{"bookingId", found->id},
           {"bookingNo", found->number},
           {"offenderNo", person.number},
           {"offenderId", person.offender_id},
           {"firstName", person.first_name},
           {"lastName", person.last_name},
           {"agencyId", found->agency},
           {"locationDescription", description_of(found->agency)},
           {"assignedLivingUnitId", 20000 + found->id % 9000},
           {"activeFlag", found->active},
           {"dateOfBirth", iso(person.born)},
           {"recall", found->recall},
           {"legalStatus", found->legal_status}}};
}

reply sentence_detail(const nomis& data, std::int64_t booking_id) {
  const auto* found = find(data, booking_id);
  if (!found)
    return no_booking(booking_id);
  ordered_json detail{{"bookingId", found->id}};
  const auto& dates = found->dates;
  add(detail, "sentenceStartDate", dates.start);
  add(detail, "sentenceExpiryDate", dates.expiry);
  add(detail, "confirmedReleaseDate", dates.confirmed_release);
  add(detail, "conditionalReleaseDate", dates.conditional_release);
  add(detail, "conditionalReleaseOverrideDate", dates.conditional_override);
  add(detail, "licenceExpiryDate", dates.licence_expiry);
  add(detail, "paroleEligibilityDate", dates.parole_eligibility);
  add(detail, "topupSupervisionExpiryDate", dates.topup_expiry);
  add(detail, "homeDetentionCurfewEligibilityDate", dates.hdc_eligibility);
  add(detail, "releaseDate", dates.release);
  return {200, std::move(detail)};
}

reply sentence_terms(const nomis& data, std::int64_t booking_id) {
  const auto* found = find(data, booking_id);
  if (!found)
    return no_booking(booking_id);
  ordered_json list = ordered_json::array();
  int line = 0;
  for (const auto& term : found->terms) {
    ordered_json row{
      {"bookingId", found->id}, {"sentenceSequence", term.sequence}, {"termSequence", 1}};
    if (term.consecutive_to)
      row["consecutiveTo"] = *term.consecutive_to;
    row["sentenceType"] = "ADIMP_ORA";
    row["sentenceTypeDescription"] = "ORA CJA03 Standard Determinate Sentence";
    add(row, "startDate", term.start);
    row["weeks"] = 6 + term.sequence;
    row["lifeSentence"] = false;
    row["caseId"] = std::to_string(2000000 + found->id);
    row["sentenceTermCode"] = "IMP";
    row["lineSeq"] = ++line;
    add(row, "sentenceStartDate", term.start);
    list.push_back(std::move(row));
  }
  return {200, std::move(list)};
}

reply get_movement(const nomis& data, std::int64_t booking_id, std::int64_t sequence) {
  const auto* found = find(data, booking_id);
  if (!found)
    return no_booking(booking_id);
  for (const auto& move : found->movements) {
    if (move.sequence != sequence)
      continue;
    ordered_json body{{"offenderNo", data.prisoners[found->prisoner].number},
                      {"createDateTime", iso(move.on) + "T11:33:23.666789"},
                      {"fromAgency", move.from_agency},
                      {"fromAgencyDescription", description_of(move.from_agency)}};
    if (!move.to_agency.empty()) {
      body["toAgency"] = move.to_agency;
      body["toAgencyDescription"] = description_of(move.to_agency);
    }
    body["fromCity"] = "";
    body["toCity"] = "";
    body["movementType"] = move.type;
    body["movementTypeDescription"] = move.type == "ADM"   ? "Admission"
                                      : move.type == "CRT" ? "Court"
                                                           : "Temporary Absence";
    body["directionCode"] = move.direction;
    body["movementTime"] = "11:27:39";
    body["commentText"] = nullptr;
    return {200, std::move(body)};
  }
  return problem(404, "No movement found for booking id " + std::to_string(booking_id) +
                        " and sequence " + std::to_string(sequence) + ".");
}

reply identifiers(const nomis& data, std::int64_t booking_id, const std::string& type) {
  const auto* found = find(data, booking_id);
  if (!found)
    return no_booking(booking_id);
  ordered_json list = ordered_json::array();
  const auto wanted = [&](const char* name) { return type.empty() || type == name; };
  const auto& person = data.prisoners[found->prisoner];
  if (wanted("PNC") && !person.pnc.empty())
    list.push_back({{"type", "PNC"}, {"value", person.pnc}});
  if (wanted("CRO") && !person.cro.empty())
    list.push_back({{"type", "CRO"}, {"value", person.cro}});
  if (wanted("MERGED"))
    for (const auto& number : found->merged)
      list.push_back({{"type", "MERGED"}, {"value", number}});
  return {200, std::move(list)};
}

reply prisoners(const nomis& data, const std::string& offender_number) {
  ordered_json list = ordered_json::array();
  const auto found = data.prisoner_by_number.find(offender_number);
  if (found == data.prisoner_by_number.end())
    return {200, std::move(list)};
  const auto& person = data.prisoners[found->second];
  const auto& latest = data.bookings[person.booking];
  ordered_json row{{"offenderNo", person.number},
                   {"firstName", person.first_name},
                   {"lastName", person.last_name},
                   {"dateOfBirth", iso(person.born)},
                   {"gender", person.gender},
                   {"sexCode", person.gender == "Male" ? "M" : "F"},
                   {"currentlyInPrison", latest.active ? "Y" : "N"},
                   {"latestBookingId", latest.id},
                   {"latestLocationId", latest.agency},
                   {"latestLocation", description_of(latest.agency)},
                   {"internalLocation", latest.agency + "-1-3-022"}};
  if (!person.pnc.empty())
    row["pncNumber"] = person.pnc;
  if (!person.cro.empty())
    row["croNumber"] = person.cro;
  row["convictedStatus"] = latest.dates.start ? "Convicted" : "Remand";
  row["imprisonmentStatus"] = latest.dates.start ? "SENT03" : "RX";
  list.push_back(std::move(row));
  return {200, std::move(list)};
}

} // namespace prison_api

} // namespace sallyport::simulator
