/// The limit: a loop on librdkafka that consumes, transforms and produces in transactions, on one
/// thread, and does nothing else. It keeps no state, survives no rebalance and no error.
///
/// bare_loop TOPOLOGY APPLICATION EVENTS: `pass` or `filter` of bench/kafka, from the topic EVENTS
/// to APPLICATION-out, until SIGTERM. KAFKA_BOOTSTRAP_SERVERS names the Kafka.

#include "bench/support/kafka.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <simdjson.h>

namespace sallyport::bench::kafka {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto commit_interval = 100ms;
constexpr std::size_t batch_records = 4096;

volatile std::sig_atomic_t stopped = 0;

/// The value that goes on; empty if none does.
using transform = std::function<std::string_view(const rd_kafka_message_t&)>;

std::string_view pass(const rd_kafka_message_t& m) {
  return {static_cast<const char*>(m.payload), m.len};
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_offender(std::string_view text) {
  auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return text.size() == 7 && upper(text[0]) && all_digits(text.substr(1, 4)) && upper(text[5]) &&
         upper(text[6]);
}

/// YYYY-MM-DDTHH:MM:SS.mmm, by its form alone.
bool is_time(std::string_view text) {
  return text.size() >= 19 && all_digits(text.substr(0, 4)) && text[4] == '-' &&
         all_digits(text.substr(5, 2)) && text[7] == '-' && all_digits(text.substr(8, 2)) &&
         text[10] == 'T' && all_digits(text.substr(11, 2)) && text[13] == ':' &&
         all_digits(text.substr(14, 2)) && text[16] == ':' && all_digits(text.substr(17, 2));
}

class filter {
public:
  std::string_view operator()(const rd_kafka_message_t& m) {
    input_.assign(static_cast<const char*>(m.payload), m.len);
    input_.reserve(m.len + simdjson::SIMDJSON_PADDING);
    simdjson::dom::element event;
    std::string_view type;
    std::string_view at;
    std::string_view offender;
    std::int64_t booking = 0;
    if (parser_.parse(input_.data(), input_.size(), false).get(event) != simdjson::SUCCESS ||
        event["eventType"].get(type) != simdjson::SUCCESS ||
        event["eventDatetime"].get(at) != simdjson::SUCCESS || !is_time(at) ||
        event["bookingId"].get(booking) != simdjson::SUCCESS || booking < 1 ||
        event["offenderNo"].get(offender) != simdjson::SUCCESS || !is_offender(offender))
      fail("filter", "an event that is not valid");
    if (type != "SENTENCE_DATES-CHANGED" && type != "EXTERNAL_MOVEMENT_RECORD-INSERTED" &&
        type != "IMPRISONMENT_STATUS-CHANGED")
      return {};
    output_ = R"({"type":")";
    output_.append(type).append(R"(","at":")").append(at).append(R"(","booking":)");
    output_.append(std::to_string(booking)).append(R"(,"offender":")").append(offender);
    output_ += "\"}";
    return output_;
  }

private:
  simdjson::dom::parser parser_;
  std::string input_;
  std::string output_;
};

transform transform_of(std::string_view name) {
  if (name == "pass")
    return pass;
  if (name == "filter")
    return [work = std::make_shared<filter>()](const rd_kafka_message_t& m) { return (*work)(m); };
  fail(name, "is no topology of this loop");
}

class loop {
public:
  loop(transform work, const std::string& application, const std::string& events)
    : work_(std::move(work)),
      consumer_(make(RD_KAFKA_CONSUMER, {{"group.id", application},
                                         {"isolation.level", "read_committed"},
                                         {"enable.auto.commit", "false"},
                                         {"enable.auto.offset.store", "false"},
                                         {"auto.offset.reset", "earliest"}})),
      producer_(make(RD_KAFKA_PRODUCER, {{"transactional.id", application},
                                         {"partitioner", "murmur2_random"},
                                         {"queue.buffering.max.kbytes", "262144"},
                                         {"linger.ms", "100"}})),
      out_(rd_kafka_topic_new(producer_.get(), (application + "-out").c_str(), nullptr)),
      next_(all_of(consumer_.get(), events)) {
    check(rd_kafka_init_transactions(producer_.get(), patience_ms), "init_transactions");
    const partition_list topics{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(topics.get(), events.c_str(), RD_KAFKA_PARTITION_UA);
    rd_kafka_poll_set_consumer(consumer_.get());
    check(rd_kafka_subscribe(consumer_.get(), topics.get()), "subscribe");
    from_.reset(rd_kafka_queue_get_consumer(consumer_.get()));
  }

  void run() {
    std::array<rd_kafka_message_t*, batch_records> batch{};
    while (stopped == 0) {
      const auto count = rd_kafka_consume_batch_queue(from_.get(), 20, batch.data(), batch.size());
      for (ssize_t i = 0; i < count; ++i)
        take(*message{batch[static_cast<std::size_t>(i)]});
      rd_kafka_poll(producer_.get(), 0);
      if (open_ && steady::now() >= began_ + commit_interval)
        commit();
    }
    if (open_)
      commit();
    rd_kafka_consumer_close(consumer_.get());
  }

private:
  void take(const rd_kafka_message_t& m) {
    check(m.err, "consume");
    if (!open_) {
      check(rd_kafka_begin_transaction(producer_.get()), "begin_transaction");
      began_ = steady::now();
      open_ = true;
    }
    next_->elems[m.partition].offset = m.offset + 1;
    const auto value = work_(m);
    if (value.empty())
      return;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): it is copied, and never written to.
    auto* payload = const_cast<char*>(value.data());
    while (rd_kafka_produce(out_.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload,
                            value.size(), m.key, m.key_len, nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        check(rd_kafka_last_error(), "produce");
      rd_kafka_poll(producer_.get(), 1);
    }
  }

  void commit() {
    const group_metadata group{rd_kafka_consumer_group_metadata(consumer_.get())};
    check(
      rd_kafka_send_offsets_to_transaction(producer_.get(), next_.get(), group.get(), patience_ms),
      "send_offsets");
    check(rd_kafka_commit_transaction(producer_.get(), patience_ms), "commit");
    open_ = false;
  }

  transform work_;
  client consumer_;
  client producer_;
  topic out_;
  partition_list next_; ///< behind the last record of each partition
  queue from_;
  bool open_ = false;
  steady::time_point began_;
};

} // namespace
} // namespace sallyport::bench::kafka

int main(int argc, char** argv) {
  namespace kafka = sallyport::bench::kafka;
  if (argc != 4)
    kafka::fail("bare_loop", "TOPOLOGY APPLICATION EVENTS");
  std::signal(SIGTERM, [](int) { kafka::stopped = 1; });
  kafka::loop{kafka::transform_of(argv[1]), argv[2], argv[3]}.run();
  return 0;
}
