#include "engine/topology/schema.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace sallyport::command {

void declare_schema(CLI::App& sub, int& /*code*/) {
  auto form = std::make_shared<std::string>();
  sub.add_option("FORM", *form, "Which form of file.")
    ->required()
    ->check(CLI::IsMember({"topology", "config"}))
    ->option_text("topology|config");
  sub.callback([form] {
    std::cout << (*form == "topology" ? topology::topology_schema() : topology::config_schema());
  });
}

} // namespace sallyport::command
