#pragma once

#include "engine/log/listeners.hpp"
#include "engine/log/log.hpp"
#include "engine/state/rocksdb_database.hpp"
#include "engine/time/clock.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace sallyport {

/// The log of an instance without Kafka: in the same database as its state.
///
/// Problem: a row a record costs more than the record's work, and a sync a record costs everything.
/// Idea: a row is a batch of records, which a reader decodes once and whose memory its records
/// share; a small index row beside it lets everything else do without touching the batch. Writers
/// that come while a write is under way are written together by the next one (the first of them
/// writes for all), with one sync.
///
/// Thread safety: all functions may be called from any thread.
///
/// Invariants:
/// 1. One write batch holds all of a commit: records, positions and state rows.
/// 2. Offsets in memory change after the write succeeded, never before.
/// 3. Offsets of a partition have no gaps; those of dropped records are never given again.
class embedded_log final : public log {
public:
  struct options {
    bool sync = true; ///< false: a commit survives `kill -9`, but perhaps not a power cut
  };

  /// `database` and `clock` outlive the log; `clock` says when a record was appended.
  [[nodiscard]] static result<std::unique_ptr<embedded_log>>
  open(rocksdb_database& database, const wall_clock& clock, const options& options);
  [[nodiscard]] static result<std::unique_ptr<embedded_log>> open(rocksdb_database& database,
                                                                  const wall_clock& clock) {
    return open(database, clock, options{});
  }
  ~embedded_log() override;

  [[nodiscard]] status create_topic(const topic_config& topic) override;
  [[nodiscard]] std::vector<topic_config> topics() const override;
  [[nodiscard]] std::optional<topic_config> find_topic(std::string_view name) const override;
  [[nodiscard]] result<offset_range> offsets(const partition_id& of) const override;
  [[nodiscard]] result<std::vector<log_record>> read(const partition_id& of, std::int64_t from,
                                                     const read_limits& limits) const override;
  [[nodiscard]] result<std::int64_t>
  append(const log_append& records,
         std::optional<std::string_view> idempotency_key = std::nullopt) override;
  [[nodiscard]] status commit(const log_commit& commit) override;
  [[nodiscard]] result<std::optional<std::int64_t>> position(std::string_view application,
                                                             const partition_id& of) const override;
  [[nodiscard]] result<std::uint64_t> retain(wall_time now) override;
  std::uint64_t subscribe(listener on_append) override;
  void unsubscribe(std::uint64_t handle) override;
  [[nodiscard]] std::uint64_t size_bytes() const override;

private:
  struct cursor;
  struct partition_state;
  struct topic_state;
  struct chunk;
  struct request;
  class group_write;
  struct trimmed;

  embedded_log(rocksdb_database& database, const wall_clock& clock, const options& options);

  // -- opening
  [[nodiscard]] status load_topics();
  [[nodiscard]] status load_partition(topic_state& topic, std::uint32_t partition);

  // -- reading
  [[nodiscard]] result<topic_state*> topic_of(const partition_id& of) const;
  [[nodiscard]] result<cursor> cursor_at(topic_state& topic, const partition_id& of,
                                         std::int64_t at) const;
  [[nodiscard]] result<std::int64_t> row_with(const topic_state& topic, const partition_id& of,
                                              std::int64_t at) const;
  [[nodiscard]] result<std::optional<cursor>>
  open_row(const topic_state& topic, const partition_id& of, std::int64_t base) const;

  // -- writing
  [[nodiscard]] status submit(request& mine);
  void write_group(const std::vector<request*>& group);

  // -- retention
  [[nodiscard]] result<std::uint64_t> retain_partition(topic_state& topic, std::uint32_t partition,
                                                       wall_time now);
  [[nodiscard]] result<trimmed> trim(topic_state& topic, std::uint32_t partition, wall_time now);
  [[nodiscard]] result<std::int64_t> unread_from(const topic_state& topic, std::uint32_t partition,
                                                 const offset_range& range) const;
  [[nodiscard]] result<std::uint64_t> bytes_of(const topic_state& topic, std::uint32_t partition,
                                               std::int64_t begin) const;
  [[nodiscard]] status forget_keys(wall_time now);
  [[nodiscard]] status free_disk(const topic_state& topic, std::uint32_t partition,
                                 std::int64_t begin, std::int64_t end) const;

  rocksdb_database& database_;
  const wall_clock& clock_;
  const options options_;

  /// Guards the topics and what their partitions know; taken last and for a moment only.
  mutable std::shared_mutex topics_guard_;
  std::map<std::string, std::unique_ptr<topic_state>, std::less<>> topics_;

  /// Held by whoever writes to the database.
  std::mutex write_guard_;
  std::unique_ptr<group_write> writer_;

  std::mutex queue_guard_;
  std::condition_variable queue_moved_;
  std::deque<request*> queue_;
  bool writing_ = false;

  listeners listeners_;
};

} // namespace sallyport
