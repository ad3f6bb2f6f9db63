#include "tools/command/verb.hpp"

#include "engine/config/diagnostics.hpp"
#include "tools/command/terminal.hpp"

#include <array>
#include <iostream>
#include <unistd.h>

namespace sallyport::command {

namespace {

constexpr std::array all_verbs{
  verb{"run", "Run a topology as a config file says, until SIGTERM.", declare_run},
  verb{"lint", "Check config and topology files without running them.", declare_lint},
  verb{"list", "Show the operators and connectors that files can name.", declare_list},
  verb{"docs", "Tell what an operator or connector is and takes.", declare_docs},
  verb{"new", "Make a folder with a topology to begin with.", declare_new},
  verb{"test", "Run the cases of a topology: its tests, in virtual time.", declare_test},
  verb{"graph", "Draw a topology, with the counts of a running instance if it is named.",
       declare_graph},
  verb{"schema", "Print the JSON Schema of topology or config files.", declare_schema},
  verb{"log", "Look at topics, of an instance or its folder; read, export, append.", declare_log},
  verb{"state", "Look at what the stages of an instance or its folder keep.", declare_state},
  verb{"dead-letter", "See records that could not be worked on; send them back.",
       declare_dead_letter},
  verb{"backup", "Copy the state of an instance, running or not, as of one moment.",
       declare_backup},
  verb{"restore", "Make a state folder of a backup, checked.", declare_restore},
  verb{"status", "Tell whether a running instance is well, and if not, what helps.",
       declare_status},
  verb{"timers", "Show the durable timers of a running instance, the soonest first.",
       declare_timers},
  verb{"waiting", "Show records that wait, try them now, pause, resume or discard them.",
       declare_waiting},
  verb{"calls", "Show open calls, settle them by hand, try them now.", declare_calls},
  verb{"pause", "Start no more calls to a peer, of a stage, or at all.", declare_pause},
  verb{"resume", "End a pause.", declare_resume},
  verb{"drain", "Give the lanes of an instance to others, then stop it.", declare_drain},
  verb{"completion", "Print the completion script of a shell.", declare_completion},
  verb{"man", "Print the manual page: sallyport man | man -l -", declare_man},
};

} // namespace

std::span<const verb> verbs() { return all_verbs; }

std::string exit_code_help() {
  return "Exit status: 0 done; 1 it failed; 2 the command line or a file is wrong; 3 the state "
         "folder belongs to another application or format, or is in use.";
}

void print(const config::findings& found) {
  std::cerr << config::show(found, page_of(STDERR_FILENO)) << found.size()
            << (found.size() == 1 ? " mistake\n" : " mistakes\n");
}

int report(const error& why) {
  std::cerr << "sallyport: " << why.what << '\n';
  switch (why.code) {
  case errc::invalid_config: return exit_usage;
  case errc::foreign_state: return exit_state;
  default: return exit_failed;
  }
}

} // namespace sallyport::command
