#pragma once

#include "engine/log/log.hpp"

/// What every log refuses, and the words it does so with.
namespace sallyport::checks {

inline constexpr std::size_t topic_name_max = 249; ///< as Kafka
inline constexpr std::uint32_t partitions_max = 4096;
inline constexpr std::size_t idempotency_key_max = 1024;

/// How long a log remembers an idempotency key.
inline constexpr duration idempotency_kept_for = std::chrono::hours{24};

/// The bytes of a record that count against `read_limits::bytes_max` and retention.
[[nodiscard]] std::size_t size_of(const record& rec) noexcept;

/// A topic's name, number of partitions and retention are possible.
[[nodiscard]] status topic(const topic_config& topic);
/// A topic that is there may be made again with this config.
[[nodiscard]] status same_topic(const topic_config& present, const topic_config& wanted);
/// The partition exists; `topic` is null if the topic does not.
[[nodiscard]] status partition(const topic_config* topic, const partition_id& of);
/// A read from `from` has not lost records.
[[nodiscard]] status not_below_begin(const partition_id& of, std::int64_t from, std::int64_t begin);
/// A position does not skip records that will come.
[[nodiscard]] status position(const log_position& position, std::int64_t end);
[[nodiscard]] status application(std::string_view name);
[[nodiscard]] status idempotency_key(std::string_view key);

} // namespace sallyport::checks
