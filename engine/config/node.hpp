#pragma once

#include "engine/config/spec.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::config {

/// A value of a file, with the place where it stands. YAML-free: `yaml.cpp` alone knows the
/// library.
class node {
public:
  enum class kind : std::uint8_t { null, scalar, sequence, mapping };

  struct entry;

  kind type = kind::null;
  location where;
  std::string text; ///< of a scalar, after ${...} was replaced
  /// A scalar in quotes is text, never a number. One `${...}` and nothing else counts as unquoted.
  bool quoted = false;
  bool from_secret = false; ///< the value came from a NAME_FILE or was declared secret: never shown
  /// A ${...} had no value, or the section is not YAML: that was told, and the value means nothing.
  bool unresolved = false;
  bool has_variable = false;  ///< some of the text came from a ${...}
  std::vector<node> items;    ///< of a sequence
  std::vector<entry> entries; ///< of a mapping, in the order of the file

  [[nodiscard]] const node* find(std::string_view name) const;
};

struct node::entry {
  std::string name;
  location where;
  node value;
};

/// Gives the value of an environment variable, or nothing.
using environment = std::function<std::optional<std::string>(std::string_view name)>;

/// The process environment.
[[nodiscard]] environment process_environment();

/// Whether some sections of a file stand as null, unresolved: they are no YAML, or are given twice.
/// What such a tree lacks tells nothing.
[[nodiscard]] bool is_partly_read(const node& root);

/// Reads YAML text. Replaces `${NAME}` and `${NAME:default}` from `env`, or from the file that
/// `NAME_FILE` names. Mistakes (syntax, duplicate keys, anchors, unset variables) are added to
/// `out`.
[[nodiscard]] node parse_yaml(std::string_view text, const std::string& file,
                              const environment& env, findings& out);

/// The same of a file.
[[nodiscard]] node load_yaml(const std::string& path, const environment& env, findings& out);

/// The candidate that is nearest to `word` by edit distance, if one is near enough to be meant.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 const std::vector<std::string>& candidates);

} // namespace sallyport::config
