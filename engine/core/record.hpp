#pragma once

#include "engine/core/bytes.hpp"
#include "engine/core/wall_time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// A named value beside a record's payload, as in Kafka. Names may repeat.
struct header {
  std::string name;
  std::string value;

  friend bool operator==(const header&, const header&) = default;
};

using header_list = std::vector<header>;

/// The value of the last header called `name`.
[[nodiscard]] inline std::optional<std::string_view> find_header(const header_list& headers,
                                                                 std::string_view name) {
  for (auto it = headers.rbegin(); it != headers.rend(); ++it)
    if (it->name == name)
      return it->value;
  return std::nullopt;
}

/// Sets the header `name`, in place of all of that name.
inline void set_header(header_list& headers, std::string_view name, std::string value) {
  std::erase_if(headers, [&](const header& h) { return h.name == name; });
  headers.push_back({std::string{name}, std::move(value)});
}

/// One element of a stream: what the log holds and what flows between stages.
struct record {
  bytes key;           ///< null: no key
  bytes value;         ///< null: a tombstone
  header_list headers; ///< in order; names may repeat
  wall_time timestamp{};

  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const {
    return find_header(headers, name);
  }
  void set(std::string_view name, std::string header_value) {
    set_header(headers, name, std::move(header_value));
  }

  friend bool operator==(const record&, const record&) = default;
};

using batch = std::vector<record>;

/// A partition of a topic.
struct partition_id {
  std::string topic;
  std::uint32_t partition = 0;

  friend auto operator<=>(const partition_id&, const partition_id&) = default;
};

} // namespace sallyport
