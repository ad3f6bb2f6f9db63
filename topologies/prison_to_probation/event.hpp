#pragma once

#include "engine/core/record.hpp"
#include "topologies/prison_to_probation/settings.hpp"
#include "topologies/prison_to_probation/wire.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace sallyport::prison_to_probation {

/// The events that NOMIS sends (§1), in the order in which those of one batch are worked on (§3).
enum class event_type : std::uint8_t {
  imprisonment_status,    ///< IMPRISONMENT_STATUS-CHANGED
  external_movement,      ///< EXTERNAL_MOVEMENT_RECORD-INSERTED
  sentence_dates,         ///< SENTENCE_DATES-CHANGED
  confirmed_release_date, ///< CONFIRMED_RELEASE_DATE-CHANGED
  booking_number          ///< BOOKING_NUMBER-CHANGED
};

/// The name of the event type on the wire.
[[nodiscard]] std::string_view to_string(event_type type) noexcept;

/// Whether this profile of the topology handles events of the type.
[[nodiscard]] bool handled_by(profile of, event_type type) noexcept;

/// The type with that name, if this profile of the topology handles it.
[[nodiscard]] std::optional<event_type> expected_type(std::string_view name, profile of);

/// A change in NOMIS, as far as the rules look at it.
struct event {
  event_type type = event_type::imprisonment_status;
  std::int64_t booking_id = 0;
  std::int64_t imprisonment_status_seq = 0; ///< 0 when absent: real messages lack it (§10.12)
  std::int64_t movement_seq = 0;
  std::optional<local_moment> event_time; ///< `eventDatetime`, the prison's wall clock
  std::string message_id;                 ///< of SNS; empty for a message without an envelope

  friend bool operator==(const event&, const event&) = default;
};

/// An event of a type that is not ours: read no further.
struct unexpected_event {
  std::string type;
};

/// A record that can never be an event; `detail` names the field (§10.12).
struct bad_event {
  std::string cause;
  std::string detail;
};

using parsed_event = std::variant<event, unexpected_event, bad_event>;

/// Reads a record: either the envelope of SNS, whose attribute `eventType` is the only source of
/// the type, or the message itself with a header `eventType`. `missing_is_zero`: a number that is
/// missing is no error but 0 (§10.12).
[[nodiscard]] parsed_event parse_event(const record& received, profile of,
                                       bool missing_is_zero = false);

} // namespace sallyport::prison_to_probation
