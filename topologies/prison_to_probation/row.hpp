#pragma once

#include "engine/core/binary.hpp"
#include "engine/core/wall_time.hpp"
#include "topologies/prison_to_probation/event.hpp"

#include <optional>
#include <string>

/// Parts that several row forms of this topology share. Numbers are varints, texts have their
/// length before them, a null text is the byte 0 (another has 1 before it), times are milliseconds.
///
/// The rows of the messages, `open/<booking>/<message>` and `done/<booking>/<message>`, are written
/// and read by `encode` and `decode_message` (message.hpp), in this order: format (2), id, event,
/// phase, status, createdDate, the moment by which the newest is found, retryCount, deleteBy,
/// processedDate or 0, matchingCrns, why it is paused, the snapshot of its booking, the record as
/// it came (empty when it is processed).
namespace sallyport::prison_to_probation::row {

void put_text(std::string& out, const std::optional<std::string>& text);
[[nodiscard]] std::optional<std::string> read_text(binary::reader& in);

void put_time(std::string& out, wall_time at);
[[nodiscard]] wall_time read_time(binary::reader& in);

void put_moment(std::string& out, local_moment at);
[[nodiscard]] local_moment read_moment(binary::reader& in);

void put_event(std::string& out, const event& what);
/// Ask `valid` of what it gives.
[[nodiscard]] event read_event(binary::reader& in);
[[nodiscard]] inline bool valid(const event& what) {
  return what.type <= event_type::booking_number;
}

} // namespace sallyport::prison_to_probation::row
