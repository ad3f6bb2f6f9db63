#pragma once

#include "engine/config/spec.hpp"

#include <string>

namespace sallyport::config {

/// What a component is and takes, as plain text for `--help` and the documentation. It comes from
/// the spec alone, so it cannot differ from what the parse does.
[[nodiscard]] std::string describe(const spec& of);

} // namespace sallyport::config
