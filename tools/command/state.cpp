#include "engine/core/binary.hpp"
#include "engine/lane/rows.hpp"
#include "engine/services/record_json.hpp"
#include "tools/command/folder.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <optional>

namespace sallyport::command {

namespace {

struct options {
  folder_option where;
  std::string part;
  std::string stage;
  std::optional<std::uint32_t> lane;
  std::string key;
  std::string prefix;
  std::uint64_t limit = 1'000;
  bool all_kinds = false;
};

/// A row's name, taken apart again (see engine/lane/rows.hpp).
struct row_name {
  std::string part;
  std::uint32_t lane = 0;
  std::string stage;
  char kind = 0;
  std::string key;
};

std::optional<row_name> parse(std::string_view key) {
  row_name name;
  auto end = key.find('\0');
  if (end == std::string_view::npos || key.size() < end + 6)
    return std::nullopt;
  name.part = key.substr(0, end);
  binary::reader in{key.substr(end + 1)};
  name.lane = in.be32();
  auto rest = in.rest();
  end = rest.find('\0');
  if (end == std::string_view::npos || rest.size() < end + 2)
    return std::nullopt;
  name.stage = rest.substr(0, end);
  name.kind = rest[end + 1];
  name.key = rest.substr(end + 2);
  return name;
}

std::string_view kind_name(char of) {
  using lane::rows::kind;
  switch (static_cast<kind>(of)) {
  case kind::counts: return "counts";
  case kind::state: return "state";
  case kind::timer_due: return "timer";
  case kind::timer_name: return "timer_name";
  case kind::call: return "call";
  case kind::circuit: return "circuit";
  case kind::conversation: return "conversation";
  case kind::reply: return "reply";
  case kind::queued: return "queued";
  case kind::line: return "line";
  case kind::door: return "door";
  }
  return "unknown";
}

void print_row(const row_name& name, std::string_view value) {
  std::string line = R"({"part":)";
  append_json_text(line, name.part);
  line += R"(,"lane":)" + std::to_string(name.lane) + R"(,"stage":)";
  append_json_text(line, name.stage);
  line += R"(,"kind":")" + std::string{kind_name(name.kind)} + R"(","key":)";
  append_json_text(line, name.key);
  line += R"(,"value":)";
  append_json_text(line, value.substr(value.empty() ? 0 : 1));
  std::cout << line << "}\n";
}

bool wanted(const options& o, const row_name& name) {
  return (o.part.empty() || o.part == name.part) && (o.stage.empty() || o.stage == name.stage) &&
         (!o.lane || *o.lane == name.lane) &&
         (o.all_kinds || name.kind == static_cast<char>(lane::rows::kind::state));
}

status show(const options& o, bool exact) {
  SALLYPORT_TRY(auto folder, o.where.folder());
  SALLYPORT_TRY(auto in, open_folder::open(folder, true));
  std::uint64_t shown = 0;
  SALLYPORT_CHECK(
    in->store->scan(family::state, "", "", [&](std::string_view key, std::string_view value) {
      auto name = parse(key);
      if (!name || !wanted(o, *name) ||
          (exact ? name->key != o.key : !name->key.starts_with(o.prefix)))
        return true;
      print_row(*name, value);
      return ++shown < o.limit;
    }));
  if (exact && shown == 0)
    return fail(error::user(errc::not_found, "no stage has a row of that key"));
  return {};
}

void declare_common(CLI::App& sub, options& o) {
  o.where.declare(sub);
  sub.add_option("--part", o.part, "Only this part.");
  sub.add_option("--stage", o.stage, "Only this stage.");
  sub.add_option("--lane", o.lane, "Only this lane (partition).");
  sub.add_flag("--all-kinds", o.all_kinds,
               "The engine's rows too: timers, calls, conversations, counts.");
}

} // namespace

void declare_state(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.require_subcommand(1);
  auto* get = sub.add_subcommand("get", "The rows of one key, as NDJSON.");
  declare_common(*get, *o);
  get->add_option("KEY", o->key, "The operator's own key.")->required();
  get->callback([o, &code] {
    if (auto done = show(*o, true); !done)
      code = report(done.error());
  });
  auto* scan = sub.add_subcommand("scan", "Rows in the order of their keys, as NDJSON.");
  declare_common(*scan, *o);
  scan->add_option("--prefix", o->prefix, "Only keys that begin so.");
  scan->add_option("--limit", o->limit, "How many rows at most.");
  scan->callback([o, &code] {
    if (auto done = show(*o, false); !done)
      code = report(done.error());
  });
}

} // namespace sallyport::command
