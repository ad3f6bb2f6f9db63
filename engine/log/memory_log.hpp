#pragma once

#include "engine/log/listeners.hpp"
#include "engine/log/log.hpp"
#include "engine/state/memory_store.hpp"
#include "engine/time/clock.hpp"

#include <deque>
#include <map>
#include <mutex>

namespace sallyport {

/// A log in memory: for the driver of tests and for replay.
///
/// Idea: one lock; a commit checks everything before it changes anything.
///
/// Thread safety: all functions may be called from any thread.
///
/// Invariants:
/// 1. A commit that fails has changed nothing, neither here nor in the store.
class memory_log final : public log {
public:
  /// Both outlive the log. `clock` says when a record was appended, for the retention.
  memory_log(memory_store& state, const wall_clock& clock) : state_(state), clock_(clock) {}

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

  /// The next commit fails with `why` and changes nothing.
  void inject_commit_failure(error why);

private:
  struct entry {
    record rec;
    wall_time appended;
  };
  struct partition_rows {
    std::int64_t begin = 0;
    std::uint64_t bytes = 0;
    std::deque<entry> entries;

    [[nodiscard]] std::int64_t end() const noexcept {
      return begin + static_cast<std::int64_t>(entries.size());
    }
  };
  struct seen_key {
    std::int64_t first = 0;
    wall_time at;
  };
  struct topic_rows {
    topic_config config;
    std::vector<partition_rows> partitions;
    std::map<std::string, seen_key, std::less<>> keys;
    /// application -> partition -> next
    std::map<std::string, std::map<std::uint32_t, std::int64_t>, std::less<>> positions;
  };

  [[nodiscard]] result<const topic_rows*> topic_of(const partition_id& of) const;
  [[nodiscard]] topic_rows& existing(const partition_id& of);
  [[nodiscard]] status check(const log_commit& commit) const;
  void add(const log_append& records);
  [[nodiscard]] static std::int64_t unread_from(const topic_rows& topic, std::uint32_t partition);
  [[nodiscard]] static std::uint64_t trim(topic_rows& topic, std::uint32_t partition,
                                          wall_time now);

  memory_store& state_;
  const wall_clock& clock_;
  mutable std::mutex guard_;
  std::map<std::string, topic_rows, std::less<>> topics_;
  std::optional<error> injected_;
  listeners listeners_;
};

} // namespace sallyport
