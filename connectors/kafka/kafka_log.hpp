#pragma once

#include "connectors/kafka/appender.hpp"
#include "connectors/kafka/cluster.hpp"
#include "connectors/kafka/key_table.hpp"
#include "connectors/kafka/reader.hpp"
#include "connectors/kafka/settings.hpp"
#include "connectors/kafka/topics.hpp"
#include "connectors/kafka/transactions.hpp"

#include "engine/connectors/registry.hpp"
#include "engine/log/lane_directory.hpp"
#include "engine/log/listeners.hpp"
#include "engine/log/log.hpp"

#include <memory>
#include <mutex>
#include <set>

namespace sallyport::kafka {

class group;

/// The log on a cluster of Apache Kafka.
///
/// A topic is a topic, a position is an offset of the consumer group that is called as the
/// application, a commit is a transaction. Hosts commit by their membership (`join`); what stands
/// here is for all others: ingresses, egresses, tools, the API.
///
/// What Kafka does otherwise than the embedded log:
/// - Offsets have gaps: the marker behind each transaction takes one, and so do aborted records.
/// - Retention is the brokers': it does not wait for readers, and `retain` drops nothing.
/// - A topic that is there keeps its configuration; one that differs is refused.
/// - Rows of the state are written after the transaction. (Hosts have them in the changelog.)
///
/// Thread safety: all functions may be called from any thread.
///
/// Invariants:
/// 1. What `append` or `commit` of this process have acknowledged is seen by its next `read`,
/// `offsets` and `position`, unless the open transaction of another process stands before it.
/// 2. No call waits without a bound, except for a commit whose answer is outstanding.
class kafka_log final : public log, public lane_directory {
public:
  /// Makes no connection yet. `in.state`, `in.clock` and `in.metrics` outlive the log.
  [[nodiscard]] static result<std::unique_ptr<kafka_log>> open(log_settings settings,
                                                               const log_environment& in);

  [[nodiscard]] status create_topic(const topic_config& topic) override;
  /// Those that were made or checked by this process.
  [[nodiscard]] std::vector<topic_config> topics() const override;
  [[nodiscard]] std::optional<topic_config> find_topic(std::string_view name) const override;
  [[nodiscard]] result<offset_range> offsets(const partition_id& of) const override;
  [[nodiscard]] result<std::vector<log_record>> read(const partition_id& of, std::int64_t from,
                                                     const read_limits& limits) const override;
  [[nodiscard]] result<std::int64_t>
  append(const log_append& records,
         std::optional<std::string_view> idempotency_key = std::nullopt) override;
  [[nodiscard]] status commit(const log_commit& commit) override;
  [[nodiscard]] result<std::unique_ptr<membership>> join(const membership_options& how) override;
  [[nodiscard]] result<std::optional<std::int64_t>> position(std::string_view application,
                                                             const partition_id& of) const override;
  [[nodiscard]] result<std::uint64_t> retain(wall_time now) override;
  std::uint64_t subscribe(listener on_append) override;
  void unsubscribe(std::uint64_t handle) override;
  [[nodiscard]] std::uint64_t size_bytes() const override;
  [[nodiscard]] result<std::vector<lane_seat>> seats() const override;

  // -- for the membership
  // ---------------------------------------------------------------------------

  [[nodiscard]] const log_settings& settings() const noexcept { return settings_; }
  [[nodiscard]] const log_environment& environment() const noexcept { return in_; }
  /// Clients for questions, and the making of further ones.
  [[nodiscard]] cluster& of() noexcept { return *of_; }
  /// Tells who follows the partitions that records were committed there.
  void tell(std::span<const partition_id> partitions) { listeners_.notify(partitions); }

private:
  kafka_log(log_settings settings, const log_environment& in, std::unique_ptr<cluster> of);

  [[nodiscard]] status check(const log_commit& commit) const;

  const log_settings settings_;
  const log_environment in_;
  const std::unique_ptr<cluster> of_;
  listeners listeners_;
  mutable reader reader_;
  appender appender_;
  key_table keys_;
  transactions transactions_;
  mutable std::mutex guard_;
  std::set<std::string> made_;
  std::shared_ptr<group> group_; ///< of the hosts; made with the first
};

} // namespace sallyport::kafka
