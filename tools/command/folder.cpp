#include "tools/command/folder.hpp"

#include "engine/lane/row_service.hpp"
#include "engine/services/log_service.hpp"
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
                            "SALLYPORT_STATE_DIR; for a running instance give --url URL"));
  }
  config::findings found;
  auto plan = topology::load_plan(config, env, found);
  if (!plan)
    return fail(error::user(errc::invalid_config, found.front().text()));
  return plan->state_folder;
}

namespace {

/// The routes of an instance over a folder, without its port.
struct folder_routes {
  explicit folder_routes(std::unique_ptr<open_folder> from)
    : in(std::move(from)), records(*in->log), rows(*in->store) {
    records.serve_on(server);
    rows.serve_on(server);
  }

  result<fetched> answer(const fetch_request& asked, const part_visitor& visit) {
    auto came = server.answer(asked.url);
    fetched made{came.status, {}};
    bool going = true;
    const auto take = [&](const std::string& part) {
      if (visit && came.status == 200)
        going = visit(part);
      else
        made.body += part;
    };
    take(came.body);
    while (came.next_part && going) {
      SALLYPORT_TRY(auto part, came.next_part());
      if (part.empty())
        break;
      take(part);
    }
    return made;
  }

  std::unique_ptr<open_folder> in;
  log_service records;
  lane::row_service rows;
  http_server server;
};

} // namespace

void source_option::declare(CLI::App& sub) {
  at.declare(sub);
  running.declare(sub, false);
  for (const char* of_folder : {"--state", "--config"})
    sub.get_option("--url")->excludes(sub.get_option(of_folder));
}

bool source_option::is_running() const {
  if (!running.url.empty() || !at.state.empty() || !at.config.empty())
    return !running.url.empty();
  return !config::process_environment()("SALLYPORT_URL").value_or("").empty();
}

result<remote> source_option::open() const {
  if (is_running())
    return running.open();
  SALLYPORT_TRY(auto folder, at.folder());
  SALLYPORT_TRY(auto in, open_folder::open(folder, true));
  auto routes = std::make_shared<folder_routes>(std::move(in));
  return remote{std::move(folder), [routes](const fetch_request& asked, const part_visitor& visit) {
                  return routes->answer(asked, visit);
                }};
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
