#pragma once

#include "engine/config/spec.hpp"
#include "engine/core/error.hpp"

#include <memory>
#include <span>
#include <string>
#include <utility>

// NOLINTBEGIN(readability-identifier-naming): the library's own names.
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

/// The verbs of `sallyport`.
namespace sallyport::command {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1; ///< it was tried and did not work
inline constexpr int exit_usage = 2;  ///< the command line, a config or a topology is wrong
inline constexpr int exit_state = 3;  ///< the state folder is another's, or cannot be opened

[[nodiscard]] std::string exit_code_help();

/// One line of the table that `sallyport --help` shows.
struct verb {
  const char* name;
  const char* summary;
  /// Adds options to its subcommand and a callback that does the work and sets the exit code.
  void (*declare)(CLI::App& sub, int& code);
};

[[nodiscard]] std::span<const verb> verbs();

void declare_run(CLI::App& sub, int& code);
void declare_lint(CLI::App& sub, int& code);
void declare_list(CLI::App& sub, int& code);
void declare_docs(CLI::App& sub, int& code);
void declare_graph(CLI::App& sub, int& code);
void declare_new(CLI::App& sub, int& code);
void declare_test(CLI::App& sub, int& code);
void declare_schema(CLI::App& sub, int& code);
void declare_log(CLI::App& sub, int& code);
void declare_state(CLI::App& sub, int& code);
void declare_dead_letter(CLI::App& sub, int& code);
void declare_backup(CLI::App& sub, int& code);
void declare_restore(CLI::App& sub, int& code);
void declare_status(CLI::App& sub, int& code);
void declare_timers(CLI::App& sub, int& code);
void declare_waiting(CLI::App& sub, int& code);
void declare_calls(CLI::App& sub, int& code);
void declare_pause(CLI::App& sub, int& code);
void declare_resume(CLI::App& sub, int& code);
void declare_drain(CLI::App& sub, int& code);
void declare_completion(CLI::App& sub, int& code);
void declare_man(CLI::App& sub, int& code);

/// Prints the mistakes of files to stderr, each with its line and a caret.
void print(const config::findings& found);
/// Prints an error and gives the exit code for it.
[[nodiscard]] int report(const error& why);

/// A callback that does `what` with the options of a verb; of an error it prints why and sets the
/// exit code.
template <class Options, class Work>
[[nodiscard]] auto reporting(int& code, std::shared_ptr<Options> with, Work what) {
  return [&code, with = std::move(with), what = std::move(what)] {
    if (auto done = what(std::as_const(*with)); !done)
      code = report(done.error());
  };
}

} // namespace sallyport::command
