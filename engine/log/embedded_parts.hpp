#pragma once

#include "engine/log/embedded_log.hpp"
#include "engine/log/embedded_rows.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

/// What the embedded log keeps in memory: for its own source files.
namespace sallyport {

using column = rocksdb_database::column;

/// Waiting writers are written together up to about so many bytes.
inline constexpr std::size_t group_bytes_max = 8U << 20U;
/// One commit; RocksDB ends at 4 GiB.
inline constexpr std::size_t commit_bytes_max = 1U << 30U;

/// Where reading of a row stopped.
struct embedded_log::cursor {
  std::int64_t next = 0; ///< the offset of the first record in `rest`
  std::int64_t end = 0;  ///< of the row
  std::shared_ptr<const void> owner;
  std::string_view rest;
};

struct embedded_log::partition_state {
  offset_range range;
  /// Bytes of its rows: counted by the first retention that asks, and kept up from then on.
  std::optional<std::uint64_t> bytes;
  /// A row that the last read did not finish, so that a sequential reader decodes each row once.
  std::optional<cursor> unfinished;
  /// Dropped, but perhaps still on disk.
  std::int64_t dropped_from = 0;
  std::uint64_t dropped_bytes = 0;
};

struct embedded_log::topic_state {
  std::uint32_t id = 0;
  topic_config config;
  std::vector<partition_state> partitions;
  std::mutex cursors_guard; ///< for `unfinished`

  [[nodiscard]] rows::row_place place(std::uint32_t partition, std::int64_t base) const {
    return {id, partition, base};
  }
};

/// Encoded records of one partition.
struct embedded_log::chunk {
  std::uint64_t count = 0;
  std::string records;
};

/// What one caller wants to be written.
struct embedded_log::request {
  struct encoded {
    const partition_id* to = nullptr;
    std::int64_t count = 0;
    std::vector<chunk> chunks;
  };

  /// Encodes on the caller's thread, so that writers do so side by side.
  void encode(const log_append& append);

  std::vector<encoded> appends;
  const log_commit* commit = nullptr; ///< for its positions and state; null: an append
  std::optional<std::string_view> key;
  std::size_t bytes = 0;

  status outcome;
  std::int64_t first = 0; ///< the offset of the first record of an append
  bool repeated = false;  ///< the key was used before: nothing is written
  bool done = false;
};

struct embedded_log::trimmed {
  std::uint64_t records = 0;
  bool more = false;
};

} // namespace sallyport
