#include "tools/command/folder.hpp"

#include "engine/topology/plan.hpp"

#include <CLI/CLI.hpp>

namespace sallyport::command {

void folder_option::declare(CLI::App& sub) {
  auto* by_folder =
    sub.add_option("--state", state, "The state folder.")->envname("SALLYPORT_STATE_DIR");
  sub.add_option("--config", config, "The config file whose state folder is meant.")
    ->excludes(by_folder);
}

result<std::string> folder_option::folder() const {
  if (!state.empty())
    return state;
  if (config.empty())
    return fail(error::user(errc::invalid_config,
                            "which state folder? Give --state FOLDER or --config FILE, or set "
                            "SALLYPORT_STATE_DIR"));
  config::findings found;
  auto plan = topology::load_plan(config, config::process_environment(), found);
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
