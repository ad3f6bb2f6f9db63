#pragma once

// Problem: the peers exchange dates as ISO text or, from older clients, as arrays [y,m,d]; null
// means "no date". Idea: one date type, one reader for both forms, one writer.
//
// Thread safety: free functions without state.

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::simulator {

using date = std::chrono::sys_days;
using optional_date = std::optional<date>;

[[nodiscard]] date make_date(int year, unsigned month, unsigned day);

/// `2020-02-11`
[[nodiscard]] std::string iso(date value);

/// Nothing when the text is no date of the calendar in the form yyyy-mm-dd.
[[nodiscard]] optional_date parse_date(std::string_view text);

/// What a field of a request holds.
struct date_field {
  bool well_formed = true; ///< false: neither null, nor ISO text, nor an array [y,m,d]
  optional_date value;
};

/// The date under `name` of `body`; a missing field and null are both "no date".
[[nodiscard]] date_field read_date(const nlohmann::json& body, const char* name);

} // namespace sallyport::simulator
