#include "tools/command/folder.hpp"

#include "engine/topology/plan.hpp"

#include <CLI/CLI.hpp>

namespace sallyport::command {

void folder_option::declare(CLI::App& sub) {
  auto* by_folder =
    sub.add_option("--state", state, "The state folder. Without it, that of SALLYPORT_STATE_DIR.");
  sub.add_option("--config", config, "The config file whose state folder is meant.")
    ->excludes(by_folder);
}

result<std::string> folder_option::folder() const {
  if (!state.empty())
    return state;
  auto env = config::process_environment();
  if (config.empty()) {
    // Not by the library that parses options: it would let the variable overrule another verb's.
    if (auto named = env("SALLYPORT_STATE_DIR"); named && !named->empty())
      return *named;
    return fail(error::user(errc::invalid_config,
                            "which state folder? Give --state FOLDER or --config FILE, or set "
                            "SALLYPORT_STATE_DIR"));
  }
  config::findings found;
  auto plan = topology::load_plan(config, env, found);
  if (!plan)
    return fail(error::user(errc::invalid_config, found.front().text()));
  return plan->state_folder;
}

result<std::unique_ptr<open_folder>> open_folder::open(const std::string& folder, bool read_only) {
  auto f = std::make_unique<open_folder>();
  rocksdb_database::options how;
  how.folder = folder;
  how.create_if_missing = false;
  how.read_only = read_only;
  SALLYPORT_TRY(f->database, rocksdb_database::open(how));
  f->store = std::make_unique<rocksdb_store>(*f->database);
  SALLYPORT_TRY(f->log, embedded_log::open(*f->database, f->clock));
  return f;
}

} // namespace sallyport::command
