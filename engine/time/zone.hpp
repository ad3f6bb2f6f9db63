#pragma once

#include "engine/core/error.hpp"
#include "engine/core/wall_time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace date {
class time_zone;
}

namespace sallyport {

/// What the clock on the wall of a zone shows.
using local_time = std::chrono::local_time<std::chrono::milliseconds>;

/// Calendar days, without a zone.
using std::chrono::sys_days;

/// A zone of the system's tz database, and the dates and times that the services write.
///
/// Problem: sources send local times without an offset; twice a year such a time does not exist, or
/// exists twice. Idea: one rule for all of the project, which keeps order: a local time that does
/// not exist stands for the first instant after the gap, and one that exists twice for the first of
/// the two. (Java's `atZone` shifts the former by the length of the gap instead: then 01:30 would
/// come after 02:00.)
///
/// The database is read up to 2037; later years take the changes of an earlier year with the same
/// calendar, so a zone whose rule has changed since 2010 may be off by its hour then.
///
/// Thread safety: a value; all functions from any thread.
///
/// Invariants
/// 1. `to_utc` never decreases when its local time grows.
/// 2. `to_utc(to_local(t)) <= t`, and equal outside of a repeated hour.
class zone {
public:
  /// UTC, which needs no database.
  zone() = default;

  /// The zone called `name` (`Europe/London`, `UTC`), or an error with the nearest name.
  [[nodiscard]] static result<zone> find(std::string_view name);
  [[nodiscard]] static zone utc() { return {}; }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  [[nodiscard]] local_time to_local(wall_time at) const;
  [[nodiscard]] wall_time to_utc(local_time at) const;

  /// What is added to UTC at an instant, and until when it stays so (nothing: for ever).
  struct period {
    std::chrono::seconds offset{0};
    std::optional<wall_time> until;
  };
  [[nodiscard]] period period_at(wall_time at) const;

  /// The calendar day at an instant.
  [[nodiscard]] sys_days date_of(wall_time at) const;
  /// The day `day` at the time of day that `clock` shows.
  [[nodiscard]] wall_time on_day(sys_days day, wall_time clock) const;

  friend bool operator==(const zone& a, const zone& b) noexcept { return a.name_ == b.name_; }

private:
  zone(const date::time_zone* rules, std::string name) : rules_(rules), name_(std::move(name)) {}

  const date::time_zone* rules_ = nullptr; ///< null: UTC; else owned by the database, never freed
  std::string name_ = "UTC";
};

// -- writing: seconds always, milliseconds of three digits ------------------------------------

/// `2020-07-01T13:00:00.125`; no fraction when it is zero.
[[nodiscard]] std::string format_local(wall_time at, const zone& in);
[[nodiscard]] std::string format_local(local_time at);
/// `2020-07-01T13:00:00.125+01:00`; no fraction when it is zero; `Z` when the offset is zero.
[[nodiscard]] std::string format_offset(wall_time at, const zone& in);
/// `2020-07-01T12:00:00.125Z`; the fraction always, so that texts sort as their times do.
[[nodiscard]] std::string format_utc(wall_time at);
/// `2020-07-01`
[[nodiscard]] std::string format_date(sys_days day);

// -- reading; what goes beyond milliseconds is cut off. Errors never repeat the text --------------

/// `2020-02-12T15:14:24.125533`, or without fraction, or without seconds; years 0001 to 9999.
[[nodiscard]] result<local_time> parse_local_datetime(std::string_view text);
/// The same as an instant, by the rule above.
[[nodiscard]] result<wall_time> parse_local_datetime(std::string_view text, const zone& in);
/// As above with `Z` or an offset (`+01:00`, `+0100`) behind it.
[[nodiscard]] result<wall_time> parse_offset_datetime(std::string_view text);
/// `2020-02-12`
[[nodiscard]] result<sys_days> parse_date(std::string_view text);

/// The days from `from` to `to`; negative if `to` is earlier.
[[nodiscard]] constexpr std::int64_t days_between(sys_days from, sys_days to) noexcept {
  return (to - from).count();
}
/// The whole days of 24 hours from `from` to `to`, cut towards zero.
[[nodiscard]] constexpr std::int64_t days_between(wall_time from, wall_time to) noexcept {
  return std::chrono::duration_cast<std::chrono::days>(to - from).count();
}

} // namespace sallyport
