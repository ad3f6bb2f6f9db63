#include "engine/log/checks.hpp"
#include "engine/log/embedded_group.hpp"
#include "engine/log/embedded_parts.hpp"

#include <algorithm>
#include <rocksdb/convenience.h>
#include <set>

namespace sallyport {

namespace {

/// Rows that one write drops, so that commits need not wait long.
constexpr std::size_t rows_a_write_max = 10'000;
/// Files are cleared when so much of a partition was dropped; less waits for the usual compaction.
constexpr std::uint64_t cleared_bytes_min = 16U << 20U;

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

/// An iterator over [from, to) of the log's small rows. Both outlive it.
std::unique_ptr<rocksdb::Iterator> small_rows(const rocksdb_database& database,
                                              const std::string& from, const rocksdb::Slice& to) {
  rocksdb::ReadOptions how;
  how.iterate_upper_bound = &to;
  std::unique_ptr<rocksdb::Iterator> row{
    database.db().NewIterator(how, database.handle(column::log_meta))};
  row->Seek(from);
  return row;
}

} // namespace

result<std::uint64_t> embedded_log::retain(wall_time now) {
  std::vector<topic_state*> all;
  {
    std::shared_lock lock{topics_guard_};
    for (const auto& [name, topic] : topics_)
      all.push_back(topic.get());
  }
  std::uint64_t dropped = 0;
  for (auto* topic : all)
    for (std::uint32_t partition = 0; partition < topic->partitions.size(); ++partition) {
      SALLYPORT_TRY(auto records, retain_partition(*topic, partition, now));
      dropped += records;
    }
  SALLYPORT_CHECK(forget_keys(now));
  return dropped;
}

result<std::uint64_t> embedded_log::retain_partition(topic_state& topic, std::uint32_t partition,
                                                     wall_time now) {
  std::uint64_t dropped = 0;
  for (bool more = true; more;) {
    std::lock_guard writing{write_guard_};
    SALLYPORT_TRY(auto step, trim(topic, partition, now));
    dropped += step.records;
    more = step.more;
  }
  std::int64_t from = 0;
  std::int64_t to = 0;
  {
    std::unique_lock lock{topics_guard_};
    auto& state = topic.partitions[partition];
    if (state.dropped_bytes < cleared_bytes_min)
      return dropped;
    from = std::exchange(state.dropped_from, state.range.begin);
    to = state.range.begin;
    state.dropped_bytes = 0;
  }
  SALLYPORT_CHECK(free_disk(topic, partition, from, to));
  return dropped;
}

result<embedded_log::trimmed> embedded_log::trim(topic_state& topic, std::uint32_t partition,
                                                 wall_time now) {
  auto& state = topic.partitions[partition];
  const auto bounds = topic.config;
  const auto range = state.range;
  trimmed step;
  if (range.begin == range.end ||
      (bounds.retention_age == duration{0} && bounds.retention_bytes == 0))
    return step;
  SALLYPORT_TRY(auto unread, unread_from(topic, partition, range));
  if (bounds.retention_bytes > 0 && !state.bytes) {
    SALLYPORT_TRY(auto counted, bytes_of(topic, partition, range.begin));
    std::unique_lock lock{topics_guard_};
    state.bytes = counted;
  }
  auto left = state.bytes.value_or(0);
  auto end = range.begin;
  std::uint64_t bytes = 0;
  std::size_t rows_dropped = 0;
  rocksdb::WriteBatch batch;
  auto* meta = database_.handle(column::log_meta);
  auto first = rows::index_key(topic.place(partition, range.begin));
  auto last = rows::index_key(topic.place(partition, unread));
  rocksdb::Slice bound{last};
  rocksdb::Status composed;
  auto row = small_rows(database_, first, bound);
  for (; row->Valid() && composed.ok(); row->Next()) {
    SALLYPORT_TRY(auto place, rows::read_index_key(view(row->key())));
    SALLYPORT_TRY(auto index, rows::read_index(view(row->value())));
    auto row_end = place.base + static_cast<std::int64_t>(index.count);
    bool too_old =
      bounds.retention_age > duration{0} && index.appended + bounds.retention_age <= now;
    bool too_much =
      bounds.retention_bytes > 0 && left > bounds.retention_bytes && row_end < range.end;
    step.more = rows_dropped == rows_a_write_max;
    if (row_end > unread || (!too_old && !too_much) || step.more)
      break;
    composed = batch.Delete(meta, row->key());
    end = row_end;
    bytes += index.bytes;
    left -= std::min(left, index.bytes);
    ++rows_dropped;
  }
  if (composed.ok())
    composed = row->status();
  if (composed.ok() && end > range.begin)
    composed = batch.DeleteRange(database_.handle(column::log),
                                 rows::log_key(topic.place(partition, range.begin)),
                                 rows::log_key(topic.place(partition, end)));
  if (composed.ok() && end > range.begin)
    composed = batch.Put(meta, rows::begin_key(topic.id, partition), rows::put_offset(end));
  if (!composed.ok())
    return fail(database_.to_error(composed, "dropping old records in"));
  if (end == range.begin)
    return step;
  SALLYPORT_CHECK(database_.write(batch, options_.sync));
  std::unique_lock lock{topics_guard_};
  state.range.begin = end;
  if (state.bytes)
    state.bytes = left;
  state.dropped_bytes += bytes;
  step.records = static_cast<std::uint64_t>(end - range.begin);
  return step;
}

result<std::int64_t> embedded_log::unread_from(const topic_state& topic, std::uint32_t partition,
                                               const offset_range& range) const {
  auto from = rows::positions_of(topic.id);
  auto to = after_prefix(from);
  rocksdb::Slice bound{to};
  std::set<std::string> applications;
  std::map<std::string, std::int64_t> here;
  auto row = small_rows(database_, from, bound);
  for (; row->Valid(); row->Next()) {
    SALLYPORT_TRY(auto place, rows::read_position_key(view(row->key())));
    applications.insert(place.application);
    if (place.partition != partition)
      continue;
    SALLYPORT_TRY(auto next, rows::read_offset(view(row->value())));
    here.emplace(place.application, next);
  }
  if (!row->status().ok())
    return fail(database_.to_error(row->status(), "reading positions in"));
  auto unread = range.end;
  for (const auto& application : applications) {
    // Who reads the topic but has no position here has read nothing here.
    auto found = here.find(application);
    unread = std::min(unread, found == here.end() ? range.begin : found->second);
  }
  return unread;
}

result<std::uint64_t> embedded_log::bytes_of(const topic_state& topic, std::uint32_t partition,
                                             std::int64_t begin) const {
  auto from = rows::index_key(topic.place(partition, begin));
  auto to = after_prefix(std::string_view{from}.substr(0, from.size() - sizeof(begin)));
  rocksdb::Slice bound{to};
  std::uint64_t bytes = 0;
  auto row = small_rows(database_, from, bound);
  for (; row->Valid(); row->Next()) {
    SALLYPORT_TRY(auto index, rows::read_index(view(row->value())));
    bytes += index.bytes;
  }
  if (!row->status().ok())
    return fail(database_.to_error(row->status(), "reading the log in"));
  return bytes;
}

status embedded_log::forget_keys(wall_time now) {
  std::string from{rows::idempotency_times};
  auto to = rows::idempotency_time_end(now - checks::idempotency_kept_for + duration{1});
  rocksdb::Slice bound{to};
  for (bool more = true; more;) {
    more = false;
    std::lock_guard writing{write_guard_};
    rocksdb::WriteBatch batch;
    auto* meta = database_.handle(column::log_meta);
    rocksdb::Status composed;
    auto row = small_rows(database_, from, bound);
    for (; row->Valid() && composed.ok() && !more; row->Next()) {
      SALLYPORT_TRY(auto place, rows::read_idempotency_time_key(view(row->key())));
      composed = batch.Delete(meta, rows::idempotency_key(place.topic, place.key));
      if (composed.ok())
        composed = batch.Delete(meta, row->key());
      more = batch.Count() >= rows_a_write_max;
    }
    if (composed.ok())
      composed = row->status();
    if (!composed.ok())
      return fail(database_.to_error(composed, "forgetting idempotency keys in"));
    if (batch.Count() > 0)
      SALLYPORT_CHECK(database_.write(batch, options_.sync));
  }
  return {};
}

status embedded_log::free_disk(const topic_state& topic, std::uint32_t partition,
                               std::int64_t begin, std::int64_t end) const {
  auto from = rows::log_key(topic.place(partition, begin));
  auto to = rows::log_key(topic.place(partition, end));
  rocksdb::Slice first{from};
  rocksdb::Slice last{to};
  auto* log = database_.handle(column::log);
  rocksdb::RangePtr range{&first, &last};
  auto freed = rocksdb::DeleteFilesInRanges(&database_.db(), log, &range, 1, false);
  rocksdb::CompactRangeOptions how;
  how.exclusive_manual_compaction = false;
  how.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  if (freed.ok())
    freed = database_.db().CompactRange(how, log, &first, &last);
  if (!freed.ok())
    return fail(database_.to_error(freed, "freeing the disk of"));
  return {};
}

} // namespace sallyport
