#pragma once

#include "engine/config/spec.hpp"

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace sallyport::config {

/// JSON Schema (draft-07, which the YAML language servers of editors know best) from the fields of
/// a spec: so an editor completes and checks by what the parse does.
///
/// Invariant: what the parse takes, the schema takes. What a schema cannot say (ranges of
/// durations, rules in code, names that must exist) stands in the description and is left to
/// `sallyport lint`.

[[nodiscard]] nlohmann::ordered_json schema_of(const field& of);

/// An object with these fields and no others.
[[nodiscard]] nlohmann::ordered_json schema_of(const std::vector<field>& fields);

/// Whether a component needs at least one of its fields to be written.
[[nodiscard]] bool needs_any(const std::vector<field>& fields);

} // namespace sallyport::config
