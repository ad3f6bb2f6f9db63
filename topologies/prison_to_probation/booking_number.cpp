#include "topologies/prison_to_probation/checks.hpp"
#include "topologies/prison_to_probation/domain_event.hpp"
#include "topologies/prison_to_probation/sync.hpp"

#include <algorithm>

/// BOOKING_NUMBER-CHANGED: §4.4, with §10.5 for what was sent before.
namespace sallyport::prison_to_probation {

namespace {

using replace_answer = progress::replace_answer;

void number_was_replaced(sync_run& run, const booking& of, const std::string& old_number,
                         const std::optional<std::string>& crn) {
  run.announce(noms_number_updated(crn, of.offender_no, old_number, of.booking_no, run.with.now(),
                                   run.settings.london));
  run.tell(telemetry::booking_number_changed(run.on, of, old_number, crn));
}

/// Somebody holds the new number. That is our own doing when the replace was sent before without a
/// clear answer, and no other value of this record explains it (§10.5).
replace_answer settle_conflict(sync_run& run, const booking& of, const std::string& old_number,
                               bool sent_before) {
  const bool another_was_replaced = std::ranges::any_of(run.remembered.replaces, [&](auto& r) {
    return r.old_number != old_number && r.answer == replace_answer::replaced;
  });
  if (sent_before && !another_was_replaced) {
    number_was_replaced(run, of, old_number, std::nullopt);
    return replace_answer::replaced;
  }
  run.tell(telemetry::booking_number_conflict(run.on, of, old_number));
  return replace_answer::missed;
}

/// Gives the new number to whoever holds the old one.
status replace_number(sync_run& run, const booking& of, const std::string& old_number) {
  const auto& restored = run.settings.restored;
  const auto* known = run.remembered.find(old_number, of.offender_no);
  const bool unanswered = known != nullptr && known->answer == replace_answer::none;
  if (known != nullptr && !unanswered && !restored.merge_conflict_not_found)
    return {};
  const auto answered = [&](replace_answer answer) {
    run.remembered.set(old_number, of.offender_no, answer);
  };

  auto answer = run.send(replace_noms_number_request(old_number, of.offender_no),
                         "the replace of the NOMS number");
  switch (answer.what) {
  case write_answer::kind::done: {
    if (answer.withheld) { // Nobody is named, as nobody was asked.
      number_was_replaced(run, of, old_number, std::nullopt);
      answered(replace_answer::replaced);
      return {};
    }
    auto crns = parse_replaced_crns(answer.body);
    if (!crns) {
      answered(replace_answer::none);
      return fail(std::move(crns).error().within("the answer to the replace of the NOMS number"));
    }
    for (const auto& crn : *crns)
      number_was_replaced(run, of, old_number, crn);
    answered(crns->empty() ? replace_answer::nobody : replace_answer::replaced);
    return {};
  }
  case write_answer::kind::conflict:
    if (!restored.merge_conflict_not_found) {
      answered(
        settle_conflict(run, of, old_number,
                        !restored.forget_unanswered && (unanswered || answer.earlier_unanswered)));
      return {};
    }
    [[fallthrough]];
  case write_answer::kind::missed:
    run.tell(telemetry::booking_number_offender_not_found(run.on, of, old_number));
    answered(replace_answer::missed);
    return {};
  case write_answer::kind::refused:
  case write_answer::kind::unclear: break;
  }
  if (answer.may_be_done() && !restored.forget_unanswered)
    answered(replace_answer::none);
  return fail(std::move(answer.why));
}

/// NO_MATCH when Delius knew none of the numbers (§10.7).
message_status status_of(const progress& p) {
  const auto any = [&](replace_answer wanted) {
    return std::ranges::any_of(p.replaces, [&](auto& r) { return r.answer == wanted; });
  };
  return any(replace_answer::missed) && !any(replace_answer::replaced) ? message_status::no_match
                                                                       : message_status::completed;
}

} // namespace

result<attempt_result> sync_booking_number(sync_run& run) {
  SALLYPORT_TRY(auto now, check_booking_number(run.ask, run.settings.prisons));
  if (!now.refused.empty()) // Silently: neither reason is told.
    return attempt_result::ended(message_status::completed);
  run.refresh(*now.of);
  for (const auto& old_number : now.merged)
    SALLYPORT_CHECK(replace_number(run, *now.of, old_number));
  return attempt_result::ended(run.settings.restored.missed_is_completed
                                 ? message_status::completed
                                 : status_of(run.remembered)); // §10.7
}

} // namespace sallyport::prison_to_probation
