#pragma once

#include "engine/core/error.hpp"
#include "engine/time/zone.hpp"

#include <simdjson.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The small forms that all peers of this topology share: JSON fields, dates, parts of a URL.
///
/// Idea: a reply is read into plain structs at once, so that no JSON is seen by the rules. A field
/// that is missing and one that is null are the same, as they were to the original.
///
/// Thread safety: free functions without state; a `json_text` is confined to its owner.
namespace sallyport::prison_to_probation {

/// A wall clock's reading without a zone: what NOMIS puts into `eventDatetime`. Its microseconds
/// count, as two events of a booking may be less than a millisecond apart.
using local_moment = std::chrono::local_time<std::chrono::microseconds>;

/// `yyyy-MM-ddTHH:mm[:ss[.ffffff]]`, without an offset; further digits are passed over.
[[nodiscard]] std::optional<local_moment> parse_local_moment(std::string_view text);

/// A value as one segment of a path or one value of a query.
[[nodiscard]] std::string url_part(std::string_view value);

/// Parsed JSON that owns its memory. Elements hold as long as it lives.
class json_text {
public:
  /// An error (domain data) when the text is no JSON; it says so without a byte of the text.
  [[nodiscard]] result<simdjson::dom::element> parse(std::string_view text);

private:
  simdjson::dom::parser parser_;
};

using json = simdjson::dom::element;

/// The member called `name` of an object; nothing if it is missing or null, or `from` is no object.
[[nodiscard]] std::optional<json> member(json from, const char* name);

/// The text of a member; numbers and booleans are given as they are written.
[[nodiscard]] std::optional<std::string> text_of(json from, const char* name);
[[nodiscard]] std::optional<bool> flag_of(json from, const char* name);

/// A whole number; one that is written as text counts as well (§1). An error names the field when
/// it is there and is no whole number.
[[nodiscard]] result<std::optional<std::int64_t>> number_of(json from, const char* name);

/// A date; an error names the field when it is there and is no date.
[[nodiscard]] result<std::optional<sys_days>> day_of(json from, const char* name);

/// The text of a member that must be there; the error names the field.
[[nodiscard]] result<std::string> required_text(json from, const char* name);

} // namespace sallyport::prison_to_probation
