#pragma once

#include "engine/core/binary.hpp"
#include "engine/log/log.hpp"

/// The rows of the embedded log. Two column families hold them:
///
/// `log`:      topic id be32, partition be32, base offset be64
///             -> version, append time, count, the records
/// `log_meta`: 'b' topic id, partition                   -> the partition's begin
///             'i' topic id, idempotency key              -> its first offset and time
///             'k' time, topic id, idempotency key        -> (to forget keys by age)
///             'p' topic id, partition, application       -> a position
///             'r' the key of a row of `log`              -> count, bytes, append time of that row
///             't' topic name                             -> id, partitions, retention
///
/// Every value starts with a version.
namespace sallyport::rows {

inline constexpr std::uint8_t version = 1;

/// A row holds at most so many records, and more bytes than this only if it is one record.
inline constexpr std::size_t records_max = 1024;
inline constexpr std::size_t bytes_max = 1U << 20U;

struct topic_row {
  std::uint32_t id = 0;
  topic_config config;
};

struct index_row {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  wall_time appended;
};

struct key_row {
  std::int64_t first = 0;
  wall_time at;
};

struct row_place {
  std::uint32_t topic = 0;
  std::uint32_t partition = 0;
  std::int64_t base = 0;
};

// -- keys -----------------------------------------------------------------------------------------

[[nodiscard]] std::string log_key(const row_place& place);
[[nodiscard]] std::string begin_key(std::uint32_t topic, std::uint32_t partition);
[[nodiscard]] std::string idempotency_key(std::uint32_t topic, std::string_view key);
[[nodiscard]] std::string idempotency_time_key(wall_time at, std::uint32_t topic,
                                               std::string_view key);
[[nodiscard]] std::string idempotency_time_end(wall_time before);
[[nodiscard]] std::string position_key(std::uint32_t topic, std::uint32_t partition,
                                       std::string_view application);
[[nodiscard]] std::string positions_of(std::uint32_t topic);
[[nodiscard]] std::string index_key(const row_place& place);
[[nodiscard]] std::string topic_key(std::string_view name);

inline constexpr std::string_view idempotency_times = "k";
inline constexpr std::string_view topics = "t";

// -- values ---------------------------------------------------------------------------------------

[[nodiscard]] std::string put_offset(std::int64_t offset);
[[nodiscard]] std::string put_topic(const topic_row& row);
[[nodiscard]] std::string put_index(const index_row& row);
[[nodiscard]] std::string put_key(const key_row& row);
/// What stands before the records of a row of `log`.
[[nodiscard]] std::string put_log_head(std::uint64_t count, wall_time appended);

[[nodiscard]] result<std::int64_t> read_offset(std::string_view value);
[[nodiscard]] result<topic_row> read_topic(std::string_view key, std::string_view value);
[[nodiscard]] result<index_row> read_index(std::string_view value);
[[nodiscard]] result<key_row> read_key(std::string_view value);
/// Reads the head of a row of `log`. @returns how many records follow
[[nodiscard]] result<std::uint64_t> read_log_head(binary::reader& in);

[[nodiscard]] result<row_place> read_index_key(std::string_view key);
struct position_place {
  std::uint32_t partition = 0;
  std::string application;
};
[[nodiscard]] result<position_place> read_position_key(std::string_view key);
struct idempotency_place {
  std::uint32_t topic = 0;
  std::string key;
};
[[nodiscard]] result<idempotency_place> read_idempotency_time_key(std::string_view key);

[[nodiscard]] error damaged();

} // namespace sallyport::rows
