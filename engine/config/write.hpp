#pragma once

#include "engine/config/node.hpp"
#include "engine/config/spec.hpp"

#include <string>

namespace sallyport::config {

/// Shows a config to people without its secrets.
///
/// Invariants:
/// 1. A value marked `from_secret` is written as `***`, and so is the user part of an address.
/// 2. What no field declares is taken for a secret.

/// Marks the values of secret fields, and of fields that `fields` do not declare.
void mark_secrets(node& tree, const std::vector<field>& fields);

/// Marks all values below.
void mark_all_secret(node& tree);

/// Whether a text is an address with a user part: `http://user:password@host`.
[[nodiscard]] bool names_a_password(const std::string& text);

/// The tree as YAML, one field a line.
[[nodiscard]] std::string to_yaml(const node& tree);

} // namespace sallyport::config
