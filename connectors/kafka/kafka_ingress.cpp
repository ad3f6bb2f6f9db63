#include "connectors/kafka/kafka_ingress.hpp"

#include "connectors/kafka/admin.hpp"
#include "connectors/kafka/cluster.hpp"
#include "connectors/kafka/message.hpp"
#include "engine/connectors/source_position.hpp"
#include "engine/core/fault.hpp"
#include "engine/core/murmur2.hpp"
#include "engine/time/clock.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

namespace sallyport::kafka {

namespace {

using steady = std::chrono::steady_clock;

/// How long a stop may wait.
constexpr int poll_ms = 100;
constexpr std::size_t records_together_max = 5000;
constexpr std::size_t bytes_together_max = 4U << 20U;

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value < 0)
    return std::nullopt;
  return value;
}

} // namespace

/// The source as it is read, by one run.
class kafka_ingress::reading {
public:
  reading(const ingress_options& options, const target& into)
    : options_(options), into_(into),
      source_("kafka-" + short_hash((options.name.empty() ? options.topic : options.name) + "\n" +
                                    into.topic.name)) {}
  ~reading() {
    if (consumer_ != nullptr)
      rd_kafka_consumer_close(consumer_.get());
  }
  reading(const reading&) = delete;
  reading& operator=(const reading&) = delete;

  [[nodiscard]] status open() {
    auto all = consumer_properties(true);
    for (auto& each :
         overrides{{"group.id", into_.application + "." + source_},
                   {"partition.assignment.strategy", "range"},
                   {"session.timeout.ms", std::to_string(options_.session_timeout.count())},
                   {"queued.max.messages.kbytes", "16384"},
                   {"enable.partition.eof", "false"}})
      all.push_back(std::move(each));
    SALLYPORT_TRY(auto how, make_conf(options_.from, all));
    rd_kafka_conf_set_opaque(how.get(), this);
    rd_kafka_conf_set_rebalance_cb(how.get(), on_rebalance);
    SALLYPORT_TRY(consumer_, make_client(RD_KAFKA_CONSUMER, std::move(how)));
    rd_kafka_poll_set_consumer(consumer_.get());
    const partition_list topics{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    const auto code = rd_kafka_subscribe(consumer_.get(), topics.get());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return fail(error_of(code, tried()));
    return {};
  }

  /// Puts what has come on the topic.
  [[nodiscard]] status step() {
    std::vector<rd_kafka_message_t*> taken;
    std::size_t bytes = 0;
    auto* next = rd_kafka_consumer_poll(consumer_.get(), poll_ms);
    const auto polled = steady::now();
    for (; next != nullptr; next = rd_kafka_consumer_poll(consumer_.get(), 0)) {
      taken.push_back(next);
      bytes += next->len + next->key_len;
      if (taken.size() >= records_together_max || bytes >= bytes_together_max)
        break;
    }
    std::map<std::int32_t, std::vector<rd_kafka_message_t*>> by_partition;
    for (auto* each : taken)
      if (const auto of = consider(*each))
        by_partition[*of].push_back(each);
    const auto owner = std::make_shared<const fetched>(consumer_, std::move(taken));
    SALLYPORT_CHECK(problem_);
    for (const auto& [partition, messages] : by_partition)
      SALLYPORT_CHECK(put(partition, messages, owner, polled));
    return {};
  }

private:
  struct partition_state {
    source_position position;
    std::int64_t seen = 0; ///< all before was taken in
  };

  [[nodiscard]] std::string tried() const {
    return "topic '" + options_.topic + "' cannot be read";
  }

  /// The partition, if the message is a record of one that is ours and was not taken before.
  std::optional<std::int32_t> consider(const rd_kafka_message_t& message) {
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const auto why =
        error_of(message.err, tried() + " (partition " + std::to_string(message.partition) + ")");
      // All others pass, or bring a rebalance.
      if (problem_ && (why.code == errc::out_of_range || why.code == errc::not_found))
        problem_ = fail(why);
      return std::nullopt;
    }
    const auto found = mine_.find(message.partition);
    if (found == mine_.end() || message.offset < found->second.seen)
      return std::nullopt;
    found->second.seen = message.offset + 1;
    return message.partition;
  }

  [[nodiscard]] status put(std::int32_t partition, const std::vector<rd_kafka_message_t*>& messages,
                           const std::shared_ptr<const void>& owner, steady::time_point polled) {
    const auto now = system_wall_clock{}.now();
    const auto count = into_.topic.partitions;
    std::map<std::uint32_t, batch> by_target;
    for (const auto* each : messages) {
      auto made = record_of(*each, owner).rec;
      if (!options_.keep_headers)
        made.headers.clear();
      if (!options_.keep_time)
        made.timestamp = now;
      const auto by_source = static_cast<std::uint32_t>(partition) % count;
      by_target[options_.same_partition || made.key.is_null() ? by_source
                                                              : partition_of(made.key, count)]
        .push_back(std::move(made));
    }
    std::vector<log_append> appends;
    for (auto& [to, records] : by_target)
      appends.push_back({{into_.topic.name, to}, std::move(records)});
    // Whoever was silent for so long may have lost its partitions to another process.
    if (steady::now() - polled > options_.session_timeout / 2)
      return fail(error::external(errc::fenced, tried() + ": this process stood still for longer "
                                                          "than half the session timeout"));
    const auto next = messages.back()->offset + 1;
    SALLYPORT_CHECK(fault::at("ingress.before"));
    SALLYPORT_CHECK(
      mine_.at(partition).position.commit(std::move(appends), std::to_string(next), now));
    tell_group(partition, next);
    return fault::at("ingress.appended");
  }

  /// For those who watch the group's lag; nothing hangs on it.
  void tell_group(std::int32_t partition, std::int64_t next) {
    const partition_list offsets{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(offsets.get(), options_.topic.c_str(), partition)->offset =
      next;
    rd_kafka_commit(consumer_.get(), offsets.get(), 1);
  }

  // -- partitions come and go, in a poll
  // ------------------------------------------------------------

  static void on_rebalance(rd_kafka_t* in, rd_kafka_resp_err_t what,
                           rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    auto& self = *static_cast<reading*>(opaque);
    self.mine_.clear();
    if (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      rd_kafka_assign(in, nullptr);
      return;
    }
    for (int i = 0; i < partitions->cnt; ++i)
      if (auto found = self.take(in, partitions->elems[i]); !found && self.problem_)
        self.problem_ = fail(found.error());
    rd_kafka_assign(in, self.problem_ ? partitions : nullptr);
  }

  [[nodiscard]] status take(rd_kafka_t* in, rd_kafka_topic_partition_t& of) {
    SALLYPORT_TRY(auto position,
                  source_position::open(*into_.to, into_.application,
                                        source_ + "-" + std::to_string(of.partition)));
    auto next = position.last() ? number(*position.last()) : std::nullopt;
    if (!next) {
      std::int64_t begin = 0;
      std::int64_t end = 0;
      const auto code =
        rd_kafka_query_watermark_offsets(in, options_.topic.c_str(), of.partition, &begin, &end,
                                         static_cast<int>(answer_within.count()));
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail(error_of(code, tried()));
      next = options_.from_end ? end : begin;
      // Else a restart before the first record would begin behind it.
      if (options_.from_end)
        SALLYPORT_CHECK(position.commit({}, std::to_string(*next), system_wall_clock{}.now()));
    }
    of.offset = *next;
    mine_.emplace(of.partition, partition_state{std::move(position), *next});
    return {};
  }

  const ingress_options& options_;
  const target& into_;
  const std::string source_;
  client consumer_;
  std::map<std::int32_t, partition_state> mine_;
  status problem_; ///< found in a poll; ends the run
};

status kafka_ingress::run(const target& into) {
  reading from{options_, into};
  SALLYPORT_CHECK(from.open());
  while (!stopping_)
    SALLYPORT_CHECK(from.step());
  return {};
}

} // namespace sallyport::kafka
