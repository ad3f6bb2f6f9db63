#pragma once

#include "engine/core/error.hpp"
#include "engine/lane/call_row.hpp"
#include "engine/lane/input.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What people order of a stage's effect ledger: commands with names that operators cannot have, so
/// that they come through the door, stand in the journal, and give the same on replay.
namespace sallyport::lane::orders {

inline constexpr std::string_view prefix = "sallyport.";

/// The payload is the whole of what is to be paused from now on, as `encode(paused_ports)`: so that
/// an order that comes twice, or for a stage that missed others, changes nothing more.
inline constexpr std::string_view pause = "sallyport.pause";
/// `<number>/<position> <status>`: the call ended as if the peer had answered so.
inline constexpr std::string_view settle = "sallyport.settle";
/// `<number>/<position>`: its next try is made now.
inline constexpr std::string_view try_now = "sallyport.try-now";

struct settlement {
  call_id id;
  int status = 0;
};

[[nodiscard]] std::string settle_payload(const settlement& what);
[[nodiscard]] std::optional<settlement> parse_settlement(std::string_view payload);

} // namespace sallyport::lane::orders
