#pragma once

#include "engine/core/error.hpp"
#include "engine/time/zone.hpp"

#include <simdjson.h>

#include <chrono>
#include <cstdint>
#include <memory>
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

/// Parsed JSON. Elements hold as long as it lives.
///
/// Idea: a parser is dear to make and cheap to use again, and a conversation reads its replies anew
/// each time it goes on. So a few that are done wait in their thread for the next text.
class json_text {
public:
  json_text();
  ~json_text();
  json_text(const json_text&) = delete;
  json_text& operator=(const json_text&) = delete;

  /// An error (domain data) when the text is no JSON; it says so without a byte of the text.
  [[nodiscard]] result<simdjson::dom::element> parse(std::string_view text);

private:
  std::unique_ptr<simdjson::dom::parser> parser_;
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

/// Writes a JSON object member by member, in the order in which they are added. Bytes of a text
/// that are no UTF-8 are replaced, for JSON has no place for them.
class object_writer {
public:
  object_writer& text(std::string_view name, std::string_view value);
  /// Null when there is none.
  object_writer& text_or_null(std::string_view name, const std::optional<std::string>& value);
  object_writer& date(std::string_view name, const std::optional<sys_days>& value);
  object_writer& flag(std::string_view name, bool value);
  object_writer& object(std::string_view name, object_writer value);

  [[nodiscard]] std::string done() &&;

private:
  void name(std::string_view name);

  std::string out_ = "{";
};

} // namespace sallyport::prison_to_probation
