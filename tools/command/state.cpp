#include "engine/lane/row_service.hpp"
#include "tools/command/folder.hpp"
#include "tools/command/output_file.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>
#include <optional>

namespace sallyport::command {

namespace {

using json = nlohmann::ordered_json;

constexpr const char* rows_path = "/admin/state/rows";
constexpr const char* size_path = "/admin/state/size";
constexpr const char* no_limit = "1000000000000000000";

struct options {
  source_option from;
  std::string part;
  std::string stage;
  std::optional<std::uint32_t> lane;
  std::string key;
  std::string prefix;
  std::uint64_t limit = lane::row_lines::limit_by_default;
  bool all_kinds = false;
  std::string file;
  std::string format = "text";

  [[nodiscard]] remote::query asked() const {
    remote::query all;
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty())
        all.emplace(name, value);
    };
    add("part", part);
    add("stage", stage);
    add("lane", lane ? std::to_string(*lane) : "");
    add("prefix", prefix);
    add("all_kinds", all_kinds ? "true" : "");
    return all;
  }
};

status show(const options& o, remote::query asked, bool needed) {
  SALLYPORT_TRY(const auto from, o.from.open());
  asked.emplace("limit", std::to_string(o.limit));
  bool any = false;
  SALLYPORT_CHECK(from.get_lines(rows_path, asked, [&](std::string_view line) {
    std::cout << line << '\n';
    any = true;
    return std::cout.good();
  }));
  if (needed && !any)
    return fail(error::user(errc::not_found,
                            "no stage has a row of that key; a stage puts "
                            "words before the keys of records, as `sallyport state "
                            "scan` shows"));
  return {};
}

status get(const options& o) {
  auto asked = o.asked();
  asked.emplace("key", o.key);
  return show(o, std::move(asked), true);
}

status scan(const options& o) { return show(o, o.asked(), false); }

status size(const options& o) {
  SALLYPORT_TRY(const auto from, o.from.open());
  auto asked = o.asked();
  asked.erase("all_kinds");
  asked.emplace("all_kinds", "true");
  std::vector<std::vector<std::string>> rows;
  const bool as_json = o.format == "json";
  SALLYPORT_CHECK(from.get_lines(size_path, asked, [&](std::string_view line) {
    const auto row = json::parse(line, nullptr, false);
    if (as_json || !row.is_object())
      std::cout << line << '\n';
    else
      rows.push_back({row.value("part", ""), row.value("stage", ""), row.value("kind", ""),
                      std::to_string(row.value("rows", std::uint64_t{0})),
                      std::to_string(row.value("bytes", std::uint64_t{0}))});
    return std::cout.good();
  }));
  if (!as_json)
    std::cout << table({"part", "stage", "kind", ">rows", ">bytes"}, rows);
  return {};
}

status export_rows(const options& o) {
  SALLYPORT_TRY(const auto from, o.from.open());
  SALLYPORT_TRY(auto out, output_file::create(o.file));
  auto asked = o.asked();
  asked.emplace("limit", no_limit);
  progress shown{"rows"};
  std::size_t done = 0;
  status written;
  SALLYPORT_CHECK(from.get_lines(rows_path, asked, [&](std::string_view line) {
    written = out.write(std::string{line} + '\n');
    shown.at(++done);
    return written.has_value();
  }));
  SALLYPORT_CHECK(written);
  return out.finish();
}

void declare_common(CLI::App& sub, options& o) {
  o.from.declare(sub);
  sub.add_option("--part", o.part, "Only this part.");
  sub.add_option("--stage", o.stage, "Only this stage.");
  sub.add_option("--lane", o.lane, "Only this lane (partition).");
}

void declare_kinds(CLI::App& sub, options& o) {
  sub.add_flag("--all-kinds", o.all_kinds,
               "The engine's rows too: timers, calls, conversations, counts.");
}

} // namespace

void declare_state(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.require_subcommand(1);
  sub.footer("For example: sallyport state scan --stage custody --prefix open/ --url "
             "http://127.0.0.1:8080\n" +
             exit_code_help());
  auto* one = sub.add_subcommand("get", "The rows of one key, as NDJSON.");
  declare_common(*one, *o);
  declare_kinds(*one, *o);
  one->add_option("KEY", o->key, "The whole key of the row, as scan shows it.")->required();
  one->callback(reporting(code, o, get));
  auto* some = sub.add_subcommand("scan", "Rows in the order of their keys, as NDJSON.");
  declare_common(*some, *o);
  declare_kinds(*some, *o);
  some->add_option("--prefix", o->prefix, "Only keys that begin so.");
  some->add_option("--limit", o->limit, "How many rows at most.");
  some->callback(reporting(code, o, scan));
  auto* sizes = sub.add_subcommand("size", "Rows and bytes by part, stage and kind.");
  declare_common(*sizes, *o);
  sizes->add_option("--format", o->format, "text or json (a line each).")
    ->check(CLI::IsMember({"text", "json"}));
  sizes->callback(reporting(code, o, size));
  auto* all = sub.add_subcommand("export", "All rows into a file, as NDJSON; whole or not at all.");
  declare_common(*all, *o);
  declare_kinds(*all, *o);
  all->add_option("FILE", o->file, "The file to make.")->required();
  all->add_option("--prefix", o->prefix, "Only keys that begin so.");
  all->callback(reporting(code, o, export_rows));
}

} // namespace sallyport::command
