#include "engine/topology/reference.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <unistd.h>

namespace sallyport::command {

namespace {

/// One line of each component; a summary that is too long for a terminal goes on below itself.
void list(const std::string& kind) {
  const auto how = page_of(STDOUT_FILENO);
  auto all = topology::components();
  std::erase_if(
    all, [&](const auto& c) { return !kind.empty() && kind != c.kind && kind != c.kind + "s"; });
  std::size_t widest = 0;
  for (const auto& c : all)
    widest = std::max(widest, c.name.size());
  std::string before;
  for (const auto& c : all) {
    if (kind.empty() && c.kind != before)
      std::cout << (before.empty() ? "" : "\n") << config::heading(c.kind + "s", how);
    before = c.kind;
    const std::string name = "  " + c.name + std::string(widest - c.name.size() + 2, ' ');
    auto text = ::isatty(STDOUT_FILENO) == 1
                  ? config::wrapped(c.summary, std::string(name.size(), ' '), how.width)
                  : std::string(name.size(), ' ') + c.summary + "\n";
    std::cout << text.replace(0, name.size(), name);
  }
}

} // namespace

void declare_list(CLI::App& sub, int& /*code*/) {
  auto kind = std::make_shared<std::string>();
  sub.add_option("KIND", *kind, "Only these.")
    ->check(CLI::IsMember({"operators", "connectors", "forms"}))
    ->option_text("operators|connectors|forms");
  sub.callback([kind] { list(*kind); });
}

} // namespace sallyport::command
