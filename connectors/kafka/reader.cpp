#include "connectors/kafka/reader.hpp"

#include "connectors/kafka/admin.hpp"
#include "connectors/kafka/message.hpp"
#include "engine/log/checks.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <functional>

namespace sallyport::kafka {

namespace {

using steady = std::chrono::steady_clock;

/// A cursor that nobody uses is dropped, and what it has fetched with it.
constexpr std::chrono::seconds cursor_idle_max{60};
constexpr std::chrono::seconds look_for_idle_every{10};
/// Messages that are taken from librdkafka together, and kept in memory together.
constexpr std::size_t messages_together = 500;

std::string named(const partition_id& of) {
  return "topic '" + of.topic + "' partition " + std::to_string(of.partition);
}

} // namespace

// -- cursor ---------------------------------------------------------------------------------------

/// One partition as one client fetches it. Used by whoever has leased it.
class reader::cursor {
public:
  cursor(std::size_t slot, client in, partition_id of)
    : slot(slot), of(std::move(of)), in_(std::move(in)) {}
  ~cursor() { stop(); }
  cursor(const cursor&) = delete;
  cursor& operator=(const cursor&) = delete;

  [[nodiscard]] status start(std::int64_t from, std::function<void()> on_arrival) {
    topic_.reset(rd_kafka_topic_new(in_.get(), of.topic.c_str(), nullptr));
    queue_.reset(rd_kafka_queue_new(in_.get()));
    on_arrival_ = std::move(on_arrival);
    rd_kafka_queue_cb_event_enable(queue_.get(), &cursor::arrived, this);
    next = from;
    started_ = rd_kafka_consume_start_queue(topic_.get(), number(), from, queue_.get()) == 0;
    return started_ ? status{} : fail(error_of(rd_kafka_last_error(), named(of)));
  }

  /// Nothing arrives any more after it.
  void stop() {
    if (queue_ != nullptr)
      rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
    if (started_)
      rd_kafka_consume_stop(topic_.get(), number());
    started_ = false;
  }

  /// Takes what has come, waiting for the first of it.
  [[nodiscard]] status take(std::chrono::milliseconds wait) {
    std::vector<rd_kafka_message_t*> taken(messages_together);
    taken[0] = rd_kafka_consume_queue(queue_.get(), static_cast<int>(wait.count()));
    if (taken[0] == nullptr)
      return {};
    // With a timeout it would wait until there are that many.
    const auto more =
      rd_kafka_consume_batch_queue(queue_.get(), 0, taken.data() + 1, taken.size() - 1);
    taken.resize(1 + static_cast<std::size_t>(std::max<ssize_t>(more, 0)));
    status found;
    std::erase_if(taken, [&](rd_kafka_message_t* each) {
      if (each->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
      if (each->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        end_ = each->offset;
      else if (found)
        found = fail(error_of(each->err, named(of)));
      rd_kafka_message_destroy(each);
      return true;
    });
    const auto owner = std::make_shared<const fetched>(in_, taken);
    for (const auto* each : taken)
      if (each->offset >= next)
        ready_.push_back(record_of(*each, owner));
    return found;
  }

  /// Whether a read from there needs no jump.
  [[nodiscard]] bool reaches(std::int64_t from) const {
    return from >= next && (from == next || (!ready_.empty() && ready_.back().offset >= from));
  }
  [[nodiscard]] bool has_records() const { return !ready_.empty(); }
  [[nodiscard]] bool at_end() const { return ready_.empty() && end_ >= next; }
  [[nodiscard]] std::int64_t end() const { return end_; }
  [[nodiscard]] bool has_more_to_take() const { return rd_kafka_queue_length(queue_.get()) > 0; }

  void skip_to(std::int64_t from) {
    while (!ready_.empty() && ready_.front().offset < from)
      ready_.pop_front();
    next = from;
  }

  [[nodiscard]] std::vector<log_record> give(const read_limits& limits) {
    std::vector<log_record> records;
    std::size_t bytes = 0;
    while (!ready_.empty() && records.size() < limits.records_max) {
      bytes += checks::size_of(ready_.front().rec);
      if (!records.empty() && bytes > limits.bytes_max)
        break;
      next = ready_.front().offset + 1;
      records.push_back(std::move(ready_.front()));
      ready_.pop_front();
    }
    return records;
  }

  const std::size_t slot; ///< of the client
  const partition_id of;
  std::int64_t next = 0; ///< all before was given
  bool leased = true;    ///< under the reader's lock
  bool awaited = false;  ///< under the reader's lock: the last read was empty
  steady::time_point used;

private:
  /// On a thread of librdkafka, which holds locks: leaves a note only.
  static void arrived(rd_kafka_t* /*in*/, void* at) { static_cast<cursor*>(at)->on_arrival_(); }
  [[nodiscard]] std::int32_t number() const { return static_cast<std::int32_t>(of.partition); }

  const client in_;
  owned<rd_kafka_topic_t> topic_;
  owned<rd_kafka_queue_t> queue_;
  std::function<void()> on_arrival_;
  bool started_ = false;
  std::deque<log_record> ready_; ///< taken and not yet given
  std::int64_t end_ = -1;        ///< where the client last came to the end
};

/// A cursor for the time of one read.
struct reader::lease {
  reader* of = nullptr;
  cursor* at = nullptr;
  bool keep = true;

  lease(reader* of, cursor* at) : of(of), at(at) {}
  lease(lease&& other) noexcept
    : of(other.of), at(std::exchange(other.at, nullptr)), keep(other.keep) {}
  lease(const lease&) = delete;
  lease& operator=(const lease&) = delete;
  lease& operator=(lease&&) = delete;
  ~lease() {
    if (at != nullptr)
      of->give_back(*at, keep);
  }
};

// -- reader ---------------------------------------------------------------------------------------

reader::reader(const cluster& of, listeners& told, bool committed_only)
  : of_(of), told_(told), committed_only_(committed_only), teller_([this] { tell(); }) {}

reader::~reader() {
  {
    std::lock_guard lock{guard_};
    stopping_ = true;
    changed_.notify_all();
  }
  teller_.join();
}

result<std::vector<log_record>> reader::read(const partition_id& of, std::int64_t from,
                                             const read_limits& limits) {
  SALLYPORT_CHECK(of_.check(of));
  auto leased = lease_at(of, from);
  if (!leased)
    return fail(leased.error());
  if (leased->at == nullptr)
    return std::vector<log_record>{};
  auto found = read_from(*leased->at, from, limits);
  // What a failed cursor has in its queue is not known.
  leased->keep = found.has_value();
  if (!found && found.error().code == errc::not_found)
    of_.forget(of.topic);
  return found;
}

result<std::vector<log_record>> reader::read_from(cursor& at, std::int64_t from,
                                                  const read_limits& limits) {
  at.skip_to(from);
  const auto until = steady::now() + answer_within;
  while (!at.has_records()) {
    if (at.at_end()) {
      SALLYPORT_TRY(const auto end, end_of(at.of));
      if (at.end() >= end) {
        {
          std::lock_guard lock{guard_};
          at.awaited = true;
        }
        if (!at.has_more_to_take())
          return std::vector<log_record>{};
      }
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - steady::now());
    if (left.count() <= 0)
      return fail(error::external(errc::unavailable, named(at.of) + " cannot be read from offset " +
                                                       std::to_string(from) +
                                                       ": its broker does not answer"));
    SALLYPORT_CHECK(at.take(left));
  }
  std::lock_guard lock{guard_};
  at.awaited = false;
  return at.give(limits);
}

result<std::int64_t> reader::end_of(const partition_id& of) const {
  if (!committed_only_)
    return of_.written_end(of);
  SALLYPORT_TRY(const auto there, of_.offsets(of));
  return there.end;
}

// -- cursors --------------------------------------------------------------------------------------

/// The cursor that goes on at `from`, or a new one. None if there is nothing at `from` yet.
result<reader::lease> reader::lease_at(const partition_id& of, std::int64_t from) {
  {
    std::lock_guard lock{guard_};
    if (auto* found = standing_at(of, from); found != nullptr) {
      found->leased = true;
      return lease{this, found};
    }
  }
  SALLYPORT_TRY(const auto there, of_.offsets(of));
  SALLYPORT_CHECK(checks::not_below_begin(of, from, there.begin));
  if (committed_only_ && from > there.end)
    return lease{this, nullptr};
  std::unique_lock lock{guard_};
  SALLYPORT_TRY(const auto slot, room_for(of, lock));
  cursors_.push_back(std::make_unique<cursor>(slot, clients_[slot], of));
  auto* const made = cursors_.back().get();
  lock.unlock();
  lease leased{this, made};
  leased.keep = false; // unless it starts
  SALLYPORT_CHECK(made->start(from, [this, made] {
    std::lock_guard note{guard_};
    if (!std::exchange(made->awaited, false))
      return;
    news_.insert(made->of);
    changed_.notify_all();
  }));
  leased.keep = true;
  return leased;
}

reader::cursor* reader::standing_at(const partition_id& of, std::int64_t from) {
  for (const auto& each : cursors_)
    if (!each->leased && each->of == of && each->reaches(from))
      return each.get();
  return nullptr;
}

/// A client that has no cursor of the partition. If all have, the one that was idle longest goes.
result<std::size_t> reader::room_for(const partition_id& of, std::unique_lock<std::mutex>& lock) {
  const auto until = steady::now() + answer_within;
  for (;;) {
    std::vector<bool> taken(clients_max, false);
    auto oldest = cursors_.end();
    for (auto each = cursors_.begin(); each != cursors_.end(); ++each) {
      if ((*each)->of != of)
        continue;
      taken[(*each)->slot] = true;
      if (!(*each)->leased && (oldest == cursors_.end() || (*each)->used < (*oldest)->used))
        oldest = each;
    }
    const auto free = static_cast<std::size_t>(std::ranges::find(taken, false) - taken.begin());
    // A cursor that nobody came back to for a while is not worth a client more.
    const bool stale = oldest != cursors_.end() && free >= clients_.size() &&
                       steady::now() - (*oldest)->used > std::chrono::seconds{5};
    if (free < clients_max && !stale) {
      if (free >= clients_.size()) {
        SALLYPORT_TRY(auto made,
                      of_.make_consumer(committed_only_, {{"queued.max.messages.kbytes", "2048"},
                                                          {"queued.min.messages", "10000"},
                                                          {"fetch.wait.max.ms", "100"},
                                                          {"fetch.error.backoff.ms", "20"}}));
        clients_.push_back(std::move(made));
      }
      return free;
    }
    if (oldest != cursors_.end())
      close(**oldest, lock);
    else if (returned_.wait_until(lock, until) == std::cv_status::timeout)
      return fail(error::external(errc::unavailable, named(of) + " has too many readers"));
  }
}

void reader::give_back(cursor& of, bool keep) {
  std::unique_lock lock{guard_};
  if (!keep)
    return close(of, lock);
  of.leased = false;
  of.used = steady::now();
  returned_.notify_all();
}

/// It stays in the list until it has stopped, so that nobody starts the partition in its client
/// before. Stopping takes locks under which librdkafka calls `arrived`.
void reader::close(cursor& of, std::unique_lock<std::mutex>& lock) {
  of.leased = true;
  lock.unlock();
  of.stop();
  lock.lock();
  cursors_.remove_if([&](const auto& each) { return each.get() == &of; });
  returned_.notify_all();
}

// -- news -----------------------------------------------------------------------------------------

void reader::tell() {
  std::unique_lock lock{guard_};
  auto look_at = steady::now() + look_for_idle_every;
  while (!stopping_) {
    changed_.wait_until(lock, look_at, [this] { return stopping_ || !news_.empty(); });
    if (steady::now() >= look_at) {
      drop_idle(lock);
      look_at = steady::now() + look_for_idle_every;
    }
    const std::vector<partition_id> news{news_.begin(), news_.end()};
    news_.clear();
    lock.unlock();
    told_.notify(news);
    lock.lock();
  }
}

void reader::drop_idle(std::unique_lock<std::mutex>& lock) {
  const auto is_idle = [](const auto& each) {
    return !each->leased && steady::now() - each->used > cursor_idle_max;
  };
  for (;;) {
    const auto found = std::ranges::find_if(cursors_, is_idle);
    if (found == cursors_.end())
      return;
    close(**found, lock);
  }
}

} // namespace sallyport::kafka
