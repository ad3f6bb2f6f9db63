#include "engine/core/fault.hpp"
#include "engine/observe/log.hpp"
#include "engine/topology/plan.hpp"
#include "tools/command/service.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <pthread.h>

namespace sallyport::command {

namespace {

/// Signals that end the process in order are waited for, not handled: so no code runs in a handler.
sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

int run(const std::string& config_path) {
  auto signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  if (const char* asked = std::getenv("SALLYPORT_FAULT")) // NOLINT(concurrency-mt-unsafe)
    if (auto armed = fault::arm(asked); !armed)
      return report(armed.error());
  config::findings found;
  auto env = config::process_environment();
  auto plan = topology::load_plan(config_path, env, found);
  if (!plan) {
    print(found);
    return exit_usage;
  }
  auto least = observe::level::info;
  (void) observe::parse_level(plan->logging.level, least);
  observe::configure_log(plan->logging.format, least);
  auto application = plan->application;
  auto running = service::start(std::move(*plan), topology::masked_config(config_path, env));
  if (!running) {
    observe::flush_log();
    return report(running.error());
  }
  observe::log(observe::level::info, "instance.started", "the topology runs",
               {{"application", application}});
  int signal = 0;
  sigwait(&signals, &signal);
  observe::log(observe::level::info, "instance.stopping", "asked to stop; ending in order");
  (*running)->stop();
  running->reset();
  observe::log(observe::level::info, "instance.stopped", "all is committed");
  observe::flush_log();
  return exit_ok;
}

} // namespace

void declare_run(CLI::App& sub, int& code) {
  auto path = std::make_shared<std::string>();
  sub.add_option("CONFIG", *path, "The config file.")->required();
  sub.callback([path, &code] { code = run(*path); });
}

} // namespace sallyport::command
