#include "engine/log/embedded_log.hpp"

#include "engine/core/assert.hpp"
#include "engine/log/checks.hpp"
#include "engine/log/embedded_group.hpp"
#include "engine/log/embedded_parts.hpp"

#include <algorithm>
#include <limits>

namespace sallyport {

namespace {

/// Rows of less than this are copied: they lie in blocks of the cache, which a reader must not
/// pin for as long as it holds a record.
constexpr std::size_t pinned_bytes_min = 4096;

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

} // namespace

// -- opening --------------------------------------------------------------------------------------

embedded_log::embedded_log(rocksdb_database& database, const wall_clock& clock,
                           const options& options)
  : database_(database), clock_(clock), options_(options),
    writer_(std::make_unique<group_write>(*this)) {}

embedded_log::~embedded_log() = default;

result<std::unique_ptr<embedded_log>>
embedded_log::open(rocksdb_database& database, const wall_clock& clock, const options& options) {
  std::unique_ptr<embedded_log> opened{new embedded_log{database, clock, options}};
  SALLYPORT_CHECK(opened->load_topics());
  return opened;
}

status embedded_log::load_topics() {
  auto to = after_prefix(rows::topics);
  rocksdb::Slice end{to};
  rocksdb::ReadOptions how;
  how.iterate_upper_bound = &end;
  std::unique_ptr<rocksdb::Iterator> row{
    database_.db().NewIterator(how, database_.handle(column::log_meta))};
  for (row->Seek(rocksdb::Slice{rows::topics.data(), rows::topics.size()}); row->Valid();
       row->Next()) {
    SALLYPORT_TRY(auto found, rows::read_topic(view(row->key()), view(row->value())));
    auto topic = std::make_unique<topic_state>();
    topic->id = found.id;
    topic->config = found.config;
    topic->partitions.resize(found.config.partitions);
    for (std::uint32_t partition = 0; partition < found.config.partitions; ++partition)
      SALLYPORT_CHECK(load_partition(*topic, partition));
    topics_.emplace(found.config.name, std::move(topic));
  }
  if (!row->status().ok())
    return fail(database_.to_error(row->status(), "opening the log in"));
  return {};
}

status embedded_log::load_partition(topic_state& topic, std::uint32_t partition) {
  auto& state = topic.partitions[partition];
  SALLYPORT_TRY(auto begin, database_.get(column::log_meta, rows::begin_key(topic.id, partition)));
  if (begin) {
    SALLYPORT_TRY(state.range.begin, rows::read_offset(*begin));
  }
  state.range.end = state.dropped_from = state.range.begin;
  auto last = std::numeric_limits<std::int64_t>::max();
  partition_id of{topic.config.name, partition};
  SALLYPORT_TRY(auto base, row_with(topic, of, last));
  if (base < 0)
    return {};
  SALLYPORT_TRY(auto row,
                database_.get(column::log_meta, rows::index_key(topic.place(partition, base))));
  if (!row)
    return fail(rows::damaged());
  SALLYPORT_TRY(auto index, rows::read_index(*row));
  state.range.end = base + static_cast<std::int64_t>(index.count);
  return {};
}

// -- topics ---------------------------------------------------------------------------------------

status embedded_log::create_topic(const topic_config& topic) {
  SALLYPORT_CHECK(checks::topic(topic));
  std::lock_guard writing{write_guard_};
  rows::topic_row row{1, topic};
  auto found = topics_.find(topic.name);
  if (found != topics_.end()) {
    SALLYPORT_CHECK(checks::same_topic(found->second->config, topic));
    if (found->second->config == topic)
      return {};
    row.id = found->second->id;
  } else {
    for (const auto& [name, other] : topics_)
      row.id = std::max(row.id, other->id + 1);
  }
  rocksdb::WriteBatch batch;
  if (auto put = batch.Put(database_.handle(column::log_meta), rows::topic_key(topic.name),
                           rows::put_topic(row));
      !put.ok())
    return fail(database_.to_error(put, "making a topic in"));
  SALLYPORT_CHECK(database_.write(batch, true));
  std::unique_lock lock{topics_guard_};
  auto& state = topics_[topic.name];
  if (!state) {
    state = std::make_unique<topic_state>();
    state->id = row.id;
    state->partitions.resize(topic.partitions);
  }
  state->config = topic;
  return {};
}

std::vector<topic_config> embedded_log::topics() const {
  std::shared_lock lock{topics_guard_};
  std::vector<topic_config> all;
  for (const auto& [name, topic] : topics_)
    all.push_back(topic->config);
  return all;
}

std::optional<topic_config> embedded_log::find_topic(std::string_view name) const {
  std::shared_lock lock{topics_guard_};
  auto found = topics_.find(name);
  if (found == topics_.end())
    return std::nullopt;
  return found->second->config;
}

result<embedded_log::topic_state*> embedded_log::topic_of(const partition_id& of) const {
  auto found = topics_.find(of.topic);
  auto* topic = found == topics_.end() ? nullptr : found->second.get();
  SALLYPORT_CHECK(checks::partition(topic == nullptr ? nullptr : &topic->config, of));
  return topic;
}

// -- reading --------------------------------------------------------------------------------------

result<offset_range> embedded_log::offsets(const partition_id& of) const {
  std::shared_lock lock{topics_guard_};
  SALLYPORT_TRY(auto* topic, topic_of(of));
  return topic->partitions[of.partition].range;
}

result<std::vector<log_record>> embedded_log::read(const partition_id& of, std::int64_t from,
                                                   const read_limits& limits) const {
  topic_state* topic = nullptr;
  offset_range range;
  {
    std::shared_lock lock{topics_guard_};
    SALLYPORT_TRY(topic, topic_of(of));
    range = topic->partitions[of.partition].range;
  }
  SALLYPORT_CHECK(checks::not_below_begin(of, from, range.begin));
  std::vector<log_record> records;
  if (from >= range.end)
    return records;
  records.reserve(std::min(limits.records_max, static_cast<std::size_t>(range.end - from)));
  std::size_t bytes = 0;
  bool full = false;
  for (auto at = from; at < range.end && records.size() < limits.records_max && !full;) {
    auto row = cursor_at(*topic, of, at);
    if (!row) {
      // Retention may have dropped the row since.
      SALLYPORT_TRY(auto now, offsets(of));
      SALLYPORT_CHECK(checks::not_below_begin(of, at, now.begin));
      return fail(std::move(row).error());
    }
    binary::reader in{row->rest, row->owner};
    while (row->next < row->end && records.size() < limits.records_max) {
      auto rec = in.read_record();
      if (in.failed())
        return fail(rows::damaged());
      bytes += checks::size_of(rec);
      full = !records.empty() && bytes > limits.bytes_max;
      if (full)
        break;
      records.push_back({row->next++, std::move(rec)});
      row->rest = in.rest();
    }
    at = row->next;
    if (row->next < row->end) {
      std::lock_guard lock{topic->cursors_guard};
      topic->partitions[of.partition].unfinished = std::move(*row);
    }
  }
  return records;
}

result<embedded_log::cursor> embedded_log::cursor_at(topic_state& topic, const partition_id& of,
                                                     std::int64_t at) const {
  {
    std::lock_guard lock{topic.cursors_guard};
    auto& unfinished = topic.partitions[of.partition].unfinished;
    if (unfinished && unfinished->next == at)
      return *std::exchange(unfinished, std::nullopt);
  }
  // A sequential reader asks for the first record of a row.
  SALLYPORT_TRY(auto row, open_row(topic, of, at));
  if (!row) {
    SALLYPORT_TRY(auto base, row_with(topic, of, at));
    if (base >= 0) {
      SALLYPORT_TRY(row, open_row(topic, of, base));
    }
  }
  if (!row || at >= row->end)
    return fail(rows::damaged());
  binary::reader in{row->rest};
  for (; row->next < at; ++row->next)
    (void) in.read_record();
  if (in.failed())
    return fail(rows::damaged());
  row->rest = in.rest();
  return std::move(*row);
}

result<std::int64_t> embedded_log::row_with(const topic_state& topic, const partition_id& of,
                                            std::int64_t at) const {
  auto first = rows::index_key(topic.place(of.partition, 0));
  rocksdb::Slice lower{first};
  rocksdb::ReadOptions how;
  how.iterate_lower_bound = &lower;
  std::unique_ptr<rocksdb::Iterator> row{
    database_.db().NewIterator(how, database_.handle(column::log_meta))};
  row->SeekForPrev(rows::index_key(topic.place(of.partition, at)));
  if (!row->status().ok())
    return fail(database_.to_error(row->status(), "reading the log in"));
  if (!row->Valid())
    return -1;
  SALLYPORT_TRY(auto place, rows::read_index_key(view(row->key())));
  return place.base;
}

result<std::optional<embedded_log::cursor>>
embedded_log::open_row(const topic_state& topic, const partition_id& of, std::int64_t base) const {
  auto value = std::make_shared<rocksdb::PinnableSlice>();
  auto found = database_.db().Get({}, database_.handle(column::log),
                                  rows::log_key(topic.place(of.partition, base)), value.get());
  if (found.IsNotFound())
    return std::nullopt;
  if (!found.ok())
    return fail(database_.to_error(found, "reading the log in"));
  cursor row;
  row.next = row.end = base;
  auto bytes = view(*value);
  if (value->size() < pinned_bytes_min) {
    auto copy = std::make_shared<const std::string>(bytes);
    bytes = *copy;
    row.owner = std::move(copy);
  } else {
    row.owner = std::move(value);
  }
  binary::reader in{bytes};
  auto count = rows::read_log_head(in);
  if (!count)
    return fail(std::move(count).error().within("topic '" + of.topic + "' partition " +
                                                std::to_string(of.partition) + " offset " +
                                                std::to_string(base)));
  row.end += static_cast<std::int64_t>(*count);
  row.rest = in.rest();
  return row;
}

result<std::optional<std::int64_t>> embedded_log::position(std::string_view application,
                                                           const partition_id& of) const {
  std::uint32_t id = 0;
  {
    std::shared_lock lock{topics_guard_};
    SALLYPORT_TRY(const auto* topic, topic_of(of));
    id = topic->id;
  }
  SALLYPORT_TRY(auto row,
                database_.get(column::log_meta, rows::position_key(id, of.partition, application)));
  if (!row)
    return std::nullopt;
  SALLYPORT_TRY(auto next, rows::read_offset(*row));
  return next;
}

std::uint64_t embedded_log::size_bytes() const {
  return database_.size_bytes(column::log) + database_.size_bytes(column::log_meta);
}

// -- writing --------------------------------------------------------------------------------------

result<std::int64_t> embedded_log::append(const log_append& records,
                                          std::optional<std::string_view> idempotency_key) {
  if (records.records.empty()) {
    SALLYPORT_TRY(auto range, offsets(records.to));
    return range.end;
  }
  if (idempotency_key)
    SALLYPORT_CHECK(checks::idempotency_key(*idempotency_key));
  request mine;
  mine.key = idempotency_key;
  mine.encode(records);
  SALLYPORT_CHECK(submit(mine));
  if (!mine.repeated)
    listeners_.notify(std::span{&records.to, 1});
  return mine.first;
}

status embedded_log::commit(const log_commit& commit) {
  request mine;
  mine.commit = &commit;
  std::vector<partition_id> appended;
  for (const auto& append : commit.appends) {
    mine.encode(append);
    if (!append.records.empty())
      appended.push_back(append.to);
  }
  for (const auto& change : commit.state.changes)
    mine.bytes += change.key.size() + (change.value ? change.value->size() : 0);
  SALLYPORT_CHECK(submit(mine));
  std::ranges::sort(appended);
  appended.erase(std::ranges::unique(appended).begin(), appended.end());
  listeners_.notify(appended);
  return {};
}

status embedded_log::submit(request& mine) {
  if (mine.bytes > commit_bytes_max)
    return fail(error::user(errc::limit_reached, "one commit has " + std::to_string(mine.bytes) +
                                                   " bytes, at most " +
                                                   std::to_string(commit_bytes_max) +
                                                   " are possible; make the epochs smaller"));
  std::unique_lock lock{queue_guard_};
  queue_.push_back(&mine);
  queue_moved_.wait(lock, [&] { return mine.done || (!writing_ && queue_.front() == &mine); });
  if (!mine.done) {
    std::vector<request*> group;
    std::size_t bytes = 0;
    while (!queue_.empty() && (group.empty() || bytes + queue_.front()->bytes <= group_bytes_max)) {
      bytes += queue_.front()->bytes;
      group.push_back(queue_.front());
      queue_.pop_front();
    }
    writing_ = true;
    lock.unlock();
    write_group(group);
    lock.lock();
    writing_ = false;
    for (auto* written : group)
      written->done = true;
    queue_moved_.notify_all();
  }
  return std::move(mine.outcome);
}

void embedded_log::write_group(const std::vector<request*>& group) {
  std::lock_guard writing{write_guard_};
  writer_->begin(clock_.now());
  for (auto* one : group)
    one->outcome = writer_->add(*one);
  auto written = writer_->write();
  for (auto* one : group)
    if (one->outcome && !written)
      one->outcome = fail(written.error());
}

// -- listeners ------------------------------------------------------------------------------------

std::uint64_t embedded_log::subscribe(listener on_append) {
  return listeners_.subscribe(std::move(on_append));
}

void embedded_log::unsubscribe(std::uint64_t handle) { listeners_.unsubscribe(handle); }

} // namespace sallyport
