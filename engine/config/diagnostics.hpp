#pragma once

#include "engine/config/docs.hpp"
#include "engine/config/spec.hpp"

#include <string>
#include <string_view>

namespace sallyport::config {

/// Findings for who has to mend them: for people with the line and a caret, for programs as JSON,
/// for GitHub as annotations of a pull request.
///
/// Invariant: a line that may hold a secret is not shown.

/// Each finding as its place and what is wrong, the line with a caret, and what to write instead.
/// Files are read again for their lines; what is no file has none.
[[nodiscard]] std::string show(const findings& all, const page& how);

/// A JSON array: file, line, column, end_column, what, hint. Lines and columns count from 1, in
/// characters; 0 means unknown.
[[nodiscard]] std::string to_json(const findings& all);

/// `::error file=…`, a line each.
[[nodiscard]] std::string to_github(const findings& all);

} // namespace sallyport::config
