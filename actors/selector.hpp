#pragma once

#include "actors/json_path.hpp"
#include "engine/config/spec.hpp"
#include "engine/core/error.hpp"
#include "engine/core/record.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

/// One text of a record: a header, a field of its JSON value, or its key. Operators that need an
/// id, a class or a key from wherever it stands read it through one of these.
///
/// Confined to its stage (a field is read through a `json_picker`).
class selector {
public:
  [[nodiscard]] static selector of_key();
  [[nodiscard]] static selector of_header(std::string name);
  [[nodiscard]] static selector of_field(json_pointer pointer);

  /// The selector that two optional fields of a spec name: `field_name` holds a JSON pointer,
  /// `header_name` a header. Neither: nothing. @pre the params passed `check_one_of`
  [[nodiscard]] static std::optional<selector>
  from(const config::params& with, std::string_view field_name, std::string_view header_name);

  /// The text, or nothing where the record has none (a `null` and a record without a value have
  /// none). An error when the value had to be read and is not JSON.
  [[nodiscard]] result<std::optional<std::string>> text(const record& r);

private:
  enum class source : std::uint8_t { key, header, field };
  explicit selector(source from) : from_(from) {}

  source from_;
  std::string header_;
  std::optional<json_picker> picker_;
};

/// Adds a finding when both fields are given, or, if one is `needed`, when neither is.
void check_one_of(const config::params& with, std::string_view field_name,
                  std::string_view header_name, bool needed, config::findings& out);

/// Causes that several operators reject with.
namespace causes {
inline constexpr std::string_view invalid = "invalid";
inline constexpr std::string_view no_key = "no_key";
} // namespace causes

} // namespace sallyport
