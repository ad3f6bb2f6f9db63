#pragma once

#include "connectors/kafka/client.hpp"
#include "connectors/kafka/settings.hpp"

#include "engine/log/log.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::kafka {

using overrides = std::vector<std::pair<std::string, std::string>>;

/// What every consumer of ours is: explicit offsets, nothing committed or jumped over by itself.
[[nodiscard]] overrides consumer_properties(bool committed_only);

/// What all parts of a log over Kafka share: the settings, two clients that ask questions, and what
/// is known of topics.
///
/// Problem: a broker answers the end of a transaction before its markers stand in the partitions,
/// so that whoever asks for the end right after a commit may not see it. Idea: the writers say up
/// to where they wrote (`wrote`), and an end is only believed when it is not below that.
///
/// Thread safety: all functions may be called from any thread.
///
/// Invariants:
/// 1. `offsets` does not give an end below what this process has committed before the call, unless
/// another process holds a transaction open before it.
class cluster {
public:
  [[nodiscard]] static result<std::unique_ptr<cluster>> open(const connection& to);

  [[nodiscard]] result<conf> configure(const overrides& with) const { return make_conf(to_, with); }
  [[nodiscard]] result<client> make_consumer(bool committed_only, const overrides& more = {}) const;

  /// Sees committed records only: its end of a partition is the last stable offset.
  [[nodiscard]] const client& committed() const noexcept { return committed_; }
  /// Sees what is being written as well; also for metadata and the admin interface.
  [[nodiscard]] const client& probe() const noexcept { return probe_; }

  /// The topic as the cluster has it; remembered until `forget`.
  [[nodiscard]] result<std::optional<topic_config>> find(const std::string& topic) const;
  /// `not_found` if there is no such partition.
  [[nodiscard]] status check(const partition_id& of) const;
  void forget(const std::string& topic) const;

  /// As a reader of committed records sees them.
  [[nodiscard]] result<offset_range> offsets(const partition_id& of) const;
  /// The end with what is not committed yet.
  [[nodiscard]] result<std::int64_t> written_end(const partition_id& of) const;
  /// Committed records of this process reach up to `end`.
  void wrote(const partition_id& of, std::int64_t end);

private:
  cluster(connection to, client committed, client probe)
    : to_(std::move(to)), committed_(std::move(committed)), probe_(std::move(probe)) {}

  [[nodiscard]] std::int64_t least_end(const partition_id& of) const;

  const connection to_;
  const client committed_;
  const client probe_;
  mutable std::mutex guard_;
  mutable std::map<std::string, topic_config, std::less<>> topics_;
  std::map<partition_id, std::int64_t> least_ends_;
};

} // namespace sallyport::kafka
