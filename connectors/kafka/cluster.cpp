#include "connectors/kafka/cluster.hpp"

#include "connectors/kafka/admin.hpp"
#include "connectors/kafka/topics.hpp"
#include "engine/log/checks.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <thread>

namespace sallyport::kafka {

namespace {

/// How soon an end is asked for again that is not yet where it must be.
constexpr std::chrono::milliseconds ask_again_after{2};
/// How long the markers of our transactions are waited for. If they are not there then, the open
/// transaction of another process is before them.
constexpr std::chrono::seconds markers_within{2};

std::string named(const partition_id& of) {
  return "topic '" + of.topic + "' partition " + std::to_string(of.partition);
}

/// Kafka's -1 is no bound, as our 0.
std::int64_t bound_of(const found_topic& topic, const char* property) {
  const auto found = topic.config.find(property);
  if (found == topic.config.end())
    return 0;
  std::int64_t value = 0;
  const auto& text = found->second;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::max<std::int64_t>(value, 0);
}

/// A leader that moves or has only just been chosen: the next question finds it.
bool is_passing(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
         code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
         code == RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE ||
         code == RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH ||
         code == RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH ||
         code == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE;
}

result<offset_range> watermarks(const client& seen_by, const partition_id& of) {
  const auto until = std::chrono::steady_clock::now() + answer_within;
  for (;;) {
    offset_range found;
    const auto code = rd_kafka_query_watermark_offsets(
      seen_by.get(), of.topic.c_str(), static_cast<std::int32_t>(of.partition), &found.begin,
      &found.end, static_cast<int>(answer_within.count()));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
      return found;
    if (!is_passing(code) || std::chrono::steady_clock::now() >= until)
      return fail(error_of(code, "the offsets of " + named(of) + " cannot be read"));
    std::this_thread::sleep_for(ask_again_after);
  }
}

} // namespace

overrides consumer_properties(bool committed_only) {
  return {{"isolation.level", committed_only ? "read_committed" : "read_uncommitted"},
          {"auto.offset.reset", "error"},
          {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          {"enable.partition.eof", "true"}};
}

result<std::unique_ptr<cluster>> cluster::open(const connection& to) {
  std::array<client, 2> made;
  for (const bool committed_only : {false, true}) {
    SALLYPORT_TRY(auto how, make_conf(to, consumer_properties(committed_only)));
    SALLYPORT_TRY(auto one, make_client(RD_KAFKA_CONSUMER, std::move(how)));
    made[committed_only ? 1 : 0] = std::move(one);
  }
  return std::unique_ptr<cluster>{new cluster{to, std::move(made[1]), std::move(made[0])}};
}

result<client> cluster::make_consumer(bool committed_only, const overrides& more) const {
  auto all = consumer_properties(committed_only);
  all.insert(all.end(), more.begin(), more.end());
  SALLYPORT_TRY(auto how, configure(all));
  return make_client(RD_KAFKA_CONSUMER, std::move(how));
}

result<std::optional<topic_config>> cluster::find(const std::string& topic) const {
  {
    std::lock_guard lock{guard_};
    if (const auto known = topics_.find(topic); known != topics_.end())
      return known->second;
  }
  SALLYPORT_TRY(const auto found, describe_topic(probe_.get(), topic));
  if (!found)
    return std::nullopt;
  topic_config made{topic, found->partitions, duration{bound_of(*found, "retention.ms")},
                    static_cast<std::uint64_t>(bound_of(*found, "retention.bytes"))};
  std::lock_guard lock{guard_};
  return topics_.insert_or_assign(topic, std::move(made)).first->second;
}

status cluster::check(const partition_id& of) const {
  SALLYPORT_TRY(const auto found, find(of.topic));
  return checks::partition(found ? &*found : nullptr, of);
}

void cluster::forget(const std::string& topic) const {
  std::lock_guard lock{guard_};
  topics_.erase(topic);
}

result<offset_range> cluster::offsets(const partition_id& of) const {
  SALLYPORT_CHECK(check(of));
  const auto until = std::chrono::steady_clock::now() + markers_within;
  for (;;) {
    const auto least = least_end(of);
    auto found = watermarks(committed_, of);
    if (!found) {
      if (found.error().code == errc::not_found)
        forget(of.topic);
      return found;
    }
    if (found->end >= least || std::chrono::steady_clock::now() >= until)
      return found;
    std::this_thread::sleep_for(ask_again_after);
  }
}

result<std::int64_t> cluster::written_end(const partition_id& of) const {
  SALLYPORT_TRY(const auto found, watermarks(probe_, of));
  return found.end;
}

void cluster::wrote(const partition_id& of, std::int64_t end) {
  std::lock_guard lock{guard_};
  auto& least = least_ends_[of];
  least = std::max(least, end);
}

std::int64_t cluster::least_end(const partition_id& of) const {
  std::lock_guard lock{guard_};
  const auto found = least_ends_.find(of);
  return found == least_ends_.end() ? 0 : found->second;
}

} // namespace sallyport::kafka
