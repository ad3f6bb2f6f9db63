#include "topologies/prison_to_probation/domain_event.hpp"
#include "topologies/prison_to_probation/matching.hpp"
#include "topologies/prison_to_probation/sync.hpp"

#include <algorithm>

/// IMPRISONMENT_STATUS-CHANGED: §4.1, with the matching of §4.2 as its fourth step.
namespace sallyport::prison_to_probation {

namespace {

/// §4.2, steps 3 and 4: the candidates with the sentence that starts on `start`. Every candidate is
/// read, in the order in which they came.
result<std::vector<std::string>> with_the_sentence(sync_run& run, const match_reply& found,
                                                   sys_days start) {
  std::vector<std::string> kept;
  for (const auto& crn : found.crns) {
    SALLYPORT_TRY(auto convictions, run.ask.read_convictions(crn));
    if (has_sentence(convictions, start) && std::ranges::find(kept, crn) == kept.end())
      kept.push_back(crn);
  }
  return kept;
}

/// All that follows when Delius holds the NOMS number by our doing.
void noms_number_was_set(sync_run& run, const booking& of, std::string_view crn) {
  run.tell(telemetry::offender_number_set(of, crn));
  run.announce(
    noms_number_added(crn, of.offender_no, of.booking_no, run.with.now(), run.settings.london));
  run.remembered.noms_number.reset();
}

/// §10.4: an earlier write of the NOMS number had no clear answer; a match by that number shows
/// that it was done.
void settle_unanswered_noms_number(sync_run& run, const booking& of, const match_reply& found) {
  const auto& sent = run.remembered.noms_number;
  if (sent && found_by_noms_number(found.matched_by) && sent->noms_number == of.offender_no &&
      std::ranges::find(found.crns, sent->crn) != found.crns.end())
    noms_number_was_set(run, of, std::string{sent->crn});
}

/// Tells Delius the NOMS number. 404 and 409 are exceptions here (§4.6, §10.6).
status set_noms_number(sync_run& run, const booking& of, const std::string& crn) {
  auto answer = run.send(noms_number_request(crn, of.offender_no), "the write of the NOMS number");
  if (answer.what == write_answer::kind::done) {
    noms_number_was_set(run, of, crn);
    return {};
  }
  if (answer.may_be_done() && !run.settings.restored.forget_unanswered)
    run.remembered.noms_number = {crn, of.offender_no, of.booking_no};
  return fail(std::move(answer.why));
}

/// Who it is in Delius, or how the attempt ends without them.
struct matched {
  std::string crn;
  std::optional<attempt_result> end;
};

/// §4.2, step 6.
result<matched> act_on(sync_run& run, const booking& of, const match_reply& found,
                       const std::vector<std::string>& kept) {
  const auto& restored = run.settings.restored;
  const auto decision =
    restored.noms_match_skips_sentence ? decide_as_original(found, kept) : decide(found, kept);
  if (decision.stopped_by_sentence)
    run.tell(telemetry::stopped_by_sentence(run.on, of, found, kept));
  switch (decision.outcome) {
  case match_outcome::known: break;
  case match_outcome::to_be_told:
    if (!run.settings.prisons.contains(of.agency_id)) {
      run.tell(telemetry::change_ignored(run.on));
      if (restored.retry_not_valid)
        return matched{{}, attempt_result{false, message_status::not_valid, {}, {}}};
      return matched{{}, attempt_result::ended(message_status::no_longer_valid)}; // §10.6
    }
    SALLYPORT_CHECK(set_noms_number(run, of, decision.crn));
    break;
  case match_outcome::no_candidate:
    run.tell(telemetry::offender_no_match(run.on, of, found));
    return matched{{}, attempt_result::try_later(message_status::no_match, {})};
  case match_outcome::wrong_sentence:
    run.tell(telemetry::offender_no_match(run.on, of, found));
    return matched{
      {}, attempt_result::try_later(message_status::no_match_with_sentence_date, found.crns)};
  case match_outcome::too_many:
    run.tell(telemetry::offender_too_many_matches(run.on, of, kept));
    return matched{{}, attempt_result::try_later(message_status::too_many_matches, kept)};
  case match_outcome::nobody_to_take:
    return fail(error::data("the match by NOMS number names nobody"));
  }
  return matched{decision.crn, {}};
}

/// §4.2.
result<matched> match_person(sync_run& run, const booking& of, sys_days start) {
  SALLYPORT_TRY(auto known_as, run.ask.read_prisoner(of.offender_no));
  SALLYPORT_TRY(auto found, run.ask.match(of, known_as));
  SALLYPORT_TRY(auto kept, with_the_sentence(run, found, start));
  run.tell(telemetry::offender_match(of, found, kept));
  settle_unanswered_noms_number(run, of, found);
  return act_on(run, of, found, kept);
}

/// §4.1, steps 6 to 9: what Delius is told of the sentence.
result<attempt_result> update_custody(sync_run& run, const booking& of, const std::string& crn,
                                      sys_days start, const sentence_detail& dates) {
  const auto& noms = of.offender_no;
  // 6. The booking number.
  SALLYPORT_TRY(const bool assigned, run.write(booking_number_request(noms, of.booking_no, start),
                                               "the write of the booking number"));
  if (!assigned) {
    run.tell(telemetry::booking_number_not_assigned(run.on, of, start));
    return attempt_result::try_later(message_status::booking_number_not_assigned, {crn});
  }
  // 7. The location, if the booking has one.
  if (run.settings.of != profile::head && of.agency_id) {
    SALLYPORT_TRY(
      const bool located,
      run.write(location_request(noms, of.booking_no, *of.agency_id), "the write of the location"));
    if (!located) {
      run.tell(telemetry::location_not_updated(run.on, of, start));
      return attempt_result::try_later(message_status::location_not_updated, {crn},
                                       dates.sentence_expiry);
    }
  }
  // 8. The key dates.
  if (run.settings.of == profile::full) {
    SALLYPORT_TRY(const bool dated, run.write(key_dates_request(noms, of.booking_no, dates),
                                              "the write of the key dates"));
    if (!dated) {
      run.tell(telemetry::key_dates_not_updated(run.on, of, start));
      return attempt_result::try_later(message_status::key_dates_not_updated, {crn},
                                       dates.sentence_expiry);
    }
  }
  // 9. All of it is there.
  run.tell(telemetry::status_updated(run.on, of, start));
  auto end = attempt_result::ended(message_status::completed);
  end.crns = {{crn}};
  return end;
}

} // namespace

result<attempt_result> sync_status_change(sync_run& run) {
  auto no_longer_valid = attempt_result::ended(message_status::no_longer_valid);

  // 1. Only the first of the events that NOMIS sends for a sentence.
  if (run.on.imprisonment_status_seq != 0) {
    run.tell(telemetry::status_not_sequence_zero(run.on));
    return no_longer_valid;
  }
  // 1b. The sentence has a start date.
  sentence_detail dates;
  if (run.settings.of != profile::head) {
    SALLYPORT_TRY(dates, run.ask.read_sentence_detail());
    if (!dates.sentence_start) {
      run.tell(telemetry::status_no_sentence_start(run.on));
      return no_longer_valid;
    }
  }
  // 2. *S*, the start that Delius knows it by.
  SALLYPORT_TRY(auto terms, run.ask.read_sentence_terms());
  const auto start = primary_start(terms);
  if (!start) {
    run.tell(telemetry::status_no_sentence_start(run.on));
    return no_longer_valid;
  }
  // 3. The booking is active. If not: NO_LONGER_VALID, not COMPLETED (§10.7).
  SALLYPORT_TRY(auto of, run.ask.read_booking());
  if (!of.active) {
    run.tell(telemetry::status_not_active(run.on));
    return run.settings.restored.inactive_is_completed
             ? attempt_result::ended(message_status::completed)
             : no_longer_valid;
  }
  const bool interested = run.settings.prisons.contains(of.agency_id);
  if (interested)
    run.refresh(of);
  // 4. Who it is in Delius.
  SALLYPORT_TRY(auto person, match_person(run, of, *start));
  if (person.end)
    return *person.end;
  // 5. The prison takes part.
  if (!interested) {
    run.tell(telemetry::status_not_interested(run.on, of, *start));
    return no_longer_valid;
  }
  return update_custody(run, of, person.crn, *start, dates);
}

} // namespace sallyport::prison_to_probation
