#include "engine/log/embedded_group.hpp"

#include "engine/log/checks.hpp"

#include <array>

namespace sallyport {

namespace {

/// The buffer of a write is kept for the next one unless it grew beyond this.
constexpr std::size_t kept_buffer_bytes_max = 2 * group_bytes_max;

/// At most so many bytes stand in a row beside the payload of a record.
std::size_t encoded_bytes_max(const record& rec) {
  constexpr std::size_t varint = 10;
  return checks::size_of(rec) + 4 * varint + 2 * varint * rec.headers.size();
}

rocksdb::Slice slice(std::string_view view) { return {view.data(), view.size()}; }

} // namespace

void embedded_log::request::encode(const log_append& append) {
  encoded added;
  added.to = &append.to;
  added.count = static_cast<std::int64_t>(append.records.size());
  for (auto first = append.records.begin(); first != append.records.end();) {
    std::size_t reserved = 0;
    chunk made;
    auto last = first;
    for (; last != append.records.end() && made.count < rows::records_max; ++last, ++made.count) {
      auto more = encoded_bytes_max(*last);
      if (made.count > 0 && reserved + more > rows::bytes_max)
        break;
      reserved += more;
    }
    made.records.reserve(reserved);
    for (; first != last; ++first)
      binary::put_record(made.records, *first);
    bytes += made.records.size();
    added.chunks.push_back(std::move(made));
  }
  appends.push_back(std::move(added));
}

void embedded_log::group_write::begin(wall_time now) {
  now_ = now;
  targets_.clear();
  keys_.clear();
  broken_ = {};
  if (batch_.GetDataSize() > kept_buffer_bytes_max)
    batch_ = rocksdb::WriteBatch{};
  else
    batch_.Clear();
}

// -- taking in ------------------------------------------------------------------------------------

result<embedded_log::group_write::target*>
embedded_log::group_write::target_of(const partition_id& of) {
  if (auto found = targets_.find(of); found != targets_.end())
    return &found->second;
  SALLYPORT_TRY(auto* topic, log_.topic_of(of));
  target added;
  added.topic = topic;
  added.partition = of.partition;
  added.end = topic->partitions[of.partition].range.end;
  return &targets_.emplace(of, std::move(added)).first->second;
}

status embedded_log::group_write::add(request& wanted) {
  for (const auto& append : wanted.appends)
    SALLYPORT_CHECK(target_of(*append.to));
  SALLYPORT_CHECK(check_positions(wanted));
  if (wanted.key) {
    SALLYPORT_TRY(wanted.repeated, find_key(wanted));
    if (wanted.repeated)
      return {};
  }
  // From here on a failure is RocksDB's and fails the whole write.
  if (broken_ && wanted.commit != nullptr) {
    broken_ = log_.database_.add(batch_, wanted.commit->state);
    if (broken_)
      broken_ = put_positions(*wanted.commit);
  }
  for (const auto& append : wanted.appends) {
    auto& to = targets_.at(*append.to);
    wanted.first = to.end;
    place(to, append);
  }
  if (broken_ && wanted.key)
    broken_ = put_key(wanted);
  return {};
}

status embedded_log::group_write::check_positions(const request& wanted) {
  if (wanted.commit == nullptr || wanted.commit->positions.empty())
    return {};
  SALLYPORT_CHECK(checks::application(wanted.commit->application));
  for (const auto& position : wanted.commit->positions) {
    SALLYPORT_TRY(const auto* from, target_of(position.from));
    auto end = from->end;
    for (const auto& append : wanted.appends)
      if (*append.to == position.from)
        end += append.count;
    SALLYPORT_CHECK(checks::position(position, end));
  }
  return {};
}

result<bool> embedded_log::group_write::find_key(request& wanted) {
  auto id = targets_.at(*wanted.appends.front().to).topic->id;
  if (auto found = keys_.find({id, std::string{*wanted.key}}); found != keys_.end()) {
    wanted.first = found->second;
    return true;
  }
  SALLYPORT_TRY(auto row,
                log_.database_.get(column::log_meta, rows::idempotency_key(id, *wanted.key)));
  if (!row)
    return false;
  SALLYPORT_TRY(auto seen, rows::read_key(*row));
  wanted.first = seen.first;
  return true;
}

status embedded_log::group_write::put_key(const request& wanted) {
  auto id = targets_.at(*wanted.appends.front().to).topic->id;
  keys_.emplace(std::pair{id, std::string{*wanted.key}}, wanted.first);
  SALLYPORT_CHECK(
    put_meta(rows::idempotency_key(id, *wanted.key), rows::put_key({wanted.first, now_})));
  return put_meta(rows::idempotency_time_key(now_, id, *wanted.key), rows::put_offset(0));
}

void embedded_log::group_write::place(target& to, const request::encoded& records) {
  for (const auto& part : records.chunks) {
    bool fits = !to.rows.empty() && to.rows.back().count + part.count <= rows::records_max &&
                to.rows.back().bytes + part.records.size() <= rows::bytes_max;
    if (!fits) {
      to.rows.emplace_back();
      to.rows.back().base = to.end;
    }
    auto& into = to.rows.back();
    into.count += part.count;
    into.bytes += part.records.size();
    into.bodies.push_back(part.records);
    to.end += static_cast<std::int64_t>(part.count);
    to.bytes += part.records.size();
  }
}

// -- writing --------------------------------------------------------------------------------------

status embedded_log::group_write::put_meta(const std::string& key, const std::string& value) {
  auto put = batch_.Put(log_.database_.handle(column::log_meta), key, value);
  if (!put.ok())
    return fail(log_.database_.to_error(put, "composing a write to"));
  return {};
}

status embedded_log::group_write::put_positions(const log_commit& commit) {
  for (const auto& position : commit.positions) {
    auto id = targets_.at(position.from).topic->id;
    SALLYPORT_CHECK(put_meta(rows::position_key(id, position.from.partition, commit.application),
                             rows::put_offset(position.next)));
  }
  return {};
}

status embedded_log::group_write::put_rows(const target& from) {
  for (const auto& made : from.rows) {
    auto place = from.topic->place(from.partition, made.base);
    auto key = rows::log_key(place);
    auto head = rows::put_log_head(made.count, now_);
    rocksdb::Slice key_part{key};
    std::vector<rocksdb::Slice> value_parts{slice(head)};
    for (auto body : made.bodies)
      value_parts.push_back(slice(body));
    auto put =
      batch_.Put(log_.database_.handle(column::log), rocksdb::SliceParts{&key_part, 1},
                 rocksdb::SliceParts{value_parts.data(), static_cast<int>(value_parts.size())});
    if (!put.ok())
      return fail(log_.database_.to_error(put, "composing a write to"));
    SALLYPORT_CHECK(
      put_meta(rows::index_key(place), rows::put_index({made.count, made.bytes, now_})));
  }
  return {};
}

status embedded_log::group_write::write() {
  SALLYPORT_CHECK(broken_);
  for (const auto& [of, to] : targets_)
    SALLYPORT_CHECK(put_rows(to));
  if (batch_.Count() == 0)
    return {};
  SALLYPORT_CHECK(log_.database_.write(batch_, log_.options_.sync));
  publish();
  return {};
}

void embedded_log::group_write::publish() {
  std::unique_lock lock{log_.topics_guard_};
  for (const auto& [of, to] : targets_) {
    auto& state = to.topic->partitions[to.partition];
    state.range.end = to.end;
    if (state.bytes)
      *state.bytes += to.bytes;
  }
}

} // namespace sallyport
