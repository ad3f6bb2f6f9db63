#include "engine/config/node.hpp"
#include "engine/config/parse.hpp"
#include "engine/connectors/registry.hpp"
#include "engine/topology/picture.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <future>
#include <iostream>
#include <memory>
#include <string>

namespace sallyport::command {

namespace {

struct options {
  std::string file;
  bool svg = false;
  std::string of;
};

/// The topology file, and the settings that a config gives it.
struct named_topology {
  std::string file;
  topology::settings settings;
};

/// A graph needs no environment: what a config takes from a variable that is not set is left out.
named_topology topology_of(const std::string& file) {
  config::findings ignored;
  const auto environment = config::process_environment();
  const auto root = config::load_yaml(file, environment, ignored);
  const auto* named = root.find("topology");
  if (root.find("parts") != nullptr || named == nullptr || root.find("bind") == nullptr)
    return {file, {}};
  named_topology out;
  out.file = (std::filesystem::path{file}.parent_path() / named->text).lexically_normal().string();
  if (const auto* settings = root.find("settings"))
    for (const auto& s : settings->entries)
      if (s.value.type == config::node::kind::scalar && !s.value.unresolved)
        out.settings[s.name] = s.value.text;
  return out;
}

result<topology::readings> read_live(std::string url) {
  while (url.ends_with('/'))
    url.pop_back();
  const auto& http = *connector_registry::instance().find("http")->as_caller;
  SALLYPORT_TRY(auto with, config::parse_params(http.spec, "url: \"" + url + "\"\n"));
  SALLYPORT_TRY(auto peer, http.make(with));
  std::promise<call_answer> answered;
  peer->start({{"GET", "/metrics", {}, ""}, "", duration{5'000}},
              [&](call_answer answer) { answered.set_value(std::move(answer)); });
  const auto page = answered.get_future().get();
  peer->stop(duration{0});
  if (page.status != 200)
    return fail(error::external(
      errc::unavailable,
      url +
        "/metrics: " + (page.status == 0 ? page.error : "status " + std::to_string(page.status))));
  return topology::readings_of(page.body);
}

int graph(const options& o) {
  const auto named = topology_of(o.file);
  config::findings found;
  auto read = topology::load_topology(named.file, named.settings, {}, found);
  if (!read) {
    print(found);
    return exit_usage;
  }
  topology::readings live;
  if (!o.of.empty()) {
    auto counted = read_live(o.of);
    if (!counted)
      return report(counted.error());
    live = std::move(*counted);
  }
  const auto picture = topology::picture_of(*read);
  std::cout << (o.svg ? topology::to_svg(picture, live) : topology::to_mermaid(picture, live));
  return exit_ok;
}

} // namespace

void declare_graph(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.add_option("FILE", o->file, "A topology or config file.")->required();
  sub.add_flag("--svg", o->svg, "A drawing, instead of Mermaid.");
  sub.add_option("--of", o->of, "Adds the counts of a running instance, as http://127.0.0.1:8080.");
  sub.callback([o, &code] { code = graph(*o); });
}

} // namespace sallyport::command
