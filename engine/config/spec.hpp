#pragma once

#include "engine/core/error.hpp"
#include "engine/core/wall_time.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::config {

/// Where something stands in a file; lines and columns count from 1, 0 means unknown.
struct location {
  std::string file;
  int line = 0;
  int column = 0;
};

/// One mistake of a file: where, what, and the nearest right thing.
struct finding {
  location where;
  std::string what;
  std::string hint; ///< empty if there is none

  /// `file:line:column: what; hint`
  [[nodiscard]] std::string text() const;
};

using findings = std::vector<finding>;

enum class field_type : std::uint8_t {
  text,
  number, ///< a whole number
  decimal,
  boolean,
  duration, ///< a number with its unit: 250ms, 2s, 15m, 1h30m, 30d
  size,     ///< bytes with a unit: 512KiB, 16MiB
  choice,   ///< one of the listed words
  object,   ///< fields of its own
  map,      ///< free names, each with a value of the element's type
  list,     ///< a sequence of the element's type
  any       ///< kept as it is, for whoever parses it next
};

class params;
class node;

/// One field of a component: all that is to be known of it, in one place. From it come the parse,
/// the checks, the documentation, the masking of secrets.
class field {
public:
  static field text(std::string name);
  static field number(std::string name);
  static field decimal(std::string name);
  static field boolean(std::string name);
  static field duration(std::string name);
  static field size(std::string name);
  static field choice(std::string name, std::vector<std::string> words);
  static field object(std::string name, std::vector<field> fields);
  static field map(std::string name, field element);
  static field list(std::string name, field element);
  static field any(std::string name);

  /// What it is for: a sentence or two. Every field has one (a test sees to it).
  field doc(std::string text) &&;
  /// As it would be written in the file. A field is required unless it has a default or is
  /// optional.
  field by_default(std::string value) &&;
  field optional() &&;
  field secret() &&;
  field example(std::string value) &&;
  /// Of numbers; of durations in milliseconds; of sizes in bytes; of lists and maps in elements.
  field min(std::int64_t value) &&;
  field max(std::int64_t value) &&;
  /// A further check on the text; gives what is wrong with it, or nothing.
  field check(std::function<std::optional<std::string>(std::string_view)> rule) &&;

  std::string name;
  field_type type = field_type::text;
  std::string documentation;
  std::optional<std::string> default_value;
  bool is_optional = false;
  bool is_secret = false;
  std::string example_value;
  std::optional<std::int64_t> least;
  std::optional<std::int64_t> most;
  std::vector<std::string> words;       ///< of a choice
  std::vector<field> fields;            ///< of an object
  std::shared_ptr<const field> element; ///< of a map or list
  std::function<std::optional<std::string>(std::string_view)> rule;
};

/// What a component (operator, connector, section of a config) is and takes.
class spec {
public:
  explicit spec(std::string name) : name(std::move(name)) {}

  spec summary(std::string text) &&;
  spec description(std::string text) &&;
  spec add(field f) &&;
  /// A whole example in YAML, as the component's `with:` would be written. A test lints and builds
  /// each.
  spec example(std::string yaml) &&;

  std::string name;
  std::string summary_text;
  std::string description_text;
  std::vector<field> fields;
  std::vector<std::string> examples;

  /// Checks `from` (null: nothing is given) against the fields. Mistakes are added to `out`; the
  /// result is usable only when none was added.
  [[nodiscard]] params parse(const node* from, const location& where, findings& out) const;
};

/// The values of a component, checked: reading a declared field cannot fail. Reading one that is
/// not declared, or as another type, is a mistake of ours and asserts.
///
/// Thread safety: immutable.
class params {
public:
  params();

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const; ///< of text and choice
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  [[nodiscard]] double decimal(std::string_view name) const;
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] sallyport::duration duration(std::string_view name) const;
  [[nodiscard]] std::uint64_t size(std::string_view name) const;
  [[nodiscard]] const params& object(std::string_view name) const;
  /// Elements in the order of the file; scalar elements are read with the empty name:
  /// `element.text("")`.
  [[nodiscard]] const std::vector<params>& list(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const; ///< of a list of texts
  struct entry;
  [[nodiscard]] const std::vector<entry>& map(std::string_view name) const;
  /// The tree as it stands, of `any`; null if absent.
  [[nodiscard]] const node* raw(std::string_view name) const;

  /// Where the component stands, or one of its fields, for findings that need more than one field.
  [[nodiscard]] const location& where(std::string_view name = {}) const;

private:
  friend class spec;
  friend struct params_builder;
  struct body;
  std::shared_ptr<const body> body_;
};

struct params::entry {
  std::string name;
  location where;
  params value;
};

} // namespace sallyport::config
