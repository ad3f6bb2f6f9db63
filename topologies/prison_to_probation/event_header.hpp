#pragma once

#include "engine/core/record.hpp"
#include "topologies/prison_to_probation/event.hpp"
#include "topologies/prison_to_probation/row.hpp"

#include <string>
#include <string_view>

/// How an event that was read once goes along with its record, so that no later stage reads the
/// JSON again. It is taken off where the record ends.
namespace sallyport::prison_to_probation {

inline constexpr std::string_view event_header = "event";
inline constexpr std::uint8_t event_header_format = 1;

inline void set_event(record& on, const event& what) {
  std::string row;
  binary::put_u8(row, event_header_format);
  row::put_event(row, what);
  on.set(event_header, std::move(row));
}

/// The event of a record: that of the header, or, when it has none (a record that was put on the
/// topic by hand), the one that its JSON tells.
[[nodiscard]] inline parsed_event event_of(const record& from, profile of, bool missing_is_zero) {
  if (const auto row = from.find(event_header)) {
    binary::reader in{*row};
    const bool known = in.u8() == event_header_format;
    auto what = row::read_event(in);
    if (known && !in.failed() && in.at_end() && row::valid(what)) {
      if (!handled_by(of, what.type))
        return unexpected_event{std::string{to_string(what.type)}};
      return what;
    }
  }
  return parse_event(from, of, missing_is_zero);
}

inline void drop_event(record& from) {
  std::erase_if(from.headers, [](const header& h) { return h.name == event_header; });
}

} // namespace sallyport::prison_to_probation
