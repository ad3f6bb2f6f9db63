#pragma once

#include "engine/core/error.hpp"
#include "engine/time/zone.hpp"

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

/// When something is to be done again and again, as a cron of six fields says it (the form of
/// Spring): second, minute, hour, day of month, month, day of week.
///
/// A field is `*`, a number, a range `9-17`, either with a step (`*/4`, `9-17/2`; `5/15` goes from
/// 5 on), or a list of these with commas. Months have names (JAN), so have weekdays (MON; 0 and 7
/// are both Sunday); `?` is `*` for the two days. If both days are given, both must fit. `L`, `W`
/// and
/// `#` are refused.
///
/// **Zone rule.** A cron speaks of the wall clock of a zone, which is put forward and back.
/// - With fixed hours (`0 30 1 * * *`, `0 15 */4 * * *`) each wall-clock time that fits is one
///   instant, by the rule of `zone`: a time that the clock skips fires at the first instant after
///   the gap, a time that it shows twice fires once, the first time. Times that become one instant
///   fire once.
/// - If every hour fits (`0 0 * * * *`) the cron fires whenever the clock shows a time that fits:
/// in
///   each real hour, so twice in the hour that is repeated, and nothing is made up for the hour
///   that is skipped.
///
/// Thread safety: a value; all functions from any thread.
class cron {
public:
  [[nodiscard]] static result<cron> parse(std::string_view text);

  /// The first time to fire after `after`; `after` itself never. Nothing only beyond the year 9900.
  [[nodiscard]] std::optional<wall_time> next(wall_time after, const zone& in) const;

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  friend bool operator==(const cron& a, const cron& b) noexcept { return a.text_ == b.text_; }

private:
  using local_seconds = std::chrono::local_seconds;

  cron() = default;

  [[nodiscard]] bool fits(std::chrono::local_days day) const;
  [[nodiscard]] bool ever_fires() const;
  [[nodiscard]] std::optional<std::chrono::seconds> first_of_day(std::chrono::seconds from) const;
  [[nodiscard]] std::optional<local_seconds> first_from(local_seconds from) const;
  [[nodiscard]] std::optional<wall_time> next_of_wall_times(wall_time after, const zone& in) const;
  [[nodiscard]] std::optional<wall_time> next_of_every_hour(wall_time after, const zone& in) const;

  std::string text_;
  std::bitset<60> seconds_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;    ///< from 1
  std::bitset<13> months_;  ///< from 1
  std::bitset<7> weekdays_; ///< Sunday is 0
};

} // namespace sallyport
