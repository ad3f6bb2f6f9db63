#pragma once

#include "engine/config/docs.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The reference: what can be named in a topology or config, from the registries and specs alone.
/// So the terminal, `docs/reference/` and an editor tell the same, and none of them can be out of
/// date without a test seeing it.
///
/// Thread safety: reads the registries, which are filled before.
namespace sallyport::topology {

/// Something that a file can name.
struct component {
  std::string kind; ///< `operator`, `connector`, or `form` of a file
  std::string name;
  std::string summary;
};

/// All of them, by kind and name.
[[nodiscard]] std::vector<component> components();

/// What a component is and takes, for the terminal. Names are unique over all kinds.
[[nodiscard]] std::optional<std::string> describe_component(std::string_view name,
                                                            const config::page& how);

/// The files of the reference by their paths below its folder: pages in Markdown and the schemas.
[[nodiscard]] std::map<std::string, std::string> reference_files();

} // namespace sallyport::topology
