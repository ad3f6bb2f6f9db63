#pragma once

#include "engine/core/error.hpp"
#include "engine/operators/context.hpp"
#include "topologies/prison_to_probation/attempt.hpp"
#include "topologies/prison_to_probation/flaws.hpp"
#include "topologies/prison_to_probation/peers.hpp"
#include "topologies/prison_to_probation/settings.hpp"
#include "topologies/prison_to_probation/telemetry.hpp"

#include <optional>
#include <string_view>

/// The staged sync with Delius: one plain function for each event type, in the order of the tables
/// of §4. Each reads from its top to its bottom, though days may lie between two of its calls.
namespace sallyport::prison_to_probation {

struct sync_settings {
  profile of = profile::full;
  interested_prisons prisons{""};
  zone london;
  flaws restored;      ///< of the original, in compatibility
  bool effects = true; ///< off: nothing leaves, all that would have is told instead
};

/// What the functions work with.
struct sync_run {
  talk& with;
  const sync_settings& settings;
  const event& on;
  progress& remembered;
  std::optional<booking_snapshot>& refreshed;
  bool& wrote;
  peers ask;

  void tell(const telemetry_event& what);
  /// Puts a domain event on its port.
  void announce(record domain_event);
  /// What reports show from now on: the checks were passed (§10.11).
  void refresh(const booking& of);
  /// A write to Delius. With effects off it is told instead, and answered with 200 and no body.
  [[nodiscard]] write_answer send(call_request request, std::string_view what);
  /// A write where both 404 and 409 are the miss of its step (§4.6, §10.6): false. Any other answer
  /// than 200 is an error. `body`, if given, gets that of the answer.
  [[nodiscard]] result<bool> write(call_request request, std::string_view what,
                                   std::string* body = nullptr);
};

[[nodiscard]] result<attempt_result> sync_status_change(sync_run& run);
[[nodiscard]] result<attempt_result> sync_movement(sync_run& run);
[[nodiscard]] result<attempt_result> sync_booking_number(sync_run& run);
[[nodiscard]] result<attempt_result> sync_key_dates(sync_run& run);

/// One attempt: the function of the event's type. An error becomes the end of an attempt that ended
/// in an exception.
[[nodiscard]] attempt_report run_attempt(talk& with, const sync_settings& settings,
                                         const attempt_input& input);

} // namespace sallyport::prison_to_probation
