#pragma once

#include "engine/config/spec.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::config {

/// What a component is and takes, for `--help`, the terminal and the documentation. All of it comes
/// from the spec alone, so it cannot differ from what the parse does.

/// How a text is laid out for people.
struct page {
  std::size_t width = 92;
  bool color = false;
};

/// As plain text.
[[nodiscard]] std::string describe(const spec& of, const page& how = {});

/// Only its fields, its examples, each behind the indent; empty if there are none.
[[nodiscard]] std::string describe_fields(const std::vector<field>& fields,
                                          const std::string& indent, const page& how);
[[nodiscard]] std::string describe_examples(const spec& of, const page& how);

/// A heading of a page: bold where there is color.
[[nodiscard]] std::string heading(std::string_view text, const page& how);

/// Breaks the text at spaces, each line behind the indent; a newline ends a line.
[[nodiscard]] std::string wrapped(std::string_view text, const std::string& indent,
                                  std::size_t width);

/// The fields as a table in Markdown: those of an object as `auth.url`, of a list as
/// `bands[].cron`.
[[nodiscard]] std::string markdown_fields(const std::vector<field>& fields);
/// Prose in which `<topic>` is no tag.
[[nodiscard]] std::string markdown_text(std::string_view text);
[[nodiscard]] std::string markdown_examples(const spec& of);

/// Type, default and bounds of a field, in a few words.
[[nodiscard]] std::string notes_of(const field& f);

} // namespace sallyport::config
