#pragma once

#include "engine/core/call.hpp"
#include "engine/core/error.hpp"
#include "engine/lane/input.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

/// The rows of the effect ledger, for the ledger and for whoever shows its committed rows to
/// people.
namespace sallyport::lane {

/// An open call, as it stands in the store.
struct call_row {
  call what;
  std::optional<std::string> owner; ///< the conversation that asked
  std::uint32_t tries = 0;
  std::uint32_t unauthorized = 0;
  bool earlier_unanswered = false; ///< it may have been done already
  std::optional<wall_time> first_start;
  wall_time next_try{}; ///< of a call with tries
  wall_time asked{};
  int last_status = 0; ///< of the last try; 0: no answer
};

[[nodiscard]] std::string call_key(call_id id);
/// @pre the key is of such a row
[[nodiscard]] call_id call_id_of(std::string_view key);

/// Makes the policy what will be read from the row: the pauses of a call must not depend on whether
/// the lane was opened again meanwhile.
void as_stored(call_policy& policy);
[[nodiscard]] std::string encode(const call_row& row);
[[nodiscard]] result<call_row> decode_call_row(std::string_view row);

/// `<number>/<position>`, as people name a call of a stage.
[[nodiscard]] std::string to_string(call_id id);
[[nodiscard]] std::optional<call_id> parse_call_id(std::string_view text);

/// Call ports of a stage that start nothing.
struct paused_ports {
  bool all = false;
  std::set<std::string, std::less<>> ports;

  [[nodiscard]] bool holds(std::string_view port) const { return all || ports.contains(port); }

  friend bool operator==(const paused_ports&, const paused_ports&) = default;
};

[[nodiscard]] std::string paused_key();
[[nodiscard]] std::string encode(const paused_ports& what);
[[nodiscard]] result<paused_ports> decode_paused(std::string_view row);

} // namespace sallyport::lane
