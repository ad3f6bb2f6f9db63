#include "connectors/kafka/transactions.hpp"

#include "connectors/kafka/admin.hpp"
#include "connectors/kafka/message.hpp"
#include "engine/log/checks.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <set>

namespace sallyport::kafka {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t jobs_together_max = 256;
constexpr std::size_t bytes_together_max = 32U << 20U;
/// How often work with idempotency keys is begun anew, when other processes use the same ones or
/// an outcome is not known.
constexpr int tries_max = 5;
constexpr int poll_ms = 10;
/// How long librdkafka waits before it is looked whether this process ends; then it is asked again.
constexpr duration look_up_every{2'000};

constexpr offset_range nothing_written{std::numeric_limits<std::int64_t>::max(), -1};

/// Where a record of an append came to stand. Served by the thread itself, in a flush.
void on_delivery(rd_kafka_t* /*in*/, const rd_kafka_message_t* message, void* /*opaque*/) {
  auto& written = *static_cast<offset_range*>(message->_private);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return; // the transaction knows
  written.begin = std::min(written.begin, message->offset);
  written.end = std::max(written.end, message->offset + 1);
}

std::size_t size_of(const transactions::work& of) {
  std::size_t bytes = 0;
  for (const auto& append : of.appends)
    for (const auto& each : append.records)
      bytes += checks::size_of(each);
  return bytes;
}

int ms(duration of) { return static_cast<int>(of.count()); }

bool may_be_tried_alone(const error& why) {
  return why.code != errc::fenced && why.code != errc::unavailable && why.code != errc::timed_out;
}

} // namespace

transactions::transactions(cluster& of, std::string id, duration timeout, key_table& keys)
  : of_(of), id_(std::move(id)), timeout_(timeout), keys_(keys), thread_([this] { run_all(); }) {}

transactions::~transactions() {
  {
    std::lock_guard lock{guard_};
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

status transactions::run(work& what) {
  job mine{&what, std::nullopt};
  std::unique_lock lock{guard_};
  waiting_.push_back(&mine);
  changed_.notify_all();
  changed_.wait(lock, [&] { return mine.done.has_value(); });
  return std::move(*mine.done);
}

bool transactions::is_stopping() {
  std::lock_guard lock{guard_};
  return stopping_;
}

// -- the thread -----------------------------------------------------------------------------------

void transactions::run_all() {
  std::unique_lock lock{guard_};
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty())
      return;
    jobs group;
    std::size_t bytes = 0;
    while (!waiting_.empty() && group.size() < jobs_together_max) {
      bytes += size_of(*waiting_.front()->what);
      if (!group.empty() && bytes > bytes_together_max)
        break;
      group.push_back(waiting_.front());
      waiting_.pop_front();
    }
    lock.unlock();
    settle(group);
    lock.lock();
    changed_.notify_all();
  }
}

void transactions::settle(const jobs& group) {
  const auto finish = [this](job& one, status how) {
    std::lock_guard lock{guard_};
    one.done = std::move(how);
  };
  auto left = group;
  attempt done;
  for (int tries = 0; tries < tries_max; ++tries) {
    done = try_all(left);
    if (done || done.error().is_known)
      break;
    // What has a key can be looked up, so it is tried again; the others must look themselves.
    jobs keyed;
    for (auto* each : left)
      if (each->what->key)
        keyed.push_back(each);
      else
        finish(*each, fail(done.error().why));
    left = std::move(keyed);
    if (left.empty() || is_stopping())
      break;
  }
  if (!done && left.size() > 1 && may_be_tried_alone(done.error().why)) {
    for (auto* each : left)
      settle({each});
    return;
  }
  jobs again;
  for (auto* each : left)
    if (done && each->what->key && !each->what->first_of_then && each->what->written.empty())
      again.push_back(each); // another of the group had its key
    else
      finish(*each, done ? status{} : fail(done.error().why));
  if (!again.empty())
    settle(again);
}

/// One transaction of all that is not known to be committed already.
transactions::attempt transactions::try_all(const jobs& group) {
  for (auto* each : group)
    each->what->written.clear();
  if (auto made = ready(); !made)
    return std::unexpected{failure{made.error()}};
  auto fresh = without_known_keys(group);
  if (!fresh)
    return std::unexpected{fresh.error()};
  if (fresh->empty())
    return {};
  if (auto begun = check(rd_kafka_begin_transaction(producer_.get()), "a transaction cannot begin");
      !begun) {
    producer_.reset();
    return std::unexpected{failure{begun.error()}};
  }
  key_rows rows; // stay until the transaction is over
  if (auto done = write(*fresh); !done)
    return abort(done.error());
  auto rivals = write_keys(*fresh, rows);
  if (!rivals)
    return abort(rivals.error());
  if (*rivals) {
    auto given_up = abort(error::external(errc::unavailable, "another process uses the same key"));
    given_up.error().is_known = false; // the other's row will tell
    return given_up;
  }
  for (const auto* each : *fresh)
    if (auto done = send_positions(*each->what); !done)
      return abort(done.error());
  if (auto done = commit(); !done)
    return done;
  for (const auto* each : *fresh)
    for (std::size_t i = 0; i < each->what->appends.size(); ++i)
      if (each->what->written[i].end >= 0)
        of_.wrote(each->what->appends[i].to, each->what->written[i].end);
  return {};
}

/// A producer whose predecessor's transaction is settled.
status transactions::ready() {
  if (producer_ != nullptr)
    return {};
  SALLYPORT_TRY(auto how, of_.configure({{"transactional.id", id_},
                                         {"transaction.timeout.ms", std::to_string(ms(timeout_))},
                                         {"enable.idempotence", "true"}}));
  rd_kafka_conf_set_dr_msg_cb(how.get(), on_delivery);
  SALLYPORT_TRY(auto made, make_client(RD_KAFKA_PRODUCER, std::move(how)));
  const auto until = steady::now() + answer_within;
  for (;;) {
    const owned<rd_kafka_error_t> problem{
      rd_kafka_init_transactions(made.get(), ms(look_up_every))};
    if (problem == nullptr)
      break;
    if (rd_kafka_error_is_retriable(problem.get()) == 0 || steady::now() >= until || is_stopping())
      return fail(error_of(*problem, "the transactions of " + id_ + " cannot begin"));
  }
  producer_ = std::move(made);
  return {};
}

/// Drops what was committed before, and what stands in the group twice: that is tried again when
/// the first of it is committed.
std::expected<transactions::jobs, transactions::failure>
transactions::without_known_keys(const jobs& group) {
  const auto has_key = [](const job* each) { return each->what->key.has_value(); };
  if (std::ranges::any_of(group, has_key))
    if (auto read = keys_.refresh(); !read)
      return std::unexpected{failure{read.error()}};
  jobs fresh;
  std::set<std::string> mine;
  for (auto* each : group) {
    auto& what = *each->what;
    if (what.key) {
      const auto& topic = what.appends.front().to.topic;
      what.first_of_then = keys_.find(topic, *what.key);
      if (what.first_of_then || !mine.insert(key_table::row_key(topic, *what.key)).second)
        continue;
    }
    fresh.push_back(each);
  }
  return fresh;
}

// -- one transaction ------------------------------------------------------------------------------

status transactions::write(const jobs& group) {
  for (const auto* each : group) {
    auto& what = *each->what;
    what.written.assign(what.appends.size(), nothing_written);
    for (std::size_t i = 0; i < what.appends.size(); ++i)
      SALLYPORT_CHECK(write_one(what.appends[i], what.written[i]));
  }
  return {};
}

status transactions::write_one(const log_append& records, offset_range& written) {
  const auto tried = "topic '" + records.to.topic + "' partition " +
                     std::to_string(records.to.partition) + " cannot be written";
  const owned<rd_kafka_topic_t> topic{
    rd_kafka_topic_new(producer_.get(), records.to.topic.c_str(), nullptr)};
  const auto until = steady::now() + answer_within;
  for (const auto& each : records.records)
    for (;;) {
      const auto code = produce(producer_.get(), topic.get(), records.to.partition, each, &written);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        break;
      if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || steady::now() >= until)
        return fail(error_of(code, tried));
      rd_kafka_poll(producer_.get(), poll_ms);
    }
  return {};
}

/// The rows of the keys, which need the offsets of their records. @returns whether another process
/// has written one of the keys first
result<bool> transactions::write_keys(const jobs& group, key_rows& rows) {
  for (auto* each : group)
    if (each->what->key)
      rows.push_back({each->what, {keys_.at(), {}}, nothing_written});
  if (rows.empty())
    return false;
  SALLYPORT_CHECK(flush());
  for (auto& row : rows) {
    const auto& what = *row.of;
    if (what.written.front().end < 0)
      return fail(error::external(errc::unavailable, "the records of a key were not written"));
    row.append.records = {
      keys_.row(what.appends.front().to.topic, *what.key, what.written.front().begin, what.now)};
    SALLYPORT_CHECK(write_one(row.append, row.written));
  }
  SALLYPORT_CHECK(flush());
  std::map<std::string, std::int64_t> ours;
  for (const auto& row : rows) {
    if (row.written.end < 0)
      return fail(error::external(errc::unavailable, "the row of a key was not written"));
    ours.emplace(row.append.records.front().key.str(), row.written.begin);
  }
  return keys_.has_rivals(ours);
}

status transactions::flush() {
  const auto code = rd_kafka_flush(producer_.get(), ms(answer_within));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
    return {};
  return fail(error_of(code, "the records of a key are not written in time"));
}

status transactions::send_positions(const work& of) {
  if (of.positions.empty())
    return {};
  const partition_list offsets{
    rd_kafka_topic_partition_list_new(static_cast<int>(of.positions.size()))};
  for (const auto& each : of.positions)
    rd_kafka_topic_partition_list_add(offsets.get(), each.from.topic.c_str(),
                                      static_cast<std::int32_t>(each.from.partition))
      ->offset = each.next;
  // These groups have no members: whoever has the producer's name has the positions.
  const owned<rd_kafka_consumer_group_metadata_t> group{
    rd_kafka_consumer_group_metadata_new(of.group.c_str())};
  const auto until = steady::now() + answer_within;
  for (;;) {
    const owned<rd_kafka_error_t> problem{rd_kafka_send_offsets_to_transaction(
      producer_.get(), offsets.get(), group.get(), ms(answer_within))};
    if (problem == nullptr)
      return {};
    if (rd_kafka_error_is_retriable(problem.get()) == 0 || steady::now() >= until)
      return fail(error_of(*problem, "the positions of " + of.group + " cannot be written"));
  }
}

/// Without an answer it is asked again, never aborted: the answer that was lost may have been yes.
transactions::attempt transactions::commit() {
  for (;;) {
    const owned<rd_kafka_error_t> problem{
      rd_kafka_commit_transaction(producer_.get(), ms(look_up_every))};
    if (problem == nullptr)
      return {};
    auto why = error_of(*problem, "a transaction cannot be committed");
    if (rd_kafka_error_txn_requires_abort(problem.get()) != 0)
      return abort(std::move(why));
    if (rd_kafka_error_is_retriable(problem.get()) != 0 && !is_stopping())
      continue;
    // The next producer of the name settles it.
    producer_.reset();
    why.what += "; whether it was is not known until the log is read again";
    return std::unexpected{failure{std::move(why), false}};
  }
}

transactions::attempt transactions::abort(error why) {
  const auto until = steady::now() + answer_within;
  for (;;) {
    const owned<rd_kafka_error_t> problem{
      rd_kafka_abort_transaction(producer_.get(), ms(answer_within))};
    if (problem == nullptr)
      break;
    if (rd_kafka_error_is_retriable(problem.get()) != 0 && steady::now() < until && !is_stopping())
      continue;
    // The next producer of the name aborts it.
    producer_.reset();
    break;
  }
  return std::unexpected{failure{std::move(why), true}};
}

} // namespace sallyport::kafka
