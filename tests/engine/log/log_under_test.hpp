#pragma once

#include "engine/log/embedded_log.hpp"
#include "engine/log/memory_log.hpp"
#include "engine/state/rocksdb_store.hpp"
#include "tests/engine/state/temporary_folder.hpp"

#include <stdexcept>

namespace sallyport::test {

/// A log and the store that it commits to, whatever they are made of: the conformance suite runs
/// over these. A new log joins by one more class and one more line in the suite.
struct log_under_test {
  manual_clock clock{wall_time{std::chrono::hours{24 * 365 * 50}}};

  std::string missing; ///< why it cannot be had here; else empty

  // What not every log can promise (docs/guarantees.md).
  bool offsets_are_consecutive = true; ///< else a commit may leave a gap behind it
  bool times_before_1970 = true;       ///< a record may have any time
  bool tells_once = true;              ///< listeners hear of a commit once, in its thread

  virtual ~log_under_test() = default;
  virtual log& get() = 0;
  virtual store& state() = 0;
  /// Closes and opens it; false if it keeps nothing.
  virtual bool reopen() = 0;
};

struct memory_under_test final : log_under_test {
  memory_store rows;
  memory_log records{rows, clock};

  log& get() override { return records; }
  store& state() override { return rows; }
  bool reopen() override { return false; }
};

struct embedded_under_test final : log_under_test {
  temporary_folder folder;
  std::unique_ptr<rocksdb_database> database;
  std::unique_ptr<rocksdb_store> rows;
  std::unique_ptr<embedded_log> records;

  embedded_under_test() { open(); }
  void open() {
    rocksdb_database::options options;
    options.folder = folder.path() / "state";
    auto opened = rocksdb_database::open(options);
    if (!opened)
      throw std::runtime_error{opened.error().what};
    database = std::move(*opened);
    rows = std::make_unique<rocksdb_store>(*database);
    auto log = embedded_log::open(*database, clock);
    if (!log)
      throw std::runtime_error{log.error().what};
    records = std::move(*log);
  }
  log& get() override { return *records; }
  store& state() override { return *rows; }
  bool reopen() override {
    records.reset();
    rows.reset();
    database.reset();
    open();
    return true;
  }
};

} // namespace sallyport::test
