#pragma once

#include "engine/operators/context.hpp"

#include <string>
#include <string_view>

namespace sallyport::prison_to_probation {

/// The MessageIds that came within the last 30 days (§10.14).
///
/// Idea: the ids of a day share one timer, which forgets them when the last of them is old enough.
///
/// Rows: `seen/<id>` with the time it came; `seen-on/<day>/<id>`, the ids of a day.
///
/// Confined to its stage.
class message_ids {
public:
  /// The name of every timer begins with it.
  static constexpr std::string_view timer_prefix = "forget/";

  /// Remembers the id. @returns false if it is a repeat
  [[nodiscard]] static bool add(std::string_view id, context& ctx);

  /// For a message that became a dead letter: when it is sent back, it is no repeat.
  static void remove(std::string_view id, context& ctx);

  static void on_timer(const timer& fired, context& ctx);
};

} // namespace sallyport::prison_to_probation
