#include "topologies/prison_to_probation/sync.hpp"

namespace sallyport::prison_to_probation {

void sync_run::tell(const telemetry_event& what) {
  with.publish("telemetry", what.to_record(std::to_string(on.booking_id), with.now()));
}

void sync_run::announce(record domain_event) {
  with.publish("probation-case-events", std::move(domain_event));
}

result<bool> sync_run::write(call_request request, std::string_view what, std::string* body) {
  auto answer = ask.write(std::move(request), what);
  if (body != nullptr)
    *body = std::move(answer.body);
  switch (answer.what) {
  case write_answer::kind::done: return true;
  case write_answer::kind::missed:
  case write_answer::kind::conflict: return false;
  case write_answer::kind::refused:
  case write_answer::kind::unclear: break;
  }
  return fail(std::move(answer.why));
}

namespace {

result<attempt_result> sync_event(sync_run& run) {
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
               peers{with, input.what.booking_id}};
  auto end = sync_event(run);
  if (end)
    report.end = *std::move(end);
  else
    report.exception = std::move(end).error().what;
  return report;
}

} // namespace sallyport::prison_to_probation
