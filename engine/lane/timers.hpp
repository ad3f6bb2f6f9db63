#pragma once

#include "engine/lane/overlay.hpp"
#include "engine/operators/context.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::lane {

/// The first character of the names that operators give: the engine's own begin with others.
inline constexpr char operator_timer = 'o';

/// Due time and name of a row by due time. @pre the key is of such a row
[[nodiscard]] std::pair<wall_time, std::string_view> timer_of_key(std::string_view key);
/// The row by name, and the due time that it has.
[[nodiscard]] std::string timer_name_key(std::string_view name);
[[nodiscard]] wall_time timer_due_of(std::string_view row);

/// The durable timers of one stage: rows ordered by due time, written in the epoch that set them.
///
/// Problem: months of retries and millions of hold-backs must survive any restart, and finding the
/// next one must not walk over those that fired long ago (a deleted row still costs a seek). Idea:
/// a row by due time, a row by name, and a low mark in memory: the key before which there is no row
/// by due time. A key and no time, as very many timers may be due at the same moment.
///
/// Confined to its stage.
///
/// Invariants:
/// 1. A name has at most one due time.
/// 2. No row by due time stands before the low mark.
class timers {
public:
  explicit timers(overlay& rows) : rows_(rows) {}

  /// Finds the first due time; once, before any other function. `pending` is the number of timers
  /// that are set, as the stage's counts say (to count the rows would take long where there are
  /// millions).
  void open(std::uint64_t pending);

  void set(std::string_view name, wall_time at, std::string_view payload);
  void cancel(std::string_view name);
  [[nodiscard]] std::optional<wall_time> due(std::string_view name) const;

  /// When the first timer is due, if there is one.
  [[nodiscard]] std::optional<wall_time> next_due();

  /// Takes out up to `max` timers that are due at `now`, in the order of their due times, then
  /// names. Until `next_fired` hands one out it can still be moved or cancelled.
  void take_due(wall_time now, std::size_t max);
  [[nodiscard]] std::optional<timer> next_fired();

  /// Takes back the marks of the callback that failed; the rows are the overlay's to take back.
  void begin_callback() {
    disarmed_.clear();
    pending_change_ = 0;
  }
  void undo_callback();

  /// Timers that are set, for the metrics.
  [[nodiscard]] std::uint64_t pending() const noexcept { return pending_; }

private:
  struct fired {
    timer what;
    bool disarmed = false;
  };
  [[nodiscard]] fired* firing(std::string_view name);
  void erase(std::string_view name, wall_time due);
  void forget(std::string_view name, wall_time due);
  /// Visits the rows by due time from the low mark on while `passes`; what did not pass is next.
  void scan(const row_visitor& passes);

  overlay& rows_;
  std::optional<wall_time> next_;
  bool next_known_ = false;
  std::string low_mark_;
  std::uint64_t pending_ = 0;
  std::int64_t pending_change_ = 0;
  std::vector<fired> firing_;
  std::size_t next_firing_ = 0;
  std::vector<std::size_t> disarmed_;
};

} // namespace sallyport::lane
