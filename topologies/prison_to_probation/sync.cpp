#include "topologies/prison_to_probation/sync.hpp"

namespace sallyport::prison_to_probation {

void sync_run::tell(const telemetry_event& what) {
  with.publish("telemetry", what.to_record(std::to_string(on.booking_id), with.now()));
}

void sync_run::announce(record domain_event) {
  if (settings.effects)
    with.publish("probation-case-events", std::move(domain_event));
  else
    tell(telemetry::effect_withheld(on, "probation-case-events",
                                    domain_event.find("eventType").value_or(""),
                                    domain_event.value.view()));
}

void sync_run::refresh(const booking& of) {
  if (!settings.restored.snapshot_kept)
    refreshed = snapshot_of(of);
}

write_answer sync_run::send(call_request request, std::string_view what) {
  if (settings.effects) {
    auto answer = ask.write(std::move(request), what);
    wrote = wrote || answer.what == write_answer::kind::done;
    return answer;
  }
  tell(telemetry::effect_withheld(on, "community-api", request.method + " " + request.path,
                                  request.body));
  write_answer out;
  out.what = write_answer::kind::done;
  out.withheld = true;
  return out;
}

result<bool> sync_run::write(call_request request, std::string_view what, std::string* body) {
  auto answer = send(std::move(request), what);
  if (body != nullptr)
    *body = std::move(answer.body);
  switch (answer.what) {
  case write_answer::kind::done: return true;
  case write_answer::kind::missed: return false;
  case write_answer::kind::conflict:
    if (!settings.restored.conflict_is_exception)
      return false;
    break;
  case write_answer::kind::refused:
  case write_answer::kind::unclear: break;
  }
  return fail(std::move(answer.why));
}

namespace {

result<attempt_result> sync_event(sync_run& run) {
  // One that was let in under another profile is done without a call (§3).
  if (!handled_by(run.settings.of, run.on.type))
    return attempt_result::ended(message_status::completed);
  switch (run.on.type) {
  case event_type::imprisonment_status: return sync_status_change(run);
  case event_type::external_movement: return sync_movement(run);
  case event_type::booking_number: return sync_booking_number(run);
  case event_type::sentence_dates:
  case event_type::confirmed_release_date: break;
  }
  return sync_key_dates(run);
}

} // namespace

attempt_report run_attempt(talk& with, const sync_settings& settings, const attempt_input& input) {
  attempt_report report;
  report.remembered = input.remembered;
  sync_run run{with,
               settings,
               input.what,
               report.remembered,
               report.refreshed,
               report.wrote,
               peers{with, input.what.booking_id, settings.restored.one_try}};
  auto end = sync_event(run);
  if (end)
    report.end = *std::move(end);
  else
    report.exception = std::move(end).error().what;
  return report;
}

} // namespace sallyport::prison_to_probation
