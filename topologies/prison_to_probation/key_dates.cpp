#include "topologies/prison_to_probation/checks.hpp"
#include "topologies/prison_to_probation/sync.hpp"

/// SENTENCE_DATES-CHANGED and CONFIRMED_RELEASE_DATE-CHANGED: §4.5.
namespace sallyport::prison_to_probation {

namespace {

/// §7: why Delius missed the dates, from the text of its answer. That of duplicates has a space in
/// the word and counts as the other, as boards know it.
std::string_view miss_label(std::string_view reply) {
  return reply.find("bookingNumber") != std::string_view::npos ? "fail_no_conviction"
                                                               : "fail_no_offender";
}

} // namespace

result<attempt_result> sync_key_dates(sync_run& run) {
  SALLYPORT_TRY(auto now, check_dates(run.ask, run.settings.prisons));
  if (!now.refused.empty()) {
    const bool prison_is_the_reason = now.refused == reasons::not_at_interested;
    run.tell(
      telemetry::dates_ignored(run.on, prison_is_the_reason ? &*now.of : nullptr, now.refused));
    return attempt_result::ended(message_status::completed);
  }
  run.refresh(*now.of);

  SALLYPORT_TRY(auto dates, run.ask.read_sentence_detail());
  std::string reply;
  SALLYPORT_TRY(const bool updated,
                run.write(key_dates_request(now.of->offender_no, now.of->booking_no, dates),
                          "the write of the key dates", &reply));
  run.with.count("ptpu_sentenceDateChange", "total");
  run.with.count("ptpu_sentenceDateChange", updated ? "success" : miss_label(reply));
  if (!updated) {
    run.tell(telemetry::dates_not_found(run.on, *now.of, dates));
    return attempt_result::ended(run.settings.restored.missed_is_completed
                                   ? message_status::completed
                                   : message_status::key_dates_not_updated); // §10.7
  }
  run.tell(telemetry::dates_changed(run.on, *now.of, dates));
  return attempt_result::ended(message_status::completed);
}

} // namespace sallyport::prison_to_probation
