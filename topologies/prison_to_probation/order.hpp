#pragma once

#include "engine/core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// What a person may do to records that are not done yet: the commands of the custody stage.
namespace sallyport::prison_to_probation {

/// A command with its payload, `{"key": …, "reason": "…", "by": "…"}`.
struct order {
  enum class kind : std::uint8_t {
    retry_now, ///< the next attempt of a waiting record is made now; its band goes on afterwards
    pause,     ///< a waiting record is tried no more, until it is resumed or deleteBy comes
    resume,    ///< and again in its band
    discard    ///< a held or waiting record is let go
  };
  kind what = kind::retry_now;
  std::int64_t booking_id = 0;
  std::string message_id; ///< of one record; empty: all records of the booking
  std::string reason;     ///< why, in the person's words
  std::string by;         ///< who
};

/// The longest texts that a person may give; they stand in state and telemetry.
inline constexpr std::size_t order_reason_bytes_max = 500;
inline constexpr std::size_t order_by_bytes_max = 100;

[[nodiscard]] std::string_view to_string(order::kind what) noexcept;
/// Whether there is a command of that name.
[[nodiscard]] bool is_order(std::string_view command) noexcept;

/// `key`: a booking's number, or a record's name `<booking>/<message>` as the rows have it. An
/// error says what is wrong with the command.
[[nodiscard]] result<order> parse_order(std::string_view command, std::string_view payload);

} // namespace sallyport::prison_to_probation
