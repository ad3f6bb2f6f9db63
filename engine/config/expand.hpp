#pragma once

#include "engine/config/node.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::config {

/// Replaces `${...}` in the scalars of a file, after the YAML was read: so a value can never change
/// the shape of the file. What stands between the braces is given to a resolver: configs ask the
/// environment, topologies their settings. `$${` writes a plain `${`.
struct replacement {
  std::string text;
  bool secret = false; ///< must not be shown
};

/// Gives the value of what stands between `${` and `}`, or adds a finding and gives nothing.
using resolver = std::function<std::optional<replacement>(std::string_view inside,
                                                          const location& where, findings& out)>;

/// `${NAME}` and `${NAME:default}` from the environment, or from the file that `NAME_FILE` names.
[[nodiscard]] resolver environment_resolver(environment env);

/// Refuses every `${...}`: for texts of our own.
[[nodiscard]] resolver no_resolver();

/// Replaces all in a scalar's text. Marks it as unquoted when it is one `${...}` and nothing else,
/// so that `"${PORT:8080}"` can be read as a number.
void expand(node& scalar, const resolver& resolve, findings& out);

/// Reads YAML text with another resolver than the environment.
[[nodiscard]] node parse_yaml_with(std::string_view text, const std::string& file,
                                   const resolver& resolve, findings& out);

/// Reads a whole file of at most `file_bytes_max`; adds a finding and gives nothing otherwise.
inline constexpr std::size_t file_bytes_max = std::size_t{1} << 20U;
[[nodiscard]] std::optional<std::string> read_file(const std::string& path, findings& out);

} // namespace sallyport::config
