#pragma once

#include "engine/core/error.hpp"
#include "engine/core/record.hpp"
#include "engine/state/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// What a topic is made with. A zero age or size means no bound.
struct topic_config {
  std::string name;
  std::uint32_t partitions = 4;
  duration retention_age{0};
  std::uint64_t retention_bytes = 0; ///< per partition

  friend bool operator==(const topic_config&, const topic_config&) = default;
};

/// Offsets of a partition: begin is the first that is still there, end the next that will be given.
struct offset_range {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  friend bool operator==(const offset_range&, const offset_range&) = default;
};

/// A record as it stands on the log.
struct log_record {
  std::int64_t offset = 0;
  record rec;
};

/// Records of one partition, written together. The partition is chosen by the caller
/// (`partition_of`).
struct log_append {
  partition_id to;
  batch records;
};

/// Up to where an application has read a partition: the next offset it wants.
struct log_position {
  partition_id from;
  std::int64_t next = 0;
};

/// A lane as the log knows it: a part of the topology and the partition that it reads there.
struct lane_place {
  std::string part;
  partition_id source;

  friend auto operator<=>(const lane_place&, const lane_place&) = default;
};

/// One commit of a host: all of it becomes visible, or nothing.
struct log_commit {
  /// What one lane brings: the rows from the end of the lane before to `rows_end` are its own.
  struct lane_share {
    lane_place lane;
    std::size_t rows_end = 0;
    bool handed_over = false; ///< the lane's last commit here: it waits for no call
  };

  std::string application;
  std::vector<log_append> appends;
  std::vector<log_position> positions;
  store_batch state;
  /// The lanes of the commit in the order of their rows; empty when no host commits.
  std::vector<lane_share> lanes;
};

class membership;
struct membership_options;

struct read_limits {
  std::size_t records_max = 1024;
  std::size_t bytes_max = 1U << 20U; ///< at least one record is returned, however big
};

/// Partitioned, ordered, durable, transactional: the truth of which all state is a view.
///
/// Order: records of a partition have consecutive offsets in the order of their commits. (A log may
/// leave gaps, as Kafka does for its markers; a reader goes by the offsets it sees.)
///
/// Thread safety: all functions may be called from any thread; commits of several hosts do not mix.
///
/// Invariants:
/// 1. A reader sees committed records only, each once, in order.
/// 2. `commit` writes appends, positions and state rows in one step; after a crash all are there or
/// none.
/// 3. Retention never removes a record that an application which has a position in the topic has
/// not read.
class log {
public:
  virtual ~log() = default;

  /// Makes the topic, or checks that it has that many partitions (`already_exists` if not) and
  /// takes the retention.
  [[nodiscard]] virtual status create_topic(const topic_config& topic) = 0;
  [[nodiscard]] virtual std::vector<topic_config> topics() const = 0;
  [[nodiscard]] virtual std::optional<topic_config> find_topic(std::string_view name) const = 0;

  [[nodiscard]] virtual result<offset_range> offsets(const partition_id& of) const = 0;

  /// Reads from `from` on. Below the begin: `out_of_range` (a reader that lost records must learn
  /// it). At or beyond the end: empty.
  [[nodiscard]] virtual result<std::vector<log_record>>
  read(const partition_id& of, std::int64_t from, const read_limits& limits) const = 0;

  /// Writes records outside of any epoch (ingress, tools), durable when it returns. The result is
  /// the offset of the first. With an `idempotency_key` that was used for the topic before, nothing
  /// is written and the first offset of then is returned; keys are kept for a day.
  [[nodiscard]] virtual result<std::int64_t>
  append(const log_append& records,
         std::optional<std::string_view> idempotency_key = std::nullopt) = 0;

  [[nodiscard]] virtual status commit(const log_commit& commit) = 0;

  /// A host takes part in the lanes of its application. By default the lanes are dealt out among
  /// the hosts of this process and stay there; a log that is shared by processes moves them.
  [[nodiscard]] virtual result<std::unique_ptr<membership>> join(const membership_options& how);

  /// The position of an application in a partition, if it has one.
  [[nodiscard]] virtual result<std::optional<std::int64_t>>
  position(std::string_view application, const partition_id& of) const = 0;

  /// Drops what the topics' age and size bounds allow to drop. @returns records dropped
  [[nodiscard]] virtual result<std::uint64_t> retain(wall_time now) = 0;

  /// Is called, on any thread and without locks held, after records became visible in a partition.
  using listener = std::function<void(const partition_id&)>;
  /// @returns a handle for `unsubscribe`
  virtual std::uint64_t subscribe(listener on_append) = 0;
  /// After it returns the listener is not called any more.
  virtual void unsubscribe(std::uint64_t handle) = 0;

  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
};

} // namespace sallyport
