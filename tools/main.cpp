#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>

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
