#include "topologies/prison_to_probation/telemetry.hpp"

#include "topologies/prison_to_probation/wire.hpp"

#include <algorithm>

namespace sallyport::prison_to_probation {

std::string joined(std::vector<std::string> list) {
  std::ranges::sort(list);
  std::string out;
  for (const auto& one : list)
    out += (out.empty() ? "" : ", ") + one;
  return out;
}

telemetry_event telemetry_event::with(std::string_view dimension, std::string_view text) && {
  properties_.emplace_back(dimension, text);
  return std::move(*this);
}

telemetry_event telemetry_event::with(std::string_view dimension, std::int64_t number) && {
  return std::move(*this).with(dimension, std::string_view{std::to_string(number)});
}

telemetry_event telemetry_event::with(std::string_view dimension, std::size_t number) && {
  return std::move(*this).with(dimension, std::string_view{std::to_string(number)});
}

telemetry_event telemetry_event::with(std::string_view dimension, sys_days date) && {
  return std::move(*this).with(dimension, std::string_view{format_date(date)});
}

telemetry_event telemetry_event::with(std::string_view dimension,
                                      const std::optional<std::string>& text) && {
  if (text)
    properties_.emplace_back(dimension, *text);
  return std::move(*this);
}

telemetry_event telemetry_event::with(std::string_view dimension,
                                      std::vector<std::string> list) && {
  return std::move(*this).with(dimension, std::string_view{joined(std::move(list))});
}

telemetry_event telemetry_event::or_not_present(std::string_view dimension,
                                                const std::optional<std::string>& text) && {
  properties_.emplace_back(dimension, text.value_or("not present"));
  return std::move(*this);
}

telemetry_event telemetry_event::or_not_present(std::string_view dimension,
                                                const std::optional<sys_days>& date) && {
  properties_.emplace_back(dimension, date ? format_date(*date) : "not present");
  return std::move(*this);
}

record telemetry_event::to_record(std::string_view key, wall_time at) const {
  object_writer properties;
  for (const auto& [dimension, text] : properties_)
    properties.text(dimension, text);
  object_writer whole;
  whole.text("name", name_).object("properties", std::move(properties));
  record out;
  if (!key.empty())
    out.key = bytes{key};
  out.value = std::move(whole).done();
  out.timestamp = at;
  return out;
}

namespace telemetry {

namespace {

constexpr std::string_view not_active = "Not an active booking";
constexpr std::string_view not_interested = "Not at an interested prison";

telemetry_event of_booking(std::string_view name, const event& on) {
  return telemetry_event{name}.with("bookingId", on.booking_id);
}

telemetry_event of_status(std::string_view name, const event& on) {
  return of_booking(name, on).with("imprisonmentStatusSeq", on.imprisonment_status_seq);
}

/// "+B" of the tables.
telemetry_event with_booking(telemetry_event to, const booking& of) {
  return std::move(to)
    .with("offenderNo", std::string_view{of.offender_no})
    .with("bookingNumber", std::string_view{of.booking_no})
    .or_not_present("agencyId", of.agency_id);
}

/// "+B+S" of the tables.
telemetry_event with_booking_and_start(telemetry_event to, const booking& of, sys_days start) {
  return with_booking(std::move(to), of).with("sentenceStartDate", start);
}

telemetry_event with_movement(telemetry_event to, const movement& of) {
  return std::move(to)
    .or_not_present("movementType", of.type)
    .or_not_present("fromAgency", of.from_agency)
    .or_not_present("toAgency", of.to_agency);
}

telemetry_event with_prisoner(telemetry_event to, const movement& of, const prisoner& who) {
  return std::move(to)
    .with("offenderNo", std::string_view{who.offender_no ? *who.offender_no : of.offender_no})
    .with("latestLocation", who.latest_location)
    .with("convictedStatus", who.convicted_status);
}

telemetry_event with_nine_dates(telemetry_event to, const sentence_detail& dates) {
  return std::move(to)
    .or_not_present("sentenceStartDate", dates.sentence_start)
    .or_not_present("sentenceExpiryDate", dates.sentence_expiry)
    .or_not_present("confirmedReleaseDate", dates.confirmed_release)
    .or_not_present("conditionalReleaseDate", dates.conditional_release)
    .or_not_present("conditionalReleaseOverrideDate", dates.conditional_release_override)
    .or_not_present("licenceExpiryDate", dates.licence_expiry)
    .or_not_present("paroleEligibilityDate", dates.parole_eligibility)
    .or_not_present("topupSupervisionExpiryDate", dates.topup_supervision_expiry)
    .or_not_present("releaseDate", dates.release);
}

telemetry_event of_own(std::string_view name, const event& on) {
  return of_booking(name, on).with("eventType", to_string(on.type));
}

} // namespace

telemetry_event status_not_sequence_zero(const event& on) {
  return of_status("P2PImprisonmentStatusNotSequenceZero", on);
}

telemetry_event status_no_sentence_start(const event& on) {
  return of_status("P2PImprisonmentStatusNoSentenceStartDate", on);
}

telemetry_event status_not_active(const event& on) {
  return of_status("P2PImprisonmentStatusIgnored", on).with("reason", not_active);
}

telemetry_event status_not_interested(const event& on, const booking& of, sys_days start) {
  return with_booking_and_start(
    of_status("P2PImprisonmentStatusIgnored", on).with("reason", not_interested), of, start);
}

telemetry_event booking_number_not_assigned(const event& on, const booking& of, sys_days start) {
  return with_booking_and_start(of_status("P2PBookingNumberNotAssigned", on), of, start);
}

telemetry_event location_not_updated(const event& on, const booking& of, sys_days start) {
  return with_booking_and_start(of_status("P2PLocationNotUpdated", on), of, start);
}

telemetry_event key_dates_not_updated(const event& on, const booking& of, sys_days start) {
  return with_booking_and_start(of_status("P2PKeyDatesNotUpdated", on), of, start);
}

telemetry_event status_updated(const event& on, const booking& of, sys_days start) {
  return with_booking_and_start(of_status("P2PImprisonmentStatusUpdated", on), of, start);
}

telemetry_event offender_match(const booking& of, const match_reply& found,
                               const std::vector<std::string>& kept) {
  return telemetry_event{"P2POffenderMatch"}
    .with("offenderNo", std::string_view{of.offender_no})
    .with("bookingNumber", std::string_view{of.booking_no})
    .with("matchedBy", found.matched_by)
    .with("matches", found.crns.size())
    .with("filtered_matches", kept.size())
    .with("crns", found.crns)
    .with("filtered_crns", kept);
}

telemetry_event offender_no_match(const event& on, const booking& of, const match_reply& found) {
  return of_status("P2POffenderNoMatch", on)
    .with("offenderNo", std::string_view{of.offender_no})
    .with("crns", found.crns);
}

telemetry_event offender_too_many_matches(const event& on, const booking& of,
                                          const std::vector<std::string>& kept) {
  return of_status("P2POffenderTooManyMatches", on)
    .with("offenderNo", std::string_view{of.offender_no})
    .with("filtered_crns", kept);
}

telemetry_event change_ignored(const event& on) {
  return of_status("P2PChangeIgnored", on).with("reason", not_interested);
}

telemetry_event offender_number_set(const booking& of, std::string_view crn) {
  return telemetry_event{"P2POffenderNumberSet"}
    .with("offenderNo", std::string_view{of.offender_no})
    .with("bookingNumber", std::string_view{of.booking_no})
    .with("crn", crn);
}

telemetry_event external_movement(const event& on) {
  return of_booking("P2PExternalMovement", on).with("movementSeq", on.movement_seq);
}

telemetry_event transfer_ignored(const event& on, const std::optional<movement>& to,
                                 std::string_view reason) {
  auto out = of_booking("P2PTransferIgnored", on).with("reason", reason);
  return to ? with_movement(std::move(out), *to)
            : std::move(out).with("movementSeq", on.movement_seq);
}

telemetry_event transfer_updated(const event& on, const movement& to, const prisoner& who,
                                 const std::optional<std::string>& institution) {
  auto out =
    with_prisoner(with_movement(of_booking("P2PTransferProbationUpdated", on), to), to, who);
  return std::move(out).with("toAgencyDescription",
                             std::string_view{institution ? *institution : "Not known"});
}

telemetry_event transfer_not_found(const event& on, const movement& to, const prisoner& who) {
  return with_prisoner(with_movement(of_booking("P2PTransferProbationRecordNotFound", on), to), to,
                       who);
}

telemetry_event booking_number_changed(const event& on, const booking& of,
                                       std::string_view old_number,
                                       const std::optional<std::string>& crn) {
  return of_booking("P2PBookingNumberChanged", on)
    .with("offenderNo", std::string_view{of.offender_no})
    .with("oldOffenderNo", old_number)
    .with("crn", crn);
}

telemetry_event booking_number_offender_not_found(const event& on, const booking& of,
                                                  std::string_view old_number) {
  return of_booking("P2PBookingNumberChangedOffenderNotFound", on)
    .with("offenderNo", std::string_view{of.offender_no})
    .with("oldOffenderNo", old_number);
}

telemetry_event dates_ignored(const event& on, const booking* of, std::string_view reason) {
  auto out = of_booking("P2PSentenceDatesChangeIgnored", on).with("reason", reason);
  return of != nullptr ? with_booking(std::move(out), *of) : out;
}

telemetry_event dates_changed(const event& on, const booking& of, const sentence_detail& dates) {
  return with_nine_dates(with_booking(of_booking("P2PSentenceDatesChanged", on), of), dates);
}

telemetry_event dates_not_found(const event& on, const booking& of, const sentence_detail& dates) {
  return with_nine_dates(with_booking(of_booking("P2PSentenceDatesRecordNotFound", on), of), dates);
}

telemetry_event unexpected_type(std::string_view type) {
  return telemetry_event{"P2PUnexpectedEventType"}.with("eventType", type);
}

telemetry_event rejected(const event& on, std::string_view reason) {
  return of_own("P2PEventRejected", on).with("reason", reason);
}

telemetry_event repeated(const event& on) {
  return of_own("P2PEventRepeated", on).with("messageId", std::string_view{on.message_id});
}

telemetry_event superseded(const event& on, std::uint32_t retry_count) {
  return of_own("P2PEventSuperseded", on).with("retryCount", std::int64_t{retry_count});
}

telemetry_event attempt_failed(const event& on, std::uint32_t retry_count, std::string_view why) {
  return of_own("P2PAttemptFailed", on)
    .with("retryCount", std::int64_t{retry_count})
    .with("error", why);
}

telemetry_event stopped_by_sentence(const event& on, const booking& of, const match_reply& found,
                                    const std::vector<std::string>& kept) {
  return of_own("P2PNomsMatchStoppedBySentence", on)
    .with("offenderNo", std::string_view{of.offender_no})
    .with("matchedBy", found.matched_by)
    .with("crns", found.crns)
    .with("filtered_crns", kept);
}

telemetry_event booking_number_conflict(const event& on, const booking& of,
                                        std::string_view old_number) {
  return of_own("P2PBookingNumberChangeConflict", on)
    .with("offenderNo", std::string_view{of.offender_no})
    .with("oldOffenderNo", old_number);
}

telemetry_event dead_letter(std::string_view event_type, std::optional<std::int64_t> booking_id,
                            std::string_view cause, std::string_view detail) {
  telemetry_event out{"P2PDeadLetter"};
  if (booking_id)
    out = std::move(out).with("bookingId", *booking_id);
  if (!event_type.empty())
    out = std::move(out).with("eventType", event_type);
  return std::move(out).with("cause", cause).with("detail", detail);
}

telemetry_event effect_withheld(const event& on, std::string_view port, std::string_view request,
                                std::string_view body) {
  return of_own("P2PEffectWithheld", on)
    .with("port", port)
    .with("request", request)
    .with("body", body);
}

telemetry_event intervention(const event& on, const order& by, std::string_view status,
                             std::uint32_t retry_count) {
  return of_own("P2PIntervention", on)
    .with("command", to_string(by.what))
    .with("reason", std::string_view{by.reason})
    .with("by", std::string_view{by.by})
    .with("status", status)
    .with("retryCount", std::int64_t{retry_count});
}

telemetry_event intervention_refused(const event* on, std::string_view command,
                                     std::string_view why) {
  auto out = on != nullptr ? of_own("P2PInterventionRefused", *on)
                           : telemetry_event{"P2PInterventionRefused"};
  return std::move(out).with("command", command).with("why", why);
}

telemetry_event given_up(const event& on, std::string_view status, std::uint32_t retry_count) {
  return of_own("P2PGivenUp", on)
    .with("status", status)
    .with("retryCount", std::int64_t{retry_count});
}

} // namespace telemetry
} // namespace sallyport::prison_to_probation
