#pragma once

#include "engine/config/spec.hpp"

#include <string>
#include <string_view>

namespace sallyport::config {

/// The values of a component from YAML text: what stands below `with:`. For tests and tools that
/// build an operator or connector as production does. `${...}` is an error here. All mistakes come
/// at once, one a line.
[[nodiscard]] result<params> parse_params(const spec& of, std::string_view yaml);

/// All findings, one a line.
[[nodiscard]] std::string joined_text(const findings& all);

} // namespace sallyport::config
