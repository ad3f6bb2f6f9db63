#include "engine/log/checks.hpp"

#include <algorithm>

namespace sallyport::checks {

namespace {

std::string named(const partition_id& of) {
  return "topic '" + of.topic + "' partition " + std::to_string(of.partition);
}

bool allowed_in_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

} // namespace

std::size_t size_of(const record& rec) noexcept {
  auto size = rec.key.size() + rec.value.size();
  for (const auto& h : rec.headers)
    size += h.name.size() + h.value.size();
  return size;
}

status topic(const topic_config& topic) {
  const auto& name = topic.name;
  if (name.empty() || name.size() > topic_name_max || !std::ranges::all_of(name, allowed_in_name))
    return fail(error::user(errc::invalid_config,
                            "a topic cannot be called '" + name.substr(0, topic_name_max) +
                              "': a name has 1 to " + std::to_string(topic_name_max) +
                              " letters, digits, '.', '_' or '-'"));
  if (topic.partitions == 0 || topic.partitions > partitions_max)
    return fail(error::user(errc::invalid_config,
                            "topic '" + name + "' cannot have " + std::to_string(topic.partitions) +
                              " partitions: 1 to " + std::to_string(partitions_max)));
  if (topic.retention_age < duration{0})
    return fail(error::user(errc::invalid_config,
                            "topic '" + name + "' has a negative retention; 0 means no bound"));
  return {};
}

status same_topic(const topic_config& present, const topic_config& wanted) {
  if (present.partitions == wanted.partitions)
    return {};
  return fail(error::user(
    errc::already_exists,
    "topic '" + present.name + "' has " + std::to_string(present.partitions) +
      " partitions and cannot be given " + std::to_string(wanted.partitions) +
      ": keys would move between partitions. Keep the number, or use another topic name"));
}

status partition(const topic_config* topic, const partition_id& of) {
  if (topic == nullptr)
    return fail(error::user(errc::not_found, "there is no topic '" + of.topic + "'"));
  if (of.partition >= topic->partitions)
    return fail(error::user(errc::not_found, "there is no " + named(of) + ": the topic has " +
                                               std::to_string(topic->partitions) +
                                               ", counted from 0"));
  return {};
}

status not_below_begin(const partition_id& of, std::int64_t from, std::int64_t begin) {
  if (from >= begin)
    return {};
  return fail(error::user(errc::out_of_range, named(of) + " begins at offset " +
                                                std::to_string(begin) + "; offset " +
                                                std::to_string(from) + " is gone"));
}

status position(const log_position& position, std::int64_t end) {
  if (position.next >= 0 && position.next <= end)
    return {};
  return fail(error::user(errc::out_of_range, "a position of " + std::to_string(position.next) +
                                                " in " + named(position.from) +
                                                " is not within 0 and the end, " +
                                                std::to_string(end)));
}

status application(std::string_view name) {
  if (!name.empty())
    return {};
  return fail(
    error::user(errc::invalid_config, "positions are kept by application, and it has no name"));
}

status idempotency_key(std::string_view key) {
  if (!key.empty() && key.size() <= idempotency_key_max)
    return {};
  return fail(error::data("an idempotency key has 1 to " + std::to_string(idempotency_key_max) +
                          " bytes, this one " + std::to_string(key.size())));
}

} // namespace sallyport::checks
