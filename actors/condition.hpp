#pragma once

#include "actors/selector.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sallyport {

/// Conditions on a record, as `filter` and `route` take them: a list of which all must hold.
///
/// Confined to its stage.
class conditions {
public:
  /// The field `name` of a spec that `from` reads.
  [[nodiscard]] static config::field field(std::string name);
  /// Checks that need several fields.
  static void lint(const config::params& with, std::string_view name, config::findings& out);

  /// @pre the params passed `lint`
  [[nodiscard]] static conditions from(const config::params& with, std::string_view name);

  /// Whether all hold; an error when the value had to be read and is not JSON.
  [[nodiscard]] result<bool> hold(const record& r);

private:
  struct one {
    selector what;
    std::vector<std::string> words; ///< empty: any
    bool exists = true;
    bool negated = false;
  };
  std::vector<one> all_;
};

} // namespace sallyport
