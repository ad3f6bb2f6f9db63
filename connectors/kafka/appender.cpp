#include "connectors/kafka/appender.hpp"

#include "connectors/kafka/message.hpp"
#include "engine/log/checks.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <thread>

namespace sallyport::kafka {

namespace {

/// How long a record may take to be written.
constexpr const char* write_within_ms = "30000";
constexpr int poll_ms = 100;
/// How long a full queue is waited for before the next try.
constexpr std::chrono::milliseconds full_again_after{5};

/// What is still awaited of one append.
struct delivery {
  std::mutex guard;
  std::condition_variable changed;
  std::size_t open = 0;
  offset_range written{std::numeric_limits<std::int64_t>::max(), -1};
  rd_kafka_resp_err_t problem = RD_KAFKA_RESP_ERR_NO_ERROR;
};

void on_delivery(rd_kafka_t* /*in*/, const rd_kafka_message_t* message, void* /*opaque*/) {
  auto& of = *static_cast<delivery*>(message->_private);
  std::lock_guard lock{of.guard};
  --of.open;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    of.problem = message->err;
  } else if (message->offset < 0) {
    // The broker takes it for a repeat of what it no longer knows, and librdkafka for a success;
    // whether the record is there cannot be said.
    of.problem = RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER;
  } else {
    of.written.begin = std::min(of.written.begin, message->offset);
    of.written.end = std::max(of.written.end, message->offset + 1);
  }
  of.changed.notify_all();
}

} // namespace

/// The client and the thread that hears of its deliveries.
class appender::producer {
public:
  explicit producer(client in)
    : in_(std::move(in)), hears_([this] {
        while (!stopping_)
          rd_kafka_poll(in_.get(), poll_ms);
      }) {}
  ~producer() {
    stopping_ = true;
    hears_.join();
  }
  producer(const producer&) = delete;
  producer& operator=(const producer&) = delete;

  [[nodiscard]] rd_kafka_t* get() const { return in_.get(); }
  /// A fatal error ends a producer for good.
  [[nodiscard]] bool is_broken() const {
    return rd_kafka_fatal_error(in_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
  }

private:
  const client in_;
  std::atomic<bool> stopping_ = false;
  std::thread hears_;
};

result<std::shared_ptr<appender::producer>> appender::current() {
  std::lock_guard lock{guard_};
  if (now_ == nullptr) {
    // One request at a time: a broker takes any first number of a producer that it does not know,
    // so where the first request is refused (a topic that is just being made) and the second is
    // not, the repeat of the first counts as old, and its records are lost.
    SALLYPORT_TRY(auto how, of_.configure({{"enable.idempotence", "true"},
                                           {"max.in.flight.requests.per.connection", "1"},
                                           {"message.timeout.ms", write_within_ms}}));
    rd_kafka_conf_set_dr_msg_cb(how.get(), on_delivery);
    SALLYPORT_TRY(auto made, make_client(RD_KAFKA_PRODUCER, std::move(how)));
    now_ = std::make_shared<producer>(std::move(made));
  }
  return now_;
}

void appender::replace(const std::shared_ptr<producer>& broken) {
  std::shared_ptr<producer> gone; // ends without the lock
  std::lock_guard lock{guard_};
  if (now_ == broken)
    gone = std::move(now_);
}

result<offset_range> appender::append(const log_append& records) {
  const auto tried = "topic '" + records.to.topic + "' partition " +
                     std::to_string(records.to.partition) + " cannot be written";
  for (const auto& each : records.records)
    if (checks::size_of(each) > record_bytes_max)
      return fail(error_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, tried));
  SALLYPORT_TRY(const auto by, current());
  const owned<rd_kafka_topic_t> topic{
    rd_kafka_topic_new(by->get(), records.to.topic.c_str(), nullptr)};
  delivery awaited;
  std::unique_lock lock{awaited.guard};
  for (const auto& each : records.records) {
    for (;;) {
      ++awaited.open;
      lock.unlock();
      const auto code = produce(by->get(), topic.get(), records.to.partition, each, &awaited);
      lock.lock();
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        break;
      --awaited.open;
      if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        awaited.problem = code;
        break;
      }
      awaited.changed.wait_for(lock, full_again_after);
    }
    if (awaited.problem != RD_KAFKA_RESP_ERR_NO_ERROR)
      break;
  }
  // Bounded by how long a record may take.
  awaited.changed.wait(lock, [&] { return awaited.open == 0; });
  if (awaited.problem == RD_KAFKA_RESP_ERR_NO_ERROR)
    return awaited.written;
  lock.unlock();
  if (by->is_broken())
    replace(by);
  return fail(error_of(awaited.problem, tried));
}

} // namespace sallyport::kafka
