#pragma once

#include "actors/json_path.hpp"
#include "engine/core/error.hpp"
#include "engine/core/record.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// A text with places that a record fills: `{/pointer}` with a value of its JSON, `{value}` with
/// the whole value, `{key}` and `{header:NAME}` with those. Any other `{` stands for itself.
///
/// How a text is written depends on where it goes: into a path percent-encoded, into a body as
/// JSON, into a header as it is.
///
/// Confined to its stage.
class record_template {
public:
  enum class form : std::uint8_t { path, body, plain };

  [[nodiscard]] static result<record_template> parse(std::string_view text, form how);

  /// The filled text; an error that names the place which the record cannot fill.
  [[nodiscard]] result<std::string> fill(const record& r);

private:
  struct part {
    enum class kind : std::uint8_t { text, field, value, key, header };
    kind what = kind::text;
    std::string text;      ///< of a text; the name of a header or pointer
    std::size_t index = 0; ///< of a field
  };

  record_template(form how, std::vector<part> parts, std::vector<json_pointer> pointers)
    : how_(how), parts_(std::move(parts)), has_fields_(!pointers.empty()),
      picker_(std::move(pointers)) {}

  [[nodiscard]] result<std::string> fill_part(const part& p, const record& r) const;
  [[nodiscard]] result<std::string> written(const part& p, std::string text) const;

  form how_;
  std::vector<part> parts_;
  bool has_fields_;
  json_picker picker_;
};

/// For a field of a spec: what is wrong with the text as a template, or nothing.
[[nodiscard]] std::optional<std::string> check_template(std::string_view text);

} // namespace sallyport
