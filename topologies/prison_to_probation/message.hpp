#pragma once

#include "engine/core/error.hpp"
#include "engine/core/record.hpp"
#include "topologies/prison_to_probation/booking.hpp"
#include "topologies/prison_to_probation/event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::prison_to_probation {

/// How the last attempt ended (§2, "Status values").
enum class message_status : std::uint8_t {
  error,
  not_valid,
  validated,
  no_match,
  no_match_with_sentence_date,
  too_many_matches,
  booking_number_not_assigned,
  location_not_updated,
  key_dates_not_updated,
  completed,
  no_longer_valid
};

/// The status as reports and telemetry have it: `NO_MATCH`, …
[[nodiscard]] std::string_view to_string(message_status status) noexcept;

/// What reports show of the booking; it comes in with the event and is refreshed by each attempt
/// that passes its checks (§10.11).
struct booking_snapshot {
  std::string offender_no;
  std::string booking_no;
  std::optional<std::string> location_id; ///< the agency
  std::optional<std::string> location_description;
  std::optional<bool> recall;
  std::optional<std::string> legal_status;

  friend bool operator==(const booking_snapshot&, const booking_snapshot&) = default;
};

[[nodiscard]] booking_snapshot snapshot_of(const booking& of);
[[nodiscard]] std::string encode(const booking_snapshot& snapshot);
[[nodiscard]] result<booking_snapshot> decode_snapshot(std::string_view bytes);

/// Where a message stands between its arrival and its end.
enum class message_phase : std::uint8_t {
  held,      ///< untried, in the hold-back of its booking
  in_sync,   ///< an attempt is under way or queued behind another one of its booking
  waiting,   ///< for its retry band
  processed, ///< done, and kept for the reports
};

/// The Message record of §2: one event that passed the validation, until it is done and forgotten.
struct message {
  std::string id; ///< orders the messages of a booking by arrival
  event what;
  message_phase phase = message_phase::held;
  message_status status = message_status::validated;
  wall_time created{};                ///< createdDate: when it got here
  local_moment newest_by{};           ///< its eventDatetime, or createdDate in its place (§10.14)
  std::uint32_t retry_count = 0;      ///< unsuccessful attempts so far
  wall_time delete_by{};              ///< deleteBy: the end of the retries, or of the reports
  std::optional<wall_time> processed; ///< processedDate
  std::optional<std::string> crns;    ///< matchingCrns, joined
  std::optional<std::string> paused;  ///< a person stopped its retries; why
  booking_snapshot snapshot;
  record received; ///< as it came; empty once it is processed

  friend bool operator==(const message&, const message&) = default;
};

/// The row of the state, beginning with the version of its form.
[[nodiscard]] std::string encode(const message& m);
[[nodiscard]] result<message> decode_message(std::string_view bytes);

} // namespace sallyport::prison_to_probation
