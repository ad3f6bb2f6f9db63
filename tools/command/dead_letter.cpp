#include "tools/command/remote.hpp"
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

struct options {
  remote_option at;
  change_option change;
  std::string topic;
  std::optional<std::string> key;
  std::string cause;
  std::string older_than;
  std::uint64_t limit = 100;
  bool dry_run = false;
  std::string id;
  std::string format = "text";

  [[nodiscard]] remote::query asked() const {
    remote::query all;
    if (!topic.empty())
      all.emplace("topic", topic);
    if (key)
      all.emplace("key", *key);
    if (!cause.empty())
      all.emplace("cause", cause);
    if (!older_than.empty())
      all.emplace("older_than", older_than);
    return all;
  }
};

std::string text_in(const json& of, const char* name) {
  const auto found = of.find(name);
  return found != of.end() && found->is_string() ? found->get<std::string>() : "";
}

std::uint64_t number_in(const json& of, const char* name) {
  const auto found = of.find(name);
  return found != of.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// -- to look --------------------------------------------------------------------------------------

status list(const options& o) {
  SALLYPORT_TRY(const auto from, o.at.open());
  auto asked = o.asked();
  asked.emplace("limit", std::to_string(o.limit));
  std::vector<std::vector<std::string>> rows;
  SALLYPORT_CHECK(from.get_lines("/admin/dead-letters", asked, [&](std::string_view line) {
    if (o.format == "json") {
      std::cout << line << '\n';
      return std::cout.good();
    }
    const auto letter = json::parse(line, nullptr, false);
    rows.push_back({text_in(letter, "topic"), text_in(letter, "id"), text_in(letter, "key"),
                    text_in(letter, "deadAt"), text_in(letter, "stage"),
                    std::to_string(number_in(letter, "redriven")), text_in(letter, "cause")});
    return true;
  }));
  if (o.format == "json")
    return {};
  if (rows.empty())
    std::cout << "no dead letters wait\n";
  else
    std::cout << table({"topic", "id", "key", "dead at", "stage", ">redriven", "cause"}, rows);
  if (rows.size() == o.limit)
    std::cout << "there may be more: --limit N\n";
  return {};
}

void print_letter(const json& letter) {
  const auto show = [](const std::string& name, const json& value) {
    std::cout << name << ": "
              << (value.is_string() ? value.get<std::string>()
                                    : value.dump(2, ' ', false, json::error_handler_t::replace))
              << '\n';
  };
  for (const char* name : {"timestamp", "key"})
    show(name, letter.value(name, json{}));
  // What the engine says of its death goes first.
  const auto headers = letter.value("headers", json::object());
  for (const bool own : {true, false})
    for (const auto& [name, value] : headers.items())
      if (name.starts_with("sallyport-") == own)
        for (const auto& each : value.is_array() ? value : json::array({value}))
          show(name, each);
  show("value", letter.value("value", json{}));
}

status show(const options& o) {
  const auto dash = o.id.find('-');
  std::int64_t offset = -1;
  if (dash == std::string::npos || !CLI::detail::lexical_cast(o.id.substr(dash + 1), offset) ||
      offset < 0)
    return fail(error::user(errc::invalid_config,
                            "an id is partition and offset, as `dead-letter list` shows: 3-17"));
  SALLYPORT_TRY(const auto from, o.at.open());
  bool found = false;
  SALLYPORT_CHECK(from.get_lines("/log/" + percent_encoded(o.topic),
                                 {{"partition", o.id.substr(0, dash)},
                                  {"from", std::to_string(offset)},
                                  {"to", std::to_string(offset + 1)}},
                                 [&](std::string_view line) {
                                   found = true;
                                   if (o.format == "json")
                                     std::cout << line << '\n';
                                   else
                                     print_letter(json::parse(line, nullptr, false));
                                   return true;
                                 }));
  return found ? status{}
               : fail(error::user(errc::not_found, "there is no such letter (any more)"));
}

// -- to send back ---------------------------------------------------------------------------------

std::uint64_t sum(const json& done, const char* name) {
  std::uint64_t all = 0;
  for (const auto& topic : done.value("topics", json::array()))
    all += number_in(topic, name);
  return all;
}

void print(const options& o, const json& done) {
  if (o.format == "json") {
    std::cout << done.dump() << '\n';
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& topic : done.value("topics", json::array()))
    rows.push_back({text_in(topic, "topic"), std::to_string(number_in(topic, "waiting")),
                    std::to_string(number_in(topic, "redriven")),
                    std::to_string(number_in(topic, "behind_others")),
                    std::to_string(number_in(topic, "without_source"))});
  std::cout << table({"topic", ">waiting", o.dry_run ? ">would go" : ">sent back", ">behind others",
                      ">without source"},
                     rows);
  if (sum(done, "behind_others") > 0)
    std::cout << "Behind others: an earlier letter of the same key waits and is not chosen.\n";
}

status redrive(const options& o) {
  if (o.change.reason.empty() && !o.dry_run)
    return fail(error::user(errc::invalid_config,
                            "--reason says why the letters are sent back; it is recorded"));
  SALLYPORT_TRY(const auto at, o.at.open());
  constexpr const char* path = "/admin/dead-letters/redrive";
  auto asked = o.asked();
  auto dry = asked;
  dry.emplace("dry_run", "true");
  SALLYPORT_TRY(const auto would, at.post(path, dry));
  const auto letters = sum(would, "redriven");
  if (o.dry_run || letters == 0) {
    print(o, would);
    return {};
  }
  SALLYPORT_CHECK(o.change.confirm("Send back " + std::to_string(letters) +
                                   (letters == 1 ? " letter" : " letters")));
  asked.emplace("reason", o.change.reason);
  SALLYPORT_TRY(const auto done, at.post(path, asked));
  print(o, done);
  return {};
}

// -- the table ------------------------------------------------------------------------------------

void declare_format(CLI::App& sub, options& o) {
  sub.add_option("--format", o.format, "text or json.")->check(CLI::IsMember({"text", "json"}));
}

void declare_choice(CLI::App& sub, options& o) {
  o.at.declare(sub);
  sub.add_option("--topic", o.topic, "Only this topic of dead letters.");
  sub.add_option("--key", o.key, "Only letters of this key.");
  sub.add_option("--cause", o.cause, "Only letters of this cause.");
  sub.add_option("--older-than", o.older_than, "Only letters that died so long ago, as 2h.");
  declare_format(sub, o);
}

} // namespace

void declare_dead_letter(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.require_subcommand(1);
  sub.footer("For example: sallyport dead-letter redrive --cause refused --older-than 1h "
             "--reason 'the peer is mended'\n" +
             exit_code_help());
  auto* all = sub.add_subcommand("list", "The letters that wait: neither sent back nor purged.");
  declare_choice(*all, *o);
  all->add_option("--limit", o->limit, "How many at most.");
  all->callback(reporting(code, o, list));
  auto* one = sub.add_subcommand("show", "All of one letter: why it died, its history, its value.");
  o->at.declare(*one);
  declare_format(*one, *o);
  one->add_option("TOPIC", o->topic, "The topic of dead letters.")->required();
  one->add_option("ID", o->id, "As the list shows it: 3-17.")->required();
  one->callback(reporting(code, o, show));
  auto* back = sub.add_subcommand(
    "redrive", "Sends letters back to where they came from, in the order of their keys. One that "
               "stands behind a letter of its key that stays, stays too. What fails again is here "
               "again, with its history.");
  declare_choice(*back, *o);
  o->change.declare(*back);
  back->get_option("--reason")->required(false);
  back->add_flag("--dry-run", o->dry_run, "Only tells what would be sent back.");
  back->callback(reporting(code, o, redrive));
}

} // namespace sallyport::command
