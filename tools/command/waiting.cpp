#include "tools/command/screen.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <memory>

namespace sallyport::command {

namespace {

using json = nlohmann::ordered_json;

struct options {
  look_option look;
  change_option why;
  std::map<std::string, std::string> narrowed;
  std::vector<std::string> keys;
  bool all = false;
};

struct order {
  const char* name;
  const char* summary;
  const char* asked; ///< of the person, before the number of records
};
constexpr std::array orders{
  order{"retry-now", "Makes the next attempt of records that wait now.", "Try again"},
  order{"pause", "Tries records no more, until they are resumed or their time is over.", "Pause"},
  order{"resume", "Tries paused records again.", "Resume"},
  order{"discard", "Lets records go for good.", "Discard"},
};

std::vector<std::string> row(const json& r, const std::string& now) {
  return {cell(r, "key"),
          r.contains("paused") ? "paused" : cell(r, "state"),
          cell(r, "status"),
          cell(r, "attempts"),
          age_between(cell(r, "since"), now),
          age_between(now, cell(r, "next")),
          age_between(now, cell(r, "until")),
          cell(r, "paused")};
}

std::string screen(const json& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& r : answer.value("waiting", json::array()))
    rows.push_back(row(r, cell(answer, "now")));
  return (rows.empty() ? "No record fits.\n"
                       : table({"key", "state", "status", ">attempts", ">age", ">next in",
                                ">given up in", "paused for"},
                               rows)) +
         shown_of(answer, "waiting");
}

/// What narrows, as parameters of an address.
remote::query query_of(const options& o) {
  remote::query with;
  for (const auto& [name, value] : o.narrowed)
    if (!value.empty())
      with.emplace(name, value);
  return with;
}

status list(const options& o) {
  SALLYPORT_TRY(const auto at, o.look.where.open());
  SALLYPORT_TRY(const auto answer, at.get("/admin/waiting", query_of(o)));
  o.look.print(answer, [&](const config::page&) { return screen(answer); });
  return {};
}

status give(const options& o, const order& what) {
  if (o.keys.empty() != o.all)
    return fail(error::user(errc::invalid_config,
                            "name the records by KEY, or say --all with what narrows it"));
  SALLYPORT_TRY(const auto at, o.look.where.open());
  auto body = order_body(o.why);
  if (o.all) {
    body["all"] = true;
    for (const auto& [name, value] : query_of(o))
      body[name] = value;
    SALLYPORT_TRY(const auto fitting, at.get("/admin/waiting", query_of(o)));
    SALLYPORT_CHECK(o.why.confirm(std::string{what.asked} + " " + cell(fitting, "found") +
                                  " records of " + at.url()));
  } else {
    body["keys"] = o.keys;
    SALLYPORT_CHECK(o.why.confirm(std::string{what.asked} + " the records of " +
                                  std::to_string(o.keys.size()) + " keys of " + at.url()));
  }
  SALLYPORT_TRY(const auto answer, at.post("/admin/waiting/" + std::string{what.name}, body));
  o.look.print(answer, [&](const config::page&) -> std::string {
    std::vector<std::vector<std::string>> rows;
    for (const auto& one : answer.value("orders", json::array()))
      rows.push_back({cell(one, "key"), cell(one, "outcome"),
                      one.contains("now")
                        ? cell(one["now"], "state") + ", " + cell(one["now"], "status")
                        : "-"});
    return rows.empty() ? "No record fits: nothing was changed.\n"
                        : table({"key", "outcome", "now"}, rows);
  });
  return {};
}

void declare_narrowing(CLI::App& sub, const std::shared_ptr<options>& o) {
  sub.add_option("--state", o->narrowed["state"], "Only in this state: held, in_call, waiting.");
  sub.add_option("--status", o->narrowed["status"], "Only those whose last attempt ended so.");
  sub.add_option("--older-than", o->narrowed["older-than"], "Only older ones, as 2h or 7d.");
  sub.add_option("--tries-min", o->narrowed["tries-min"], "Only those with so many attempts.");
  sub.add_option("--stage", o->narrowed["stage"], "Only of this stage.");
}

} // namespace

void declare_waiting(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.footer("Example: sallyport waiting --status NO_MATCH --older-than 7d");
  o->look.declare(sub);
  declare_narrowing(sub, o);
  sub.add_option("--key", o->narrowed["key"], "Only of this key.");
  sub.add_option("--limit", o->narrowed["limit"], "How many at most.");
  sub.callback([&sub, show = reporting(code, o, list)] {
    if (sub.get_subcommands().empty())
      show();
  });
  for (const auto& what : orders) {
    auto* one = sub.add_subcommand(what.name, what.summary);
    one->footer("Example: sallyport waiting " + std::string{what.name} +
                " 1200835 --reason 'looked at with the prison'");
    o->look.declare(*one);
    one->add_option("KEY", o->keys,
                    "As `sallyport waiting` names them, or what stands before the slash.");
    one->add_flag("--all", o->all, "All that fit what narrows them, instead of keys.");
    declare_narrowing(*one, o);
    o->why.declare(*one);
    one->callback(reporting(code, o, [what](const options& with) { return give(with, what); }));
  }
}

} // namespace sallyport::command
