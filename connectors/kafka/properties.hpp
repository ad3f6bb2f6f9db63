#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::kafka {

/// What is wrong with a property of librdkafka in a config, and what to do.
struct wrong_setting {
  std::string what;
  std::string hint; ///< may be empty
};

/// Asks librdkafka, without a connection, whether it knows the property and takes the value.
/// Refuses those on which exactly-once hangs, and those that have a field of their own.
[[nodiscard]] std::optional<wrong_setting> wrong_property(const std::string& name,
                                                          const std::string& value);

} // namespace sallyport::kafka
