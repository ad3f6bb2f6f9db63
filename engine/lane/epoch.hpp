#pragma once

#include "engine/lane/door.hpp"
#include "engine/lane/stage.hpp"
#include "engine/log/log.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::lane {

/// What one lane brings to a commit.
struct lane_epoch {
  const lane_name* lane = nullptr;
  door::sealed entry;
  std::vector<epoch_part> parts; ///< one a stage, in the order of the stages
  bool handed_over = false;      ///< the lane's last epoch on this host
};

/// The records of one lane in the order in which they go out: by number, then by stage.
[[nodiscard]] std::vector<const published*> outputs_of(const lane_epoch& lane);

/// Where a record goes: to the partition of its key, or that of the lane if it has none.
[[nodiscard]] partition_id place_of(const published& what, const lane_name& lane,
                                    const topic_map& topics);

/// Puts the epochs of a host's lanes together into one commit. Records of a lane go out in the
/// order of the numbers that caused them, then of the stages: so where an epoch ended does not show
/// in the log.
[[nodiscard]] log_commit compose(const std::string& application,
                                 const std::vector<lane_epoch>& lanes, const topic_map& topics);

/// When a host ends its epoch: a pure state machine.
///
/// Problem: a commit costs the same for one record as for thousands, but whoever waits for it
/// should not wait long. Idea: at most one epoch is being committed and one is open. The open one
/// ends when something waits for it and the commit before is over: at once for a call, after
/// `commit_linger` for records, and at the latest after `commit_interval` or when it is full. While
/// a commit is under way a full epoch takes nothing more in.
///
/// Confined to its host.
class epoch_cycle {
public:
  using instant = std::chrono::steady_clock::time_point;

  explicit epoch_cycle(const topology::limits& limits) : limits_(limits) {}

  /// The epoch that takes inputs in.
  [[nodiscard]] std::uint64_t open() const noexcept { return open_; }

  /// Whether the open epoch has room.
  [[nodiscard]] bool may_admit() const noexcept {
    return records_ < limits_.epoch_records_max && bytes_ < limits_.epoch_bytes_max;
  }

  void admitted(std::size_t records, std::size_t bytes, instant now);
  /// Calls wait for the commit: it should be now.
  void effects_wait() { urgent_ = true; }
  /// Records wait for it: it should be soon.
  void outputs_wait() { soon_ = true; }

  /// Whether a barrier should be sent now.
  [[nodiscard]] bool should_end(instant now) const;
  /// When to ask again, if nothing else happens.
  [[nodiscard]] std::optional<instant> end_at() const;

  /// The barrier of the open epoch was sent; returns it. What is let in from now on belongs to the
  /// next.
  std::uint64_t end();
  void committed() { ending_ = false; }
  [[nodiscard]] bool ending() const noexcept { return ending_; }

private:
  topology::limits limits_;
  std::uint64_t open_ = 1;
  bool ending_ = false; ///< an epoch is between its barrier and its commit
  bool urgent_ = false;
  bool soon_ = false;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
  std::optional<instant> since_; ///< when the first input of the open epoch came
};

} // namespace sallyport::lane
