#include "engine/topology/plan.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::command {

namespace {

/// A topology file names itself by its first key; anything else is taken for a config.
bool is_topology(const std::string& path) {
  config::findings ignored;
  auto root = config::load_yaml(
    path, [](std::string_view) { return std::optional<std::string>{""}; }, ignored);
  return root.find("parts") != nullptr || root.find("application") == nullptr;
}

config::findings lint(const std::string& path) {
  config::findings found;
  if (is_topology(path))
    (void) topology::load_topology(path, {}, {}, found);
  else
    (void) topology::load_plan(path, config::process_environment(), found);
  return found;
}

} // namespace

void declare_lint(CLI::App& sub, int& code) {
  auto files = std::make_shared<std::vector<std::string>>();
  sub.add_option("FILE", *files, "Config or topology files.")->required();
  sub.callback([files, &code] {
    for (const auto& file : *files) {
      auto found = lint(file);
      if (found.empty()) {
        std::cout << file << ": ok\n";
        continue;
      }
      print(found);
      code = exit_usage;
    }
  });
}

} // namespace sallyport::command
