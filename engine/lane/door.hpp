#pragma once

#include "engine/lane/journal.hpp"
#include "engine/lane/stage.hpp"
#include "engine/log/log.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::lane {

/// The one way into a lane. Problem: a stage must see one order of records, timers, replies and
/// commands, and one time for each, whatever threads and batches do, and the same again on replay.
/// Idea: everything passes here, gets a number and a time, and is written to the journal of the
/// epoch.
///
/// Confined to the lane's host.
///
/// Invariants:
/// 1. Numbers grow by one for each input, over restarts too.
/// 2. A record below the lane's position is dropped: it was let in before.
class door {
public:
  door(const lane_name& lane, const topology::part& part, const store& committed)
    : lane_(lane), part_(part), store_(committed) {}

  /// Reads number and position; `position` is the log's, for a lane that has none of its own.
  void open(std::int64_t position);

  [[nodiscard]] std::vector<event> admit(std::vector<log_record>&& records, wall_time now);
  [[nodiscard]] signal admit(std::variant<tick, answer, command> what, wall_time now);

  /// What the door adds to the commit of the open epoch.
  struct sealed {
    std::vector<store_change> changes;
    log_position position;
    std::int64_t received = 0;
  };
  [[nodiscard]] sealed seal();

  [[nodiscard]] std::int64_t next_offset() const noexcept { return next_offset_; }
  [[nodiscard]] std::uint64_t next_number() const noexcept { return next_number_; }
  [[nodiscard]] std::int64_t received() const noexcept { return received_; }
  /// Records that came a second time and were dropped.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

private:
  const lane_name& lane_;
  const topology::part& part_;
  const store& store_;
  journal_writer journal_;
  std::uint64_t next_number_ = 1;
  std::int64_t next_offset_ = 0;
  std::int64_t received_ = 0;
  std::uint64_t dropped_ = 0;
};

} // namespace sallyport::lane
