#pragma once

#include "engine/core/wall_time.hpp"
#include "engine/time/zone.hpp"

#include <algorithm>
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

/// deleteBy after an attempt that named a date to try until: that day at the present time of day in
/// London. It only ever extends (§10.12).
[[nodiscard]] inline wall_time extended(wall_time delete_by, const std::optional<sys_days>& until,
                                        wall_time now, const zone& london) {
  return until ? std::max(delete_by, london.on_day(*until, now)) : delete_by;
}

} // namespace sallyport::prison_to_probation
