#include "engine/config/diagnostics.hpp"
#include "engine/topology/plan.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace sallyport::command {

namespace {

struct options {
  std::vector<std::string> files;
  std::string format = "text";
};

/// A topology file has parts; anything else is taken for a config.
bool is_topology(const std::string& path) {
  config::findings ignored;
  auto root = config::load_yaml(
    path, [](std::string_view) { return std::optional<std::string>{""}; }, ignored);
  const bool has_parts = root.find("parts") != nullptr || root.find("ports") != nullptr;
  return (has_parts && root.find("bind") == nullptr) ||
         (root.find("topology") != nullptr && root.find("application") == nullptr &&
          root.find("bind") == nullptr);
}

config::findings lint(const std::string& path) {
  config::findings found;
  if (is_topology(path))
    (void) topology::load_topology(path, {}, {}, found);
  else
    (void) topology::load_plan(path, config::process_environment(), found);
  return found;
}

/// A topology that several configs name would be told of with each.
void add_new(config::findings& all, const config::findings& found) {
  for (const auto& f : found)
    if (std::ranges::none_of(all, [&](const auto& told) { return told.text() == f.text(); }))
      all.push_back(f);
}

int lint_all(const options& o) {
  config::findings all;
  for (const auto& file : o.files) {
    const auto found = lint(file);
    add_new(all, found);
    if (found.empty() && o.format == "text")
      std::cout << file << ": ok\n";
  }
  if (o.format == "json")
    std::cout << config::to_json(all);
  else if (o.format == "github")
    std::cout << config::to_github(all);
  else if (!all.empty())
    print(all);
  return all.empty() ? exit_ok : exit_usage;
}

} // namespace

void declare_lint(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.add_option("FILE", o->files, "Config or topology files.")->required();
  sub
    .add_option("--format", o->format,
                "text for people; json; github: annotations of a pull request.")
    ->check(CLI::IsMember({"text", "json", "github"}))
    ->option_text("text|json|github");
  sub.callback([o, &code] { code = lint_all(*o); });
}

} // namespace sallyport::command
