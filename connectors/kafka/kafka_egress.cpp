#include "connectors/kafka/kafka_egress.hpp"

#include "connectors/kafka/appender.hpp"
#include "connectors/kafka/cluster.hpp"
#include "connectors/kafka/topics.hpp"
#include "engine/connectors/source_position.hpp"
#include "engine/core/murmur2.hpp"
#include "engine/time/clock.hpp"

#include <map>
#include <memory>
#include <vector>

namespace sallyport::kafka {

namespace {

constexpr read_limits together{4096, 4U << 20U};

} // namespace

/// The other topic as it is written, by one run.
class kafka_egress::writing {
public:
  writing(const egress_options& options, const source& of)
    : options_(options), of_(of),
      application_(of.application + ".kafka-" + short_hash(options.topic + "\n" + of.topic.name)),
      next_(of.topic.partitions, 0) {}

  [[nodiscard]] status open() {
    SALLYPORT_CHECK(find_target());
    log_commit first;
    first.application = application_;
    for (std::uint32_t i = 0; i < next_.size(); ++i) {
      const partition_id from{of_.topic.name, i};
      SALLYPORT_TRY(const auto committed, of_.from->position(application_, from));
      SALLYPORT_TRY(const auto there, of_.from->offsets(from));
      next_[i] = committed.value_or(there.begin);
      // Retention waits from now on.
      if (!committed)
        first.positions.push_back({from, next_[i]});
    }
    return first.positions.empty() ? status{} : of_.from->commit(first);
  }

  /// Writes a batch of each partition. @returns whether there was any
  [[nodiscard]] result<bool> step() {
    log_commit all;
    all.application = application_;
    auto next = next_;
    std::map<std::uint32_t, batch> by_target;
    for (std::uint32_t i = 0; i < next.size(); ++i) {
      const partition_id from{of_.topic.name, i};
      SALLYPORT_TRY(auto records, of_.from->read(from, next[i], together));
      if (records.empty())
        continue;
      next[i] = records.back().offset + 1;
      all.positions.push_back({from, next[i]});
      for (auto& each : records)
        add(by_target, i, std::move(each.rec));
    }
    if (all.positions.empty())
      return false;
    for (auto& [to, records] : by_target)
      all.appends.push_back({{options_.topic, to}, std::move(records)});
    if (outside_ != nullptr) {
      for (const auto& each : all.appends)
        SALLYPORT_CHECK(writer_->append(each));
      all.appends.clear();
    }
    SALLYPORT_CHECK(of_.from->commit(all));
    next_ = std::move(next);
    return true;
  }

private:
  [[nodiscard]] status find_target() {
    std::optional<std::uint32_t> found;
    if (options_.to.bootstrap_servers.empty()) {
      if (const auto topic = of_.from->find_topic(options_.topic))
        found = topic->partitions;
    } else {
      SALLYPORT_TRY(outside_, cluster::open(options_.to));
      writer_ = std::make_unique<appender>(*outside_);
      SALLYPORT_TRY(found, partitions_of(outside_->probe().get(), options_.topic));
    }
    if (!found)
      return fail(
        error::external(errc::not_found, "there is no topic '" + options_.topic + "' to write to"));
    targets_ = *found;
    if (options_.same_partition && targets_ < of_.topic.partitions)
      return fail(error::user(errc::invalid_config, "topic '" + options_.topic + "' has " +
                                                      std::to_string(targets_) +
                                                      " partitions, fewer than '" + of_.topic.name +
                                                      "'; write partition: key"));
    return {};
  }

  void add(std::map<std::uint32_t, batch>& to, std::uint32_t from, record what) const {
    if (!options_.keep_headers)
      what.headers.clear();
    if (!options_.keep_time)
      what.timestamp = system_wall_clock{}.now();
    const bool same = options_.same_partition || what.key.is_null();
    to[same ? from % targets_ : partition_of(what.key, targets_)].push_back(std::move(what));
  }

  const egress_options& options_;
  const source& of_;
  const std::string application_;
  std::vector<std::int64_t> next_;
  std::uint32_t targets_ = 0;
  std::unique_ptr<cluster> outside_; ///< none: the log's own
  std::unique_ptr<appender> writer_;
};

status kafka_egress::run(const source& of) {
  writing to{options_, of};
  SALLYPORT_CHECK(to.open());
  return follower_.follow(*of.from, of.topic.name, [&to] { return to.step(); });
}

} // namespace sallyport::kafka
