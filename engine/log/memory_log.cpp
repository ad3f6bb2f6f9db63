#include "engine/log/memory_log.hpp"

#include "engine/core/assert.hpp"
#include "engine/log/checks.hpp"

#include <algorithm>

namespace sallyport {

// -- topics ---------------------------------------------------------------------------------------

status memory_log::create_topic(const topic_config& topic) {
  SALLYPORT_CHECK(checks::topic(topic));
  std::lock_guard lock{guard_};
  if (auto found = topics_.find(topic.name); found != topics_.end()) {
    SALLYPORT_CHECK(checks::same_topic(found->second.config, topic));
    found->second.config = topic;
    return {};
  }
  auto& added = topics_[topic.name];
  added.config = topic;
  added.partitions.resize(topic.partitions);
  return {};
}

std::vector<topic_config> memory_log::topics() const {
  std::lock_guard lock{guard_};
  std::vector<topic_config> all;
  for (const auto& [name, topic] : topics_)
    all.push_back(topic.config);
  return all;
}

std::optional<topic_config> memory_log::find_topic(std::string_view name) const {
  std::lock_guard lock{guard_};
  auto found = topics_.find(name);
  if (found == topics_.end())
    return std::nullopt;
  return found->second.config;
}

result<const memory_log::topic_rows*> memory_log::topic_of(const partition_id& of) const {
  auto found = topics_.find(of.topic);
  const auto* topic = found == topics_.end() ? nullptr : &found->second;
  SALLYPORT_CHECK(checks::partition(topic == nullptr ? nullptr : &topic->config, of));
  return topic;
}

memory_log::topic_rows& memory_log::existing(const partition_id& of) {
  auto found = topics_.find(of.topic);
  SALLYPORT_ASSERT(found != topics_.end() && of.partition < found->second.partitions.size());
  return found->second;
}

// -- reading --------------------------------------------------------------------------------------

result<offset_range> memory_log::offsets(const partition_id& of) const {
  std::lock_guard lock{guard_};
  SALLYPORT_TRY(const auto* topic, topic_of(of));
  const auto& rows = topic->partitions[of.partition];
  return offset_range{rows.begin, rows.end()};
}

result<std::vector<log_record>> memory_log::read(const partition_id& of, std::int64_t from,
                                                 const read_limits& limits) const {
  std::lock_guard lock{guard_};
  SALLYPORT_TRY(const auto* topic, topic_of(of));
  const auto& rows = topic->partitions[of.partition];
  SALLYPORT_CHECK(checks::not_below_begin(of, from, rows.begin));
  std::vector<log_record> records;
  std::size_t bytes = 0;
  for (auto at = from; at < rows.end() && records.size() < limits.records_max; ++at) {
    const auto& rec = rows.entries[static_cast<std::size_t>(at - rows.begin)].rec;
    bytes += checks::size_of(rec);
    if (!records.empty() && bytes > limits.bytes_max)
      break;
    records.push_back({at, rec});
  }
  return records;
}

result<std::optional<std::int64_t>> memory_log::position(std::string_view application,
                                                         const partition_id& of) const {
  std::lock_guard lock{guard_};
  SALLYPORT_TRY(const auto* topic, topic_of(of));
  auto mine = topic->positions.find(application);
  if (mine == topic->positions.end())
    return std::nullopt;
  auto found = mine->second.find(of.partition);
  if (found == mine->second.end())
    return std::nullopt;
  return found->second;
}

std::uint64_t memory_log::size_bytes() const {
  std::lock_guard lock{guard_};
  std::uint64_t size = 0;
  for (const auto& [name, topic] : topics_)
    for (const auto& rows : topic.partitions)
      size += rows.bytes;
  return size;
}

// -- writing --------------------------------------------------------------------------------------

void memory_log::add(const log_append& records) {
  auto& rows = existing(records.to).partitions[records.to.partition];
  auto now = clock_.now();
  for (const auto& rec : records.records) {
    rows.bytes += checks::size_of(rec);
    rows.entries.push_back({rec, now});
  }
}

result<std::int64_t> memory_log::append(const log_append& records,
                                        std::optional<std::string_view> idempotency_key) {
  std::int64_t first = 0;
  {
    std::lock_guard lock{guard_};
    SALLYPORT_TRY(const auto* topic, topic_of(records.to));
    first = topic->partitions[records.to.partition].end();
    if (records.records.empty())
      return first;
    if (idempotency_key) {
      SALLYPORT_CHECK(checks::idempotency_key(*idempotency_key));
      if (auto seen = topic->keys.find(*idempotency_key); seen != topic->keys.end())
        return seen->second.first;
      existing(records.to).keys.emplace(*idempotency_key, seen_key{first, clock_.now()});
    }
    add(records);
  }
  listeners_.notify(std::span{&records.to, 1});
  return first;
}

status memory_log::check(const log_commit& commit) const {
  std::map<partition_id, std::int64_t> ends;
  auto end_of = [&](const partition_id& of) -> result<std::int64_t*> {
    SALLYPORT_TRY(const auto* topic, topic_of(of));
    auto [found, added] = ends.try_emplace(of, topic->partitions[of.partition].end());
    return &found->second;
  };
  for (const auto& append : commit.appends) {
    SALLYPORT_TRY(auto* end, end_of(append.to));
    *end += static_cast<std::int64_t>(append.records.size());
  }
  if (!commit.positions.empty())
    SALLYPORT_CHECK(checks::application(commit.application));
  for (const auto& position : commit.positions) {
    SALLYPORT_TRY(auto* end, end_of(position.from));
    SALLYPORT_CHECK(checks::position(position, *end));
  }
  return {};
}

status memory_log::commit(const log_commit& commit) {
  std::vector<partition_id> appended;
  {
    std::lock_guard lock{guard_};
    if (injected_) {
      auto why = std::move(*injected_);
      injected_.reset();
      return fail(std::move(why));
    }
    SALLYPORT_CHECK(check(commit));
    SALLYPORT_CHECK(state_.write(commit.state, true));
    for (const auto& append : commit.appends) {
      add(append);
      if (!append.records.empty())
        appended.push_back(append.to);
    }
    for (const auto& position : commit.positions)
      existing(position.from).positions[commit.application][position.from.partition] =
        position.next;
  }
  std::ranges::sort(appended);
  appended.erase(std::ranges::unique(appended).begin(), appended.end());
  listeners_.notify(appended);
  return {};
}

void memory_log::inject_commit_failure(error why) {
  std::lock_guard lock{guard_};
  injected_ = std::move(why);
}

// -- retention ------------------------------------------------------------------------------------

std::int64_t memory_log::unread_from(const topic_rows& topic, std::uint32_t partition) {
  const auto& rows = topic.partitions[partition];
  auto lowest = rows.end();
  for (const auto& [application, positions] : topic.positions) {
    auto found = positions.find(partition);
    lowest = std::min(lowest, found == positions.end() ? rows.begin : found->second);
  }
  return lowest;
}

std::uint64_t memory_log::trim(topic_rows& topic, std::uint32_t partition, wall_time now) {
  auto& rows = topic.partitions[partition];
  const auto& bounds = topic.config;
  auto unread = unread_from(topic, partition);
  std::uint64_t dropped = 0;
  while (!rows.entries.empty() && rows.begin < unread) {
    const auto& oldest = rows.entries.front();
    bool too_old =
      bounds.retention_age > duration{0} && oldest.appended + bounds.retention_age <= now;
    bool too_much =
      bounds.retention_bytes > 0 && rows.bytes > bounds.retention_bytes && rows.entries.size() > 1;
    if (!too_old && !too_much)
      break;
    rows.bytes -= checks::size_of(oldest.rec);
    rows.entries.pop_front();
    ++rows.begin;
    ++dropped;
  }
  return dropped;
}

result<std::uint64_t> memory_log::retain(wall_time now) {
  std::lock_guard lock{guard_};
  std::uint64_t dropped = 0;
  for (auto& [name, topic] : topics_) {
    for (std::uint32_t partition = 0; partition < topic.config.partitions; ++partition)
      dropped += trim(topic, partition, now);
    std::erase_if(topic.keys, [&](const auto& key) {
      return key.second.at + checks::idempotency_kept_for <= now;
    });
  }
  return dropped;
}

// -- listeners ------------------------------------------------------------------------------------

std::uint64_t memory_log::subscribe(listener on_append) {
  return listeners_.subscribe(std::move(on_append));
}

void memory_log::unsubscribe(std::uint64_t handle) { listeners_.unsubscribe(handle); }

} // namespace sallyport
