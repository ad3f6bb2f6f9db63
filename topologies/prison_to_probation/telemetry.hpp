#pragma once

#include "engine/core/record.hpp"
#include "engine/time/zone.hpp"
#include "topologies/prison_to_probation/booking.hpp"
#include "topologies/prison_to_probation/event.hpp"
#include "topologies/prison_to_probation/matching.hpp"
#include "topologies/prison_to_probation/order.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::prison_to_probation {

/// One event of the telemetry: a name and its dimensions, all of them text (§4).
///
/// Every event that the topology sends has its function below, with its name and its dimensions, so
/// that this file is the whole list. Those of the original come first; our own come only where the
/// original was silent, and the original's never get a further dimension.
class telemetry_event {
public:
  explicit telemetry_event(std::string_view name) : name_(name) {}

  telemetry_event with(std::string_view dimension, std::string_view text) &&;
  telemetry_event with(std::string_view dimension, std::int64_t number) &&;
  telemetry_event with(std::string_view dimension, std::size_t number) &&;
  telemetry_event with(std::string_view dimension, sys_days date) &&;
  /// A null is left out.
  telemetry_event with(std::string_view dimension, const std::optional<std::string>& text) &&;
  /// Sorted, joined by ", "; an empty list is an empty text.
  telemetry_event with(std::string_view dimension, std::vector<std::string> list) &&;
  /// A null is told as `not present`.
  telemetry_event or_not_present(std::string_view dimension,
                                 const std::optional<std::string>& text) &&;
  telemetry_event or_not_present(std::string_view dimension,
                                 const std::optional<sys_days>& date) &&;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// `{"name":…,"properties":{…}}`
  [[nodiscard]] record to_record(std::string_view key, wall_time at) const;

private:
  std::string name_;
  std::vector<std::pair<std::string, std::string>> properties_;
};

/// Sorted and joined by ", ", as telemetry and `matchingCrns` have lists.
[[nodiscard]] std::string joined(std::vector<std::string> list);

namespace telemetry {

// -- a status change (§4.1); "on" is the event that is worked on ------------------------------

[[nodiscard]] telemetry_event status_not_sequence_zero(const event& on);
[[nodiscard]] telemetry_event status_no_sentence_start(const event& on);
/// P2PImprisonmentStatusIgnored of a booking that is not active
[[nodiscard]] telemetry_event status_not_active(const event& on);
/// P2PImprisonmentStatusIgnored of a booking in a prison that takes no part
[[nodiscard]] telemetry_event status_not_interested(const event& on, const booking& of,
                                                    sys_days start);
[[nodiscard]] telemetry_event booking_number_not_assigned(const event& on, const booking& of,
                                                          sys_days start);
[[nodiscard]] telemetry_event location_not_updated(const event& on, const booking& of,
                                                   sys_days start);
[[nodiscard]] telemetry_event key_dates_not_updated(const event& on, const booking& of,
                                                    sys_days start);
[[nodiscard]] telemetry_event status_updated(const event& on, const booking& of, sys_days start);

// -- matching (§4.2) ----------------------------------------------------------------------------

[[nodiscard]] telemetry_event offender_match(const booking& of, const match_reply& found,
                                             const std::vector<std::string>& kept);
[[nodiscard]] telemetry_event offender_no_match(const event& on, const booking& of,
                                                const match_reply& found);
[[nodiscard]] telemetry_event offender_too_many_matches(const event& on, const booking& of,
                                                        const std::vector<std::string>& kept);
[[nodiscard]] telemetry_event change_ignored(const event& on);
[[nodiscard]] telemetry_event offender_number_set(const booking& of, std::string_view crn);

// -- a movement (§4.3) --------------------------------------------------------------------------

[[nodiscard]] telemetry_event external_movement(const event& on);
/// `to`: the movement, if there is one
[[nodiscard]] telemetry_event transfer_ignored(const event& on, const std::optional<movement>& to,
                                               std::string_view reason);
[[nodiscard]] telemetry_event transfer_updated(const event& on, const movement& to,
                                               const prisoner& who,
                                               const std::optional<std::string>& institution);
[[nodiscard]] telemetry_event transfer_not_found(const event& on, const movement& to,
                                                 const prisoner& who);

// -- a booking number (§4.4) --------------------------------------------------------------------

/// `crn`: null when a repeat only showed that an unanswered replace was done (§10.5)
[[nodiscard]] telemetry_event booking_number_changed(const event& on, const booking& of,
                                                     std::string_view old_number,
                                                     const std::optional<std::string>& crn);
[[nodiscard]] telemetry_event booking_number_offender_not_found(const event& on, const booking& of,
                                                                std::string_view old_number);

// -- dates (§4.5) -------------------------------------------------------------------------------

/// `of`: the booking, when its prison is the reason
[[nodiscard]] telemetry_event dates_ignored(const event& on, const booking* of,
                                            std::string_view reason);
[[nodiscard]] telemetry_event dates_changed(const event& on, const booking& of,
                                            const sentence_detail& dates);
[[nodiscard]] telemetry_event dates_not_found(const event& on, const booking& of,
                                              const sentence_detail& dates);

// -- our own, where the original was silent -----------------------------------------------------

/// An event of a type that is not ours was dropped.
[[nodiscard]] telemetry_event unexpected_type(std::string_view type);
/// The validation found that there is nothing to do (§10.11).
[[nodiscard]] telemetry_event rejected(const event& on, std::string_view reason);
/// A message came again within the time that its id is kept (§10.14).
[[nodiscard]] telemetry_event repeated(const event& on);
/// A newer record of the booking and type took the place of one (§10.3).
[[nodiscard]] telemetry_event superseded(const event& on, std::uint32_t retry_count);
/// An attempt ended in an exception (§4.6).
[[nodiscard]] telemetry_event attempt_failed(const event& on, std::uint32_t retry_count,
                                             std::string_view why);
/// The sentence filter stopped what the original would have done by NOMS number alone (§10.8).
[[nodiscard]] telemetry_event stopped_by_sentence(const event& on, const booking& of,
                                                  const match_reply& found,
                                                  const std::vector<std::string>& kept);
/// Somebody already holds the new number (§10.5).
[[nodiscard]] telemetry_event booking_number_conflict(const event& on, const booking& of,
                                                      std::string_view old_number);
/// A record can never be worked on and goes to the dead letters (§10.13).
[[nodiscard]] telemetry_event dead_letter(std::string_view event_type,
                                          std::optional<std::int64_t> booking_id,
                                          std::string_view cause, std::string_view detail);
/// Effects are off: what would have left, as it would have left. `request` is a request line, or
/// the type of a domain event.
[[nodiscard]] telemetry_event effect_withheld(const event& on, std::string_view port,
                                              std::string_view request, std::string_view body);
/// A person did something to a record.
[[nodiscard]] telemetry_event intervention(const event& on, const order& by,
                                           std::string_view status, std::uint32_t retry_count);
/// A person's order was not followed. `on`: the record that it is about, if there is one.
[[nodiscard]] telemetry_event intervention_refused(const event* on, std::string_view command,
                                                   std::string_view why);
/// The end of deleteBy: no attempt succeeded (§10.3).
[[nodiscard]] telemetry_event given_up(const event& on, std::string_view status,
                                       std::uint32_t retry_count);

} // namespace telemetry
} // namespace sallyport::prison_to_probation
