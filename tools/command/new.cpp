#include "engine/topology/schema.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>

namespace sallyport::command {

namespace {

namespace fs = std::filesystem;

// -- what a new topology begins with: small enough to be read at once, whole enough to be run
// --------
// `@NAME@` and `@SCHEMAS@` are filled in.

constexpr std::string_view topology_yaml =
  R"(# yaml-language-server: $schema=@SCHEMAS@/topology.schema.json
topology: @NAME@
summary: Lets the newest event of each id go on, at most every ten seconds.

settings:
  hold_back: { type: duration, default: 10s, doc: How long the events of an id are gathered. }

ports:
  events:   { kind: source, doc: "Events as JSON, as they come: { id, text }." }
  newest:   { kind: sink, doc: The newest event of each id. }
  rejected: { kind: sink, doc: "What could not be worked on, with its cause in headers." }

internal:
  by_id: { partitions: 4, doc: "Events keyed by their id, so that one lane has all of an id." }

parts:
  intake:
    reads: events
    stages:
      - name: whole
        operator: validate
        with: { fields: [{ field: /id, type: text, min: 1 }, { field: /text, type: text }] }
      - name: by_id
        operator: key_by
        with: { key: /id, to: by_id }
      - name: dead
        operator: dead_letter
        from: ["*.rejected"]
        with: { to: rejected }

  gather:
    reads: by_id
    stages:
      - name: hold
        operator: hold_back
        with: { for: "${settings.hold_back}" }
      - name: tell
        operator: publish
        with: { to: newest }
      - name: dead
        operator: dead_letter
        from: ["*.rejected"]
        with: { to: rejected }
)";

constexpr std::string_view config_yaml =
  R"(# yaml-language-server: $schema=@SCHEMAS@/config.schema.json
application: @NAME@
topology: topology.yaml
state: { folder: "${SALLYPORT_STATE_DIR:./state}" }
http: { port: "${SALLYPORT_HTTP_PORT:8080}" }
settings:
  hold_back: "${HOLD_BACK:10s}"
bind:
  events: { ingress: [{ file: { path: events.ndjson, follow: true, key: /id } }] }
  newest: { egress: [{ file: { path: newest.ndjson } }] }
  rejected: {}
)";

constexpr std::string_view case_yaml =
  R"(case: The newest event of an id goes on ten seconds after its first, whatever happens meanwhile
topology: @NAME@
settings: { hold_back: 10s }
start: "2024-03-01T12:00:00Z"
steps:
  - feed: { json: { id: A, text: first } }
  - advance: 4s
  - feed: { json: { id: A, text: second } }
  - feed: { json: { text: nobody } }
  - restart: true
  - advance: 5s
  - expect_records:
      newest: []
      rejected:
        - record: { headers: { sallyport-cause: invalid, sallyport-stage: intake.whole }, value: { text: nobody } }
  - advance: 1s
  - expect_records:
      newest:
        - record: { key: A, value: { id: A, text: second } }
  - expect_counts:
      intake: { received: 3, done: 2, dead: 1, difference: 0 }
      gather: { received: 2, done: 1, superseded: 1, difference: 0 }
)";

constexpr std::string_view events_ndjson = R"({"id":"A","text":"first"}
{"id":"B","text":"only"}
{"text":"nobody"}
{"id":"A","text":"second"}
)";

constexpr std::string_view readme = R"(# @NAME@

Lets the newest event of each id go on, at most every ten seconds. It is a beginning: replace it, line by line,
with what you need.

| File | |
|---|---|
| `topology.yaml` | what happens to records: ports, parts and their stages |
| `config.yaml` | where it runs: files, services and topics behind the ports |
| `cases/` | tests: what comes in, how time passes, what must come of it; `topology:` in them names this folder |
| `events.ndjson` | a few records to begin with |

Here, in this folder:

```sh
sallyport lint topology.yaml config.yaml
sallyport test .
sallyport graph --svg topology.yaml > graph.svg
sallyport run config.yaml
```

While it runs, the newest event of each id comes to `newest.ndjson` ten seconds after its first, and

```sh
curl localhost:8080/log/rejected                # what could not be worked on, and why
curl --data '{"id":"C","text":"more"}' 'localhost:8080/ingress/events?key=C'
curl localhost:8080/metrics
```

Lines of an id, and posts with its `key`, stay in their order; what comes without a key goes to the partitions in turn, and of two
such events the later may be read first. `hold_back` counts from the first event it holds; with `from: latest` it waits until
the id is quiet.

It may be killed at any time and goes on where it was; what it keeps is in `state/`.

`sallyport list` shows the operators that a stage can run, `sallyport docs NAME` tells what one takes, and an editor with a YAML
language server completes and checks both files by the first line of each.

An operator of your own is C++ and is built into the program: in Sallyport's sources, a file `topologies/@NAME@/THING.cpp`
that registers `@NAME@.THING`, as docs/adding_an_operator.md shows. There this folder belongs below `topologies/` as well, where
the test suite runs its cases. As long as the operators that are there will do, the folder can be anywhere.
)";

std::optional<std::string> wrong_name(const std::string& name) {
  const bool fits = !name.empty() && name.size() <= 60 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return fits ? std::nullopt
              : std::optional<std::string>{"'" + name +
                                           "' cannot be the name of a topology; it takes "
                                           "small letters, digits, '_' and '-'"};
}

std::string filled(std::string_view form, const std::string& name, const std::string& schemas) {
  std::string out{form};
  for (const auto& [mark, value] :
       {std::pair{std::string{"@NAME@"}, name}, std::pair{std::string{"@SCHEMAS@"}, schemas}})
    for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at + value.size()))
      out.replace(at, mark.size(), value);
  return out;
}

/// Where the reference of the sources is, seen from the folder; empty outside of them.
std::string reference_above(const fs::path& folder) {
  fs::path way;
  for (auto at = folder; at.has_relative_path(); at = at.parent_path()) {
    std::error_code wrong;
    if (fs::exists(at / "docs/reference/topology.schema.json", wrong))
      return (way / "docs/reference").string();
    way /= "..";
  }
  return {};
}

status make(const std::string& name, const std::string& where) {
  if (auto wrong = wrong_name(name))
    return fail(error::user(errc::invalid_config, *wrong));
  std::error_code wrong;
  const auto folder = fs::absolute(fs::path{where} / name).lexically_normal();
  if (fs::exists(folder, wrong))
    return fail(error::user(errc::invalid_config, folder.string() +
                                                    " is there already; nothing was "
                                                    "changed"));
  auto schemas = reference_above(folder);
  std::map<std::string, std::string> files;
  if (schemas.empty()) {
    schemas = "schemas";
    files["schemas/topology.schema.json"] = topology::topology_schema();
    files["schemas/config.schema.json"] = topology::config_schema();
  }
  for (const auto& [file, form] :
       {std::pair{"topology.yaml", topology_yaml}, std::pair{"config.yaml", config_yaml},
        std::pair{"cases/the_newest_event_goes_on.yaml", case_yaml},
        std::pair{"events.ndjson", events_ndjson}, std::pair{"README.md", readme}})
    files[file] = filled(form, name, schemas);
  for (const auto& [file, content] : files) {
    const auto path = folder / file;
    fs::create_directories(path.parent_path(), wrong);
    std::ofstream out{path, std::ios::binary};
    out << content;
    out.close();
    if (!out)
      return fail(error::user(errc::unavailable, "cannot write " + path.string()));
  }
  std::cout << folder.string() << " is a topology that runs. Begin with its README.md:\n"
            << "  cd " << folder.string() << "\n  sallyport test .\n  sallyport run config.yaml\n";
  return {};
}

} // namespace

void declare_new(CLI::App& sub, int& code) {
  sub.require_subcommand(1);
  auto* what = sub.add_subcommand("topology", "A folder with a topology that runs, its config, a "
                                              "test of it and a README.");
  auto name = std::make_shared<std::string>();
  auto where = std::make_shared<std::string>(".");
  what->add_option("NAME", *name, "Its name: small letters, digits, '_' and '-'.")->required();
  what->add_option("--in", *where, "The folder to make it in.")->capture_default_str();
  what->callback([name, where, &code] {
    if (auto made = make(*name, *where); !made)
      code = report(made.error());
  });
}

} // namespace sallyport::command
