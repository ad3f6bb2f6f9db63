#pragma once

#include "engine/core/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// A JSON pointer (RFC 6901), checked and taken apart: `/offender/ids/0`, with `~1` for `/` and
/// `~0` for `~`. The empty pointer is the whole value.
struct json_pointer {
  std::string text;
  std::vector<std::string> steps;

  [[nodiscard]] static result<json_pointer> parse(std::string_view text);
};

/// For a field of a spec: what is wrong with the text as a JSON pointer, or nothing.
[[nodiscard]] std::optional<std::string> check_json_pointer(std::string_view text);

/// Finds the values of several pointers in a JSON text.
///
/// Problem: an operator wants a few values of a large record, and to build a tree of it costs more
/// than all the rest. Idea: one walk over the text that skips what no pointer names and gives
/// slices of it, unparsed.
///
/// What the walk skips is not checked beyond its quotes and braces: where the form of the whole
/// value matters, `validate` stands before. Of members with the same name the first counts; names
/// in the text are compared as they are written there, so one with escapes is found only if it
/// needs them.
///
/// Confined to its stage. Slices point into the picker and hold until the next `pick`.
class json_picker {
public:
  explicit json_picker(std::vector<json_pointer> wanted);
  ~json_picker();
  json_picker(json_picker&&) noexcept;
  json_picker& operator=(json_picker&&) noexcept;

  /// @returns false if `json` is not JSON as far as it was looked at
  [[nodiscard]] bool pick(std::string_view json);

  /// The value of the i-th pointer as it stands in the text; nothing where there is none.
  [[nodiscard]] std::optional<std::string_view> raw(std::size_t index) const;

  /// The same without what JSON adds: a string's characters, else the text as it stands. Nothing
  /// for `null`, which says no more than an absent member.
  [[nodiscard]] std::optional<std::string> text(std::size_t index) const;

private:
  struct body;
  std::unique_ptr<body> body_;
};

enum class json_type : std::uint8_t { null, boolean, number, string, array, object };

/// What a raw value is, by its first character. @pre `raw` comes from a `json_picker`
[[nodiscard]] json_type json_type_of(std::string_view raw);

/// The text of a raw JSON string or other value, see `json_picker::text`.
[[nodiscard]] std::optional<std::string> json_text(std::string_view raw);

/// `text` as a JSON string, with its quotes.
[[nodiscard]] std::string json_quoted(std::string_view text);

} // namespace sallyport
