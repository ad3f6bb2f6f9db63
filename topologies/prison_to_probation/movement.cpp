#include "topologies/prison_to_probation/checks.hpp"
#include "topologies/prison_to_probation/sync.hpp"

/// EXTERNAL_MOVEMENT_RECORD-INSERTED: §4.3.
namespace sallyport::prison_to_probation {

result<attempt_result> sync_movement(sync_run& run) {
  run.tell(telemetry::external_movement(run.on));
  SALLYPORT_TRY(auto now, check_movement(run.ask, run.on, run.settings.prisons));
  if (!now.refused.empty()) {
    run.tell(telemetry::transfer_ignored(run.on, now.to, now.refused));
    return attempt_result::ended(message_status::completed);
  }
  run.refresh(*now.of);

  SALLYPORT_TRY(auto who, run.ask.read_prisoner(now.to->offender_no));
  // The prison that the movement leads to, which need not be the booking's by now.
  std::string reply;
  SALLYPORT_TRY(
    const bool located,
    run.write(location_request(now.to->offender_no, now.of->booking_no, *now.to->to_agency),
              "the write of the location", &reply));
  run.with.count("ptpu_movement", "total");
  run.with.count("ptpu_movement", located ? "success" : "fail");
  if (!located) {
    run.tell(telemetry::transfer_not_found(run.on, *now.to, who));
    return attempt_result::ended(run.settings.restored.missed_is_completed
                                   ? message_status::completed
                                   : message_status::location_not_updated); // §10.7
  }
  run.tell(telemetry::transfer_updated(run.on, *now.to, who, parse_institution(reply)));
  return attempt_result::ended(message_status::completed);
}

} // namespace sallyport::prison_to_probation
