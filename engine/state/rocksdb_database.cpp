#include "engine/state/rocksdb_database.hpp"

#include "engine/core/binary.hpp"

#include <array>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

namespace sallyport {

namespace {

using column = rocksdb_database::column;

constexpr std::size_t mebibyte = 1U << 20U;

/// A quiet column family would keep the whole write-ahead log, and a restart replays it.
constexpr std::uint64_t wal_bytes_max = 128 * mebibyte;
/// What all write buffers together may take before one is flushed.
constexpr std::size_t write_buffers_bytes_max = 64 * mebibyte;
constexpr std::size_t big_write_buffer_bytes = 32 * mebibyte;
constexpr std::size_t small_write_buffer_bytes = 4 * mebibyte;
/// Values from this size on lie in blob files.
constexpr std::uint64_t blob_bytes_min = 4096;
constexpr std::uint64_t blob_file_bytes_max = 64 * mebibyte;
/// Blob files of the older half are rewritten when more than half of them is garbage.
constexpr double blob_garbage_age_cutoff = 0.5;
constexpr double blob_garbage_ratio_max = 0.5;
/// Files that are held open: well below the usual limit of 1,024 for a process.
constexpr int open_files_max = 400;
constexpr double bloom_bits_per_key = 10;
constexpr std::size_t table_block_bytes = 16U * 1024U;
/// State is read row by row in no order, so each read brings little that nobody asked for.
constexpr std::size_t state_block_bytes = 4U * 1024U;
/// A value of a state row from this size on is written once and not again by each compaction.
constexpr std::uint64_t state_blob_bytes_min = 512;

constexpr std::array<std::string_view, rocksdb_database::column_count> column_names{
  "state", "journal", "meta", "log", "log_meta"};

/// As long as the names of lane, stage and kind that a row's key begins with, more or less.
constexpr std::size_t hint_prefix_bytes = 20;

constexpr std::string_view identity_key = "folder.identity";
constexpr std::uint8_t identity_version = 1;

rocksdb::Slice slice(std::string_view view) { return {view.data(), view.size()}; }

rocksdb::DBOptions database_options(const rocksdb_database::options& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = options.create_if_missing;
  db.create_missing_column_families = true;
  db.max_total_wal_size = wal_bytes_max;
  db.db_write_buffer_size = write_buffers_bytes_max;
  db.max_background_jobs = 2;
  db.max_open_files = open_files_max;
  db.max_manifest_file_size = 32 * mebibyte;
  db.bytes_per_sync = mebibyte;
  db.avoid_unnecessary_blocking_io = true;
  db.allow_concurrent_memtable_write = false; // one writer at a time, who inserts by hints
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.keep_log_file_num = 3;
  db.max_log_file_size = 8 * mebibyte;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

void use_blob_files(rocksdb::ColumnFamilyOptions& family, std::uint64_t from) {
  family.enable_blob_files = true;
  family.min_blob_size = from;
  family.blob_file_size = blob_file_bytes_max;
  family.enable_blob_garbage_collection = true;
  family.blob_garbage_collection_age_cutoff = blob_garbage_age_cutoff;
  family.blob_garbage_collection_force_threshold = blob_garbage_ratio_max;
}

rocksdb::ColumnFamilyOptions family_options(column of,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = of == column::state ? state_block_bytes : table_block_bytes;
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(bloom_bits_per_key));

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.level_compaction_dynamic_level_bytes = true;
  // The upper levels are rewritten soon, so compression pays in the lower ones only.
  family.compression_per_level = {rocksdb::kNoCompression, rocksdb::kNoCompression,
                                  rocksdb::kLZ4Compression};
  family.write_buffer_size = big_write_buffer_bytes;
  family.max_write_buffer_number = 3;
  switch (of) {
  case column::state:
    use_blob_files(family, state_blob_bytes_min);
    family.memtable_whole_key_filtering = true;
    family.memtable_prefix_bloom_size_ratio = 0.02;
    // A commit brings the rows of a stage in order: each is put down behind the one before.
    family.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewCappedPrefixTransform(hint_prefix_bytes));
    break;
  case column::journal:
  case column::log: use_blob_files(family, blob_bytes_min); break;
  case column::meta:
  case column::log_meta: family.write_buffer_size = small_write_buffer_bytes; break;
  }
  return family;
}

error folder_error(errc code, retry_hint retry, const std::filesystem::path& folder,
                   std::string_view what) {
  return {code, error_domain::user, retry,
          "the state folder " + folder.string() + " " + std::string{what}};
}

/// RocksDB tells only by its message that the lock is taken.
bool says_locked(const rocksdb::Status& status) {
  return status.IsIOError() && (status.ToString().find("LOCK") != std::string::npos ||
                                status.ToString().find("lock hold") != std::string::npos);
}

status prepare_folder(const rocksdb_database::options& options) {
  std::error_code ec;
  if (std::filesystem::exists(options.folder / "CURRENT", ec))
    return {};
  if (options.read_only || !options.create_if_missing)
    return fail(folder_error(errc::not_found, retry_hint::never, options.folder,
                             "is not there or has no state in it"));
  std::filesystem::create_directories(options.folder, ec);
  if (ec)
    return fail(folder_error(errc::unavailable, retry_hint::never, options.folder,
                             "cannot be made: " + ec.message()));
  return {};
}

std::uint64_t number(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* of, const std::string& name) {
  std::uint64_t value = 0;
  return db.GetIntProperty(of, name, &value) ? value : 0;
}

} // namespace

// -- opening --------------------------------------------------------------------------------------

result<std::unique_ptr<rocksdb_database>> rocksdb_database::open(const options& options) {
  SALLYPORT_CHECK(prepare_folder(options));
  auto cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < column_count; ++i)
    families.emplace_back(std::string{column_names[i]},
                          family_options(static_cast<column>(i), cache));
  families.emplace_back(rocksdb::kDefaultColumnFamilyName,
                        family_options(column::meta, cache)); // RocksDB wants it; it stays empty

  std::unique_ptr<rocksdb_database> opened{new rocksdb_database};
  opened->folder_ = options.folder;
  opened->read_only_ = options.read_only;
  rocksdb::DB* db = nullptr;
  auto& handles = opened->handles_;
  auto name = options.folder.string();
  auto settings = database_options(options);
  auto status = options.read_only
                  ? rocksdb::DB::OpenForReadOnly(settings, name, families, &handles, &db)
                  : rocksdb::DB::Open(settings, name, families, &handles, &db);
  if (!status.ok() && says_locked(status))
    return fail(folder_error(errc::foreign_state, retry_hint::backoff, options.folder,
                             "is in use by another process; stop that one, or give this one a "
                             "folder of its own"));
  if (!status.ok())
    return fail(opened->to_error(status, "opening the state folder"));
  opened->db_.reset(db);
  opened->default_handle_ = handles.back();
  handles.pop_back();
  return opened;
}

rocksdb_database::~rocksdb_database() {
  if (!db_)
    return;
  for (auto* handle : handles_)
    db_->DestroyColumnFamilyHandle(handle);
  db_->DestroyColumnFamilyHandle(default_handle_);
}

status rocksdb_database::claim(std::string_view application, std::uint32_t format) {
  SALLYPORT_TRY(auto row, get(column::meta, identity_key));
  if (!row) {
    if (read_only_)
      return fail(folder_error(errc::not_found, retry_hint::never, folder_,
                               "has no owner yet; run the application on it first"));
    std::string value;
    binary::put_u8(value, identity_version);
    binary::put_string(value, application);
    binary::put_varint(value, format);
    rocksdb::WriteBatch batch;
    if (auto put = batch.Put(handle(column::meta), slice(identity_key), slice(value)); !put.ok())
      return fail(to_error(put, "claiming the state folder"));
    return write(batch, true);
  }
  SALLYPORT_TRY(const auto found, owner());
  if (found.application != application)
    return fail(folder_error(errc::foreign_state, retry_hint::never, folder_,
                             "belongs to the application '" + found.application + "', not to '" +
                               std::string{application} +
                               "'; give each application a folder of its own"));
  if (found.format != format)
    return fail(folder_error(errc::foreign_state, retry_hint::never, folder_,
                             "has state format " + std::to_string(found.format) +
                               " and this version of the engine reads " + std::to_string(format) +
                               "; run the version that wrote it, or use another folder"));
  return {};
}

result<rocksdb_database::identity> rocksdb_database::owner() const {
  SALLYPORT_TRY(const auto row, get(column::meta, identity_key));
  if (!row)
    return fail(folder_error(errc::not_found, retry_hint::never, folder_,
                             "has no owner yet; run the application on it first"));
  binary::reader in{*row};
  const auto version = in.u8();
  identity made{std::string{in.string()}, 0};
  made.format = static_cast<std::uint32_t>(in.varint());
  if (version != identity_version || in.failed())
    return fail(folder_error(errc::foreign_state, retry_hint::never, folder_,
                             "was written by another version of the engine (identity format " +
                               std::to_string(version) + ", this one reads " +
                               std::to_string(identity_version) +
                               "); run that version, or use another folder"));
  return made;
}

status rocksdb_database::checkpoint(const std::filesystem::path& to) const {
  rocksdb::Checkpoint* made = nullptr;
  auto done = rocksdb::Checkpoint::Create(db_.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> owned{made};
  if (done.ok())
    done = owned->CreateCheckpoint(to.string());
  return done.ok() ? status{} : fail(to_error(done, "copying the state folder"));
}

// -- rows -----------------------------------------------------------------------------------------

status rocksdb_database::add(rocksdb::WriteBatch& to, const store_batch& changes) const {
  auto of = [&](family where) { return handle(static_cast<column>(where)); };
  static_assert(static_cast<int>(column::state) == static_cast<int>(family::state) &&
                static_cast<int>(column::journal) == static_cast<int>(family::journal) &&
                static_cast<int>(column::meta) == static_cast<int>(family::meta));
  rocksdb::Status done;
  for (const auto& drop : changes.drops) {
    if (drop.from < drop.to)
      done = to.DeleteRange(of(drop.where), drop.from, drop.to);
    if (!done.ok())
      return fail(to_error(done, "composing a write"));
  }
  for (const auto& change : changes.changes) {
    done = change.value ? to.Put(of(change.where), change.key, *change.value)
                        : to.Delete(of(change.where), change.key);
    if (!done.ok())
      return fail(to_error(done, "composing a write"));
  }
  return {};
}

status rocksdb_database::write(rocksdb::WriteBatch& batch, bool sync) {
  if (read_only_)
    return fail(
      folder_error(errc::unavailable, retry_hint::never, folder_, "is open for reading only"));
  // RocksDB refuses all writes after one that failed until it is told to try again. After a full
  // disk it looks by itself every few seconds and is busy until then.
  if (write_failed_) {
    auto resumed = db_->Resume();
    if (resumed.IsBusy())
      return fail(error::external(
        errc::unavailable, "writing to the state folder " + folder_.string() +
                             ": the disk is full; the engine goes on by itself when at least " +
                             std::to_string(big_write_buffer_bytes / mebibyte) + " MiB are free"));
    if (!resumed.ok())
      return fail(to_error(resumed, "writing to the state folder"));
    write_failed_ = false;
  }
  rocksdb::WriteOptions how;
  how.sync = sync;
  if (auto written = db_->Write(how, &batch); !written.ok()) {
    write_failed_ = true;
    return fail(to_error(written, "writing to the state folder"));
  }
  return {};
}

result<std::optional<std::string>> rocksdb_database::get(column from, std::string_view key,
                                                         const rocksdb::Snapshot* at) const {
  std::string value;
  rocksdb::ReadOptions how;
  how.snapshot = at;
  auto found = db_->Get(how, handle(from), slice(key), &value);
  if (found.IsNotFound())
    return std::nullopt;
  if (!found.ok())
    return fail(to_error(found, "reading the state folder"));
  return value;
}

// -- what it says ---------------------------------------------------------------------------------

error rocksdb_database::to_error(const rocksdb::Status& status, std::string_view doing) const {
  auto sentence = [&](std::string_view what) {
    return std::string{doing} + " " + folder_.string() + ": " + std::string{what};
  };
  if (status.IsNoSpace())
    return error::external(errc::unavailable,
                           sentence("the disk is full; make room, the engine goes on by itself"));
  // The message of a corruption may show keys, so it stays in RocksDB's own file.
  if (status.IsCorruption())
    return {errc::internal, error_domain::external, retry_hint::never,
            sentence("its files are damaged (the file LOG in it says where); restore a backup")};
  if (status.IsIOError() || status.IsBusy() || status.IsTryAgain() || status.IsTimedOut() ||
      status.IsIncomplete() || status.IsShutdownInProgress())
    return error::external(errc::unavailable, sentence(status.ToString()));
  return error::internal(sentence(status.ToString()));
}

std::uint64_t rocksdb_database::size_bytes(column of) const {
  using properties = rocksdb::DB::Properties;
  return number(*db_, handle(of), properties::kLiveSstFilesSize) +
         number(*db_, handle(of), properties::kTotalBlobFileSize) +
         number(*db_, handle(of), properties::kSizeAllMemTables);
}

rocksdb_database::statistics rocksdb_database::stats() const {
  using properties = rocksdb::DB::Properties;
  statistics all;
  for (std::size_t i = 0; i < column_count; ++i) {
    auto* of = handles_[i];
    all.columns.push_back({std::string{column_names[i]},
                           number(*db_, of, properties::kLiveSstFilesSize),
                           number(*db_, of, properties::kTotalBlobFileSize),
                           number(*db_, of, properties::kSizeAllMemTables),
                           number(*db_, of, properties::kEstimatePendingCompactionBytes)});
  }
  auto* any = handles_.front();
  all.running_flushes = number(*db_, any, properties::kNumRunningFlushes);
  all.running_compactions = number(*db_, any, properties::kNumRunningCompactions);
  all.block_cache_bytes = number(*db_, any, properties::kBlockCacheUsage);
  all.write_stalled = number(*db_, any, properties::kIsWriteStopped) != 0 ||
                      number(*db_, any, properties::kActualDelayedWriteRate) != 0;
  return all;
}

} // namespace sallyport
