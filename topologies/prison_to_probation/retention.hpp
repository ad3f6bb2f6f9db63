#pragma once

#include "engine/core/wall_time.hpp"
#include "engine/time/zone.hpp"

#include <chrono>
#include <optional>

/// How long things are kept (§2 "deleteBy", §10.12, §10.14).
namespace sallyport::prison_to_probation {

/// Retries of a message end, and reports of it, this long after it came or was done.
inline constexpr duration message_kept_for = std::chrono::days{30};

/// A MessageId is known for so long.
inline constexpr duration message_id_kept_for = std::chrono::days{30};

/// What is remembered of an unanswered write when its message is gone.
inline constexpr duration unanswered_write_kept_for = std::chrono::days{30};

/// deleteBy, by the rules of §2 with the defaults of §10.12.
///
/// Thread safety: a value; all functions from any thread.
class retention {
public:
  /// `by_wall_clock`: deleteBy is what London's clocks show, taken for UTC, and so an hour late in
  /// summer (§10.12, in compatibility).
  retention(zone london, bool by_wall_clock)
    : london_(std::move(london)), by_wall_clock_(by_wall_clock) {}

  /// deleteBy of a message that came, or was done, at `now`.
  [[nodiscard]] wall_time from(wall_time now) const { return shown(now) + message_kept_for; }

  /// deleteBy after an attempt that named a date to try until: that day at the present time of day
  /// in London. It only ever extends (§10.12).
  [[nodiscard]] wall_time extended(wall_time delete_by, const std::optional<sys_days>& until,
                                   wall_time now) const;

  /// The same as the original did it, which may shorten (§10.12, in compatibility).
  [[nodiscard]] wall_time replaced(wall_time delete_by, const std::optional<sys_days>& until,
                                   wall_time now) const;

  /// deleteBy as the reports of §6 show it: London's time, or the instant taken for UTC when it was
  /// written so.
  [[nodiscard]] local_time in_reports(wall_time delete_by) const;

private:
  [[nodiscard]] wall_time shown(wall_time at) const;

  zone london_;
  bool by_wall_clock_;
};

} // namespace sallyport::prison_to_probation
