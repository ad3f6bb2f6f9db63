#pragma once

#include "engine/config/node.hpp"
#include "engine/connectors/registry.hpp"
#include "engine/operators/registry.hpp"

#include <map>
#include <optional>
#include <string>

/// Operators and connectors with the names and fields of common ones, but nothing behind them: the
/// loading of files asks only what a component takes, where it writes and what it calls.
namespace sallyport::fakes {

inline operator_entry made(config::spec spec, std::vector<std::string> outputs) {
  operator_entry entry;
  entry.spec = std::move(spec);
  entry.outputs = std::move(outputs);
  return entry;
}

inline void add_operators() {
  using config::field;
  using config::spec;
  auto& registry = operator_registry::instance();

  registry.add(made(spec{"prison_to_probation.form"}, {"out"}));

  auto sync = made(
    spec{"prison_to_probation.sync"}.add(field::text("only_prisons").doc("Which.").by_default("")),
    {"out", "later"});
  sync.publishes = {"telemetry"};
  sync.calls = {"prison-api"};
  registry.add(std::move(sync));

  auto key_by = made(
    spec{"key_by"}.add(field::text("key").doc("Pointer.")).add(field::text("to").doc("Topic.")),
    {});
  key_by.publishes_by = {"to"};
  registry.add(std::move(key_by));

  auto hold_back =
    made(spec{"hold_back"}
           .add(field::duration("for").doc("How long.").min(0).max(86'400'000).example("15m"))
           .add(field::list("by", field::text("")).doc("Pointers.").by_default("[]"))
           .add(field::choice("keep", {"first", "latest"}).doc("Which.").by_default("latest"))
           .add(field::number("rows_max").doc("At most.").by_default("1000").min(1))
           .add(field::boolean("restart").doc("Anew.").by_default("false")),
         {"out"});
  hold_back.lint = [](const config::params& with, config::findings& out) {
    if (with.duration("for").count() == 0 && with.boolean("restart"))
      out.push_back({with.where("restart"), "restart has no meaning when for is 0s", ""});
  };
  registry.add(std::move(hold_back));

  for (const char* name : {"publish", "dead_letter"}) {
    auto sink = made(spec{name}.add(field::text("to").doc("Port.")), {});
    sink.publishes_by = {"to"};
    registry.add(std::move(sink));
  }

  auto call = made(spec{"call"}
                     .add(field::text("port").doc("Port."))
                     .add(field::choice("method", {"GET", "PUT", "POST"}).doc("What."))
                     .add(field::text("path").doc("Where.")),
                   {"out"});
  call.calls_by = {"port"};
  registry.add(std::move(call));

  registry.add(made(spec{"route"}, {"adults", "youths"}));
}

inline void add_connectors() {
  using config::field;
  using config::spec;
  auto& registry = connector_registry::instance();

  auto caller = std::make_shared<connector_entry::caller_kind>();
  caller->spec =
    spec{"http"}
      .add(field::text("url")
             .doc("Base.")
             .example("https://api.example")
             .check([](std::string_view text) -> std::optional<std::string> {
               return text.starts_with("http") ? std::nullopt
                                               : std::optional<std::string>{"must begin with http"};
             }))
      .add(field::object("auth", {field::text("token_url").doc("Where."),
                                  field::text("client_id").doc("Who."),
                                  field::text("client_secret").doc("Proof.").secret()})
             .doc("OAuth2.")
             .optional())
      .add(field::number("concurrency").doc("At once.").by_default("16").min(1).max(1024))
      .add(field::duration("timeout").doc("Of a try.").by_default("10s"));
  registry.add({"http", "Calls.", caller, nullptr, nullptr, nullptr});

  auto ingress = std::make_shared<connector_entry::ingress_kind>();
  ingress->spec = spec{"file"}
                    .add(field::text("path").doc("Which."))
                    .add(field::boolean("follow").doc("Waits for more.").by_default("false"));
  auto egress = std::make_shared<connector_entry::egress_kind>();
  egress->spec = spec{"file"}.add(field::text("path").doc("Which."));
  registry.add({"file", "Reads and writes lines.", nullptr, ingress, egress, nullptr});

  auto generate = std::make_shared<connector_entry::ingress_kind>();
  generate->spec = spec{"generate"}.add(field::number("records").doc("How many."));
  registry.add({"generate", "Makes records.", nullptr, generate, nullptr, nullptr});
}

inline void add_all() {
  static const bool once = [] {
    add_operators();
    add_connectors();
    return true;
  }();
  (void) once;
}

/// The variables that the good config needs.
inline config::environment environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    static const std::map<std::string, std::string, std::less<>> values{
      {"PRISON_API_URL", "http://prison-api"},
      {"COMMUNITY_API_URL", "http://community-api"},
      {"OAUTH_URL", "http://oauth"},
      {"OAUTH_CLIENT_ID", "sallyport"},
      {"OAUTH_CLIENT_SECRET", "hush"},
      {"WORDS", "many words"},
      {"PORT_WORD", "eighty"},
      {"SALLYPORT_TOKEN_FILE", "/no/such/file"}};
    auto it = values.find(name);
    return it == values.end() ? std::nullopt : std::optional{it->second};
  };
}

} // namespace sallyport::fakes
