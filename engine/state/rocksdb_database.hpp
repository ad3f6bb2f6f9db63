#pragma once

#include "engine/state/store.hpp"

#include <atomic>
#include <filesystem>

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Snapshot;
class Status;
class WriteBatch;
} // namespace rocksdb

namespace sallyport {

/// The one database of an instance, in its state folder.
///
/// Problem: log and state must change in one atomic, durable step. Idea: both are column families
/// of one RocksDB database and one write batch of it is the commit. Rows of the log and the journal
/// are big, so they lie in blob files and are not rewritten by compaction; state rows are small
/// and lie in sorted tables with bloom filters.
///
/// Thread safety: all functions may be called from any thread.
///
/// Invariants:
/// 1. One process has a folder open for writing.
/// 2. A folder belongs to one application and one format for ever.
/// 3. After a write that failed (disk full) later writes are tried anew; none is half done.
class rocksdb_database {
public:
  /// The form of all rows together. A folder of another one is refused.
  static constexpr std::uint32_t state_format = 2;

  enum class column : std::uint8_t { state, journal, meta, log, log_meta };
  static constexpr std::size_t column_count = 5;

  struct options {
    std::filesystem::path folder;
    bool create_if_missing = true;
    /// Sees what was there when it was opened; another process may go on writing.
    bool read_only = false;
    std::size_t block_cache_bytes = 64U << 20U;
  };

  struct column_statistics {
    std::string name;
    std::uint64_t table_bytes = 0; ///< sorted tables
    std::uint64_t blob_bytes = 0;  ///< blob files, with what is garbage in them
    std::uint64_t memory_bytes = 0;
    std::uint64_t pending_compaction_bytes = 0;

    [[nodiscard]] std::uint64_t total() const noexcept {
      return table_bytes + blob_bytes + memory_bytes;
    }
  };

  /// For the metrics.
  struct statistics {
    std::vector<column_statistics> columns;
    std::uint64_t running_flushes = 0;
    std::uint64_t running_compactions = 0;
    std::uint64_t block_cache_bytes = 0;
    bool write_stalled = false; ///< writes are slowed down or stopped; hold input back
  };

  [[nodiscard]] static result<std::unique_ptr<rocksdb_database>> open(const options& options);
  ~rocksdb_database();
  rocksdb_database(const rocksdb_database&) = delete;
  rocksdb_database& operator=(const rocksdb_database&) = delete;

  /// Makes the folder the application's own, or checks that it is.
  [[nodiscard]] status claim(std::string_view application, std::uint32_t format = state_format);

  struct identity {
    std::string application;
    std::uint32_t format = 0;
  };
  /// Whose the folder is; an error if it has no owner yet.
  [[nodiscard]] result<identity> owner() const;

  /// Makes the folder `to` with the rows of one moment, whatever is written meanwhile. It shares
  /// files with this one where it can, so it must be copied to be safe from a broken disk.
  [[nodiscard]] status checkpoint(const std::filesystem::path& to) const;

  [[nodiscard]] statistics stats() const;
  [[nodiscard]] std::uint64_t size_bytes(column of) const;
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  // -- for the classes that put their rows in it ----------------------------------------------

  [[nodiscard]] rocksdb::DB& db() const noexcept { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(column of) const noexcept {
    return handles_[static_cast<std::size_t>(of)];
  }
  /// Adds the changes of a store to a write.
  [[nodiscard]] status add(rocksdb::WriteBatch& to, const store_batch& changes) const;
  [[nodiscard]] status write(rocksdb::WriteBatch& batch, bool sync);
  /// The row, if it is there; as of `at` if that is given.
  [[nodiscard]] result<std::optional<std::string>> get(column from, std::string_view key,
                                                       const rocksdb::Snapshot* at = nullptr) const;
  /// What RocksDB says, as an error of ours. It names no key.
  [[nodiscard]] error to_error(const rocksdb::Status& status, std::string_view doing) const;

private:
  rocksdb_database() = default;

  std::filesystem::path folder_;
  bool read_only_ = false;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_; ///< in the order of `column`
  rocksdb::ColumnFamilyHandle* default_handle_ = nullptr;
  std::atomic<bool> write_failed_{false};
};

} // namespace sallyport
