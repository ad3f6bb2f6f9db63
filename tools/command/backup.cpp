#include "engine/services/backup.hpp"

#include "engine/topology/plan.hpp"
#include "tools/command/folder.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>

namespace sallyport::command {

namespace {

using json = nlohmann::ordered_json;

struct options {
  source_option from;
  std::string name;
  folder_option to;
  std::string format = "text";
};

void print(const options& o, const json& done, const char* what) {
  if (o.format == "json") {
    std::cout << done.dump() << '\n';
    return;
  }
  std::cout << what << ' ' << done.value("folder", "") << ": " << done.value("application", "")
            << " as of " << done.value("made_at", "") << ", "
            << done.value("files", std::uint64_t{0}) << " files, "
            << done.value("bytes", std::uint64_t{0}) << " bytes\n";
}

json told(const std::string& folder, const backup::manifest& m) {
  return {{"folder", folder},
          {"application", m.application},
          {"made_at", m.made_at},
          {"files", m.files.size()},
          {"bytes", m.bytes()}};
}

status make_from_running(const options& o) {
  SALLYPORT_TRY(const auto at, o.from.open());
  remote::query with;
  if (!o.name.empty())
    with.emplace("name", o.name);
  SALLYPORT_TRY(const auto done, at.post_and_wait("/admin/backup", with));
  print(o, done, "made");
  return {};
}

status make_from_folder(const options& o) {
  if (o.name.empty())
    return fail(error::user(errc::invalid_config, "which folder shall the backup be? Name it"));
  rocksdb_database::options how;
  SALLYPORT_TRY(how.folder, o.from.at.folder());
  how.create_if_missing = false;
  SALLYPORT_TRY(const auto opened, rocksdb_database::open(how));
  progress shown{"bytes"};
  SALLYPORT_TRY(const auto m,
                backup::make(*opened, o.name, SALLYPORT_VERSION, system_wall_clock{}.now(),
                             [&](std::uint64_t done, std::uint64_t of) { shown.at(done, of); }));
  print(o, told(o.name, m), "made");
  return {};
}

status make(const options& o) {
  return o.from.is_running() ? make_from_running(o) : make_from_folder(o);
}

/// The application of the config, if one is named; else any.
result<std::string> application_of(const folder_option& to) {
  if (to.config.empty())
    return std::string{};
  config::findings found;
  const auto plan = topology::load_plan(to.config, config::process_environment(), found);
  if (!plan)
    return fail(error::user(errc::invalid_config, found.front().text()));
  return plan->application;
}

status restore(const options& o) {
  SALLYPORT_TRY(const auto application, application_of(o.to));
  SALLYPORT_TRY(const auto folder, o.to.folder());
  progress shown{"bytes"};
  SALLYPORT_TRY(const auto m,
                backup::restore(o.name, folder, application, system_wall_clock{}.now(),
                                [&](std::uint64_t done, std::uint64_t of) { shown.at(done, of); }));
  print(o, told(folder, m), "restored");
  return {};
}

void declare_format(CLI::App& sub, options& o) {
  sub.add_option("--format", o.format, "text or json.")->check(CLI::IsMember({"text", "json"}));
}

} // namespace

void declare_backup(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  o->from.declare(sub);
  declare_format(sub, *o);
  sub.add_option("NAME", o->name,
                 "Of a running instance (--url): the name of the backup below backup.folder of its "
                 "config, by default the time. Of a folder that no instance uses: the folder that "
                 "is made.");
  sub.footer("For example: sallyport backup before-upgrade --url http://127.0.0.1:8080\n" +
             exit_code_help());
  sub.callback(reporting(code, o, make));
}

void declare_restore(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  o->to.declare(sub);
  declare_format(sub, *o);
  sub.add_option("BACKUP", o->name, "The folder of the backup.")->required();
  sub.footer("For example: sallyport restore /backups/before-upgrade --config "
             "configs/production.yaml\n" +
             exit_code_help());
  sub.callback(reporting(code, o, restore));
}

} // namespace sallyport::command
