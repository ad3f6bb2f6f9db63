#include "engine/config/node.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// What to say of a first word that is no verb; nothing where it is one, or a flag, or is not
/// there.
std::string unknown_verb(int argc, char** argv) {
  if (argc < 2 || std::string_view{argv[1]}.starts_with('-'))
    return {};
  const std::string word = argv[1];
  std::vector<std::string> names;
  for (const auto& v : sallyport::command::verbs())
    names.emplace_back(v.name);
  if (std::ranges::find(names, word) != names.end())
    return {};
  const auto near = sallyport::config::nearest(word, names);
  return "there is no verb '" + word + "'; " +
         (near ? "did you mean '" + *near + "'?" : "sallyport --help shows all");
}

} // namespace

/// The command: a table of contents of the engine. Each verb is one file in tools/command.
int main(int argc, char** argv) {
  using sallyport::command::exit_code_help, sallyport::command::verbs;
  using sallyport::command::exit_failed, sallyport::command::exit_ok,
    sallyport::command::exit_usage;
  CLI::App app{"Sallyport: streams between services, through a log, actors with durable state, and "
               "calls that are never lost."};
  app.name("sallyport");
  app.set_version_flag("--version", std::string{"sallyport "} + SALLYPORT_VERSION);
  app.require_subcommand(1);
  app.footer(exit_code_help());
  int code = exit_ok;
  for (const auto& v : verbs()) {
    auto* sub = app.add_subcommand(v.name, v.summary);
    sub->footer(exit_code_help());
    v.declare(*sub, code);
  }
  if (const auto wrong = unknown_verb(argc, argv); !wrong.empty()) {
    std::cerr << "sallyport: " << wrong << '\n';
    return exit_usage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_ok : exit_usage;
  } catch (const std::exception& e) {
    std::cerr << "sallyport: " << e.what() << '\n';
    return exit_failed;
  }
  return code;
}
