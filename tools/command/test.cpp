#include "engine/testing/golden.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::command {

namespace {

namespace fs = std::filesystem;

struct options {
  std::string folder;
  std::string cases;
  std::string only;
};

result<std::vector<fs::path>> cases_of(const options& o, const fs::path& folder) {
  std::error_code wrong;
  if (!fs::exists(folder / "topology.yaml", wrong))
    return fail(
      error::user(errc::invalid_config,
                  folder.string() + " has no topology.yaml; name the folder of a topology"));
  const auto in = o.cases.empty() ? folder / "cases" : fs::path{o.cases};
  if (!fs::is_directory(in, wrong))
    return fail(error::user(errc::invalid_config,
                            "there is no folder " + in.string() + "; --cases names another one"));
  auto all = testing::find_golden_cases(in);
  std::erase_if(all,
                [&](const auto& c) { return c.stem().string().find(o.only) == std::string::npos; });
  if (all.empty())
    return fail(error::user(errc::invalid_config, "there is no such case in " + in.string()));
  return all;
}

int test(const options& o) {
  // A case names its topology by its folder's name, below the folder of all topologies.
  auto folder = fs::absolute(o.folder).lexically_normal();
  if (!folder.has_filename())
    folder = folder.parent_path();
  auto cases = cases_of(o, folder);
  if (!cases)
    return report(cases.error());
  progress shown{"cases"};
  std::size_t failed = 0;
  for (std::size_t i = 0; i < cases->size(); ++i) {
    shown.at(i, cases->size());
    const auto failures = testing::run_golden_case((*cases)[i], folder.parent_path());
    failed += failures.empty() ? 0 : 1;
    for (const auto& f : failures)
      std::cerr << f << '\n';
  }
  std::cout << cases->size() - failed << " of " << cases->size() << " cases are as they must be\n";
  return failed == 0 ? exit_ok : exit_failed;
}

} // namespace

void declare_test(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.add_option("FOLDER", o->folder, "The folder of a topology: its topology.yaml and cases/.")
    ->required();
  sub.add_option("--cases", o->cases,
                 "The folder of the cases; cases/ of the topology's without it.");
  sub.add_option("--only", o->only, "Only cases whose file name has this text.");
  sub.callback([o, &code] { code = test(*o); });
}

} // namespace sallyport::command
