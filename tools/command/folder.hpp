#pragma once

#include "engine/log/embedded_log.hpp"
#include "engine/state/rocksdb_database.hpp"
#include "engine/state/rocksdb_store.hpp"
#include "engine/time/clock.hpp"
#include "tools/command/remote.hpp"

#include <memory>
#include <string>

// NOLINTBEGIN(readability-identifier-naming): the library's own names.
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

namespace sallyport::command {

/// Which state folder a verb works on: `--state FOLDER`, or that of `--config FILE`.
struct folder_option {
  std::string state;
  std::string config;

  void declare(CLI::App& sub);
  [[nodiscard]] result<std::string> folder() const;
};

/// Where a verb reads: from a state folder, or from the instance that runs on it.
struct source_option {
  folder_option at;
  remote_option running;

  void declare(CLI::App& sub);
  [[nodiscard]] bool is_running() const;
  /// The folder, opened for reading, answers what an instance does at `/log` and `/admin/state`.
  [[nodiscard]] result<remote> open() const;
};

/// A state folder that is open.
struct open_folder {
  system_wall_clock clock;
  std::unique_ptr<rocksdb_database> database;
  std::unique_ptr<rocksdb_store> store;
  std::unique_ptr<embedded_log> log;

  [[nodiscard]] static result<std::unique_ptr<open_folder>> open(const std::string& folder,
                                                                 bool read_only);
};

} // namespace sallyport::command
