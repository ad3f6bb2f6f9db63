#include "engine/config/node.hpp"
#include "engine/topology/reference.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <unistd.h>

namespace sallyport::command {

namespace {

int show(const std::string& name) {
  if (auto text = topology::describe_component(name, page_of(STDOUT_FILENO))) {
    std::cout << *text;
    return exit_ok;
  }
  std::vector<std::string> names;
  for (const auto& c : topology::components())
    names.push_back(c.name);
  auto near = config::nearest(name, names);
  return report(error::user(
    errc::invalid_config,
    "there is no operator, connector or form '" + name + "'; " +
      (near ? "did you mean '" + *near + "'?" : "'sallyport list' shows what there is")));
}

/// Writes the reference, and removes what it has no more.
status write(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code wrong;
  const auto files = topology::reference_files();
  for (const auto& [name, content] : files) {
    const auto path = folder / name;
    fs::create_directories(path.parent_path(), wrong);
    std::ofstream out{path, std::ios::binary};
    out << content;
    out.close();
    if (!out)
      return fail(error::user(errc::unavailable, "cannot write " + path.string()));
  }
  for (const char* part : {"operators", "connectors"})
    for (const auto& e : fs::directory_iterator{folder / part, wrong})
      if (e.path().extension() == ".md" &&
          !files.contains(std::string{part} + "/" + e.path().filename().string()))
        fs::remove(e.path(), wrong);
  std::cout << files.size() << " files are in " << folder.string() << '\n';
  return {};
}

} // namespace

void declare_docs(CLI::App& sub, int& code) {
  auto name = std::make_shared<std::string>();
  auto folder = std::make_shared<std::string>();
  sub.add_option("NAME", *name, "An operator, a connector, 'topology' or 'config'.");
  sub.add_option("--markdown", *folder,
                 "Write the whole reference and the schemas into this folder (docs/reference).");
  sub.callback([name, folder, &code] {
    if (!folder->empty()) {
      if (auto done = write(*folder); !done)
        code = report(done.error());
    } else if (!name->empty()) {
      code = show(*name);
    } else {
      for (const auto& c : topology::components())
        std::cout << *topology::describe_component(c.name, page_of(STDOUT_FILENO)) << '\n';
    }
  });
}

} // namespace sallyport::command
