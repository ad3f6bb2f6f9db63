#pragma once

#include "engine/core/record.hpp"
#include "topologies/prison_to_probation/message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// How the snapshot of the booking goes from `validate` to `custody`: beside the event, which stays
/// as it came.
namespace sallyport::prison_to_probation {

inline constexpr std::string_view snapshot_header = "bookingSnapshot";

inline void set_snapshot(record& on, std::string row) { on.set(snapshot_header, std::move(row)); }

/// Takes the snapshot off the record; an error when it has none.
[[nodiscard]] inline result<booking_snapshot> take_snapshot(record& from) {
  const auto row = from.find(snapshot_header);
  if (!row)
    return fail(error::data("the record has no snapshot of its booking"));
  auto snapshot = decode_snapshot(*row);
  std::erase_if(from.headers, [](const header& h) { return h.name == snapshot_header; });
  return snapshot;
}

} // namespace sallyport::prison_to_probation
