#include "tools/simulator/simulator.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>

namespace {

namespace simulator = sallyport::simulator;
using sallyport::error, sallyport::errc, sallyport::error_domain, sallyport::fail,
  sallyport::result;
using sallyport::status, sallyport::system_wall_clock;

simulator::http_server* running = nullptr;

extern "C" void on_signal(int) {
  if (running)
    running->stop();
}

struct command_line {
  simulator::simulator_options serving;
  simulator::event_options events;
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string client = "sallyport:sallyport";
  std::string trouble = "30%";
  std::vector<std::string> latency, errors, drop, down;
  std::vector<std::string> roles;
  std::string mappings;
  std::int64_t token_seconds = 3'600;
  bool updates_off = false;
};

/// `VALUE` is for all peers, `PEER=VALUE` for one.
nlohmann::json fault_of(const char* setting, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos)
    return {{"peer", "all"}, {setting, text}};
  return {{"peer", text.substr(0, equals)}, {setting, text.substr(equals + 1)}};
}

/// `PEER` or `PEER=STATUS`
nlohmann::json outage_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos)
    return {{"peer", text}, {"status", 503}};
  const auto how = nlohmann::json::parse(text.substr(equals + 1), nullptr, false);
  return {{"peer", text.substr(0, equals)},
          {"status", how.is_number() ? how : nlohmann::json(text.substr(equals + 1))}};
}

void add_population(CLI::App& app, command_line& line) {
  app.add_option("--people", line.serving.people.people, "Number of prisoners")
    ->check(CLI::Range(std::size_t{0}, simulator::people_max))
    ->capture_default_str();
  app.add_option("--seed", line.serving.people.seed, "Seed of people, events and faults")
    ->capture_default_str();
  app.add_option("--trouble", line.trouble, "Share of the people with trouble")
    ->capture_default_str();
}

void add_serving(CLI::App& app, command_line& line) {
  app.add_option("--host", line.host, "Address to listen on")->capture_default_str();
  app.add_option("--port", line.port, "Port to listen on, 0 for any free one")
    ->capture_default_str();
  app.add_option("--latency", line.latency, "[PEER=]20ms±5: how late answers are");
  app.add_option("--errors", line.errors, "[PEER=]1%: answered 5xx, nothing done");
  app.add_option("--drop", line.drop, "[PEER=]0.5%: writes that are done but not answered");
  app.add_option("--down", line.down, "PEER[=STATUS|hang|close]: does not work at the start");
  app.add_option("--client", line.client, "ID:SECRET of the one OAuth client")
    ->capture_default_str();
  app.add_option("--token-lifetime", line.token_seconds, "Seconds that a token is good for")
    ->check(CLI::Range(1, 1'000'000))
    ->capture_default_str();
  app.add_option("--roles", line.roles, "Roles of the client at community-api (default: both)")
    ->delimiter(',');
  app.add_option("--mappings", line.mappings, "Folder of stub files that are served first");
  app.add_option("--requests-max", line.serving.requests_max, "Requests kept in memory")
    ->capture_default_str();
  app.add_flag("--updates-off", line.updates_off,
               "Community-api answers writes with 200 and changes nothing");
  app.add_flag("--multiple-events", line.serving.community.multiple_events,
               "Community-api moves all custodial events of a person");
}

status complete(command_line& line) {
  SALLYPORT_TRY(line.serving.people.trouble, simulator::parse_share(line.trouble));
  const auto colon = line.client.find(':');
  if (colon == std::string::npos)
    return fail(error::user(errc::invalid_config, "--client is written ID:SECRET"));
  auto& serving = line.serving;
  serving.client = line.client.substr(0, colon);
  serving.secret = line.client.substr(colon + 1);
  serving.token_lifetime = std::chrono::seconds{line.token_seconds};
  serving.community.updates = !line.updates_off;
  if (!line.mappings.empty())
    serving.mappings = line.mappings;
  if (!line.roles.empty())
    serving.roles = {line.roles.begin(), line.roles.end()};
  for (const auto& text : line.latency)
    serving.faults.push_back(fault_of("latency", text));
  for (const auto& text : line.errors)
    serving.faults.push_back(fault_of("errors", text));
  for (const auto& text : line.drop)
    serving.faults.push_back(fault_of("drop", text));
  for (const auto& text : line.down)
    serving.faults.push_back(outage_of(text));
  return {};
}

status serve(const command_line& line) {
  const system_wall_clock clock;
  SALLYPORT_TRY(const auto peers, simulator::simulator::make(line.serving, clock));
  simulator::http_server server{[&](const auto& request) { return peers->handle(request); }};
  SALLYPORT_TRY(const auto port, server.listen(line.host, line.port));
  running = &server;
  struct sigaction action{};
  action.sa_handler = on_signal;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  std::cout << R"({"url":"http://)" << line.host << ':' << port << "\"}" << std::endl;
  server.run();
  running = nullptr;
  return {};
}

void print_events(const command_line& line) {
  std::ios::sync_with_stdio(false);
  const auto all = simulator::make_population(line.serving.people);
  for (const auto& one : simulator::make_events(all, line.events))
    std::cout << one << '\n';
}

} // namespace

int main(int argc, char** argv) {
  command_line line;
  CLI::App app{"Plays prison-api, community-api, probation offender search and the token endpoint"};
  add_population(app, line);
  add_serving(app, line);
  auto* events = app.add_subcommand("events", "Prints prison events that fit a population");
  add_population(*events, line);
  events->add_option("--count", line.events.count, "Number of events")
    ->check(CLI::Range(std::size_t{0}, simulator::events_max))
    ->capture_default_str();
  events->add_option("--poison", line.events.poison, "Broken messages on top of them")
    ->check(CLI::Range(std::size_t{0}, simulator::events_max));
  CLI11_PARSE(app, argc, argv);
  if (const auto completed = complete(line); !completed) {
    std::cerr << completed.error().what << '\n';
    return 2;
  }
  if (events->parsed()) {
    line.events.seed = line.serving.people.seed;
    print_events(line);
    return 0;
  }
  if (const auto served = serve(line); !served) {
    std::cerr << served.error().what << '\n';
    return served.error().domain == error_domain::user ? 2 : 1;
  }
  return 0;
}
