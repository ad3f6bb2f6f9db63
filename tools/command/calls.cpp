#include "tools/command/screen.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>

namespace sallyport::command {

namespace {

using json = nlohmann::ordered_json;

struct options {
  look_option look;
  change_option why;
  std::map<std::string, std::string> narrowed;
  bool in_doubt = false;
  std::vector<std::string> calls;
  std::string as;
};

std::string screen(const json& answer) {
  const auto now = cell(answer, "now");
  std::vector<std::vector<std::string>> rows;
  for (const auto& c : answer.value("calls", json::array()))
    rows.push_back(
      {cell(c, "call"), cell(c, "peer"), cell(c, "key"), cell(c, "state"), cell(c, "tries"),
       cell(c, "in_doubt"), age_between(cell(c, "asked"), now),
       age_between(now, cell(c, "next_try")),
       c.contains("last_status") && c["last_status"] == 0 ? "none" : cell(c, "last_status"),
       cell(c, "request")});
  return (rows.empty() ? "No call fits.\n"
                       : table({"call", "peer", "key", "state", ">tries", "doubt", ">age", ">next",
                                "last", "request"},
                               rows)) +
         shown_of(answer, "calls");
}

status list(const options& o) {
  SALLYPORT_TRY(const auto at, o.look.where.open());
  remote::query with;
  for (const auto& [name, value] : o.narrowed)
    if (!value.empty())
      with.emplace(name, value);
  if (o.in_doubt)
    with.emplace("in-doubt", "1");
  SALLYPORT_TRY(const auto answer, at.get("/admin/calls", with));
  o.look.print(answer, [&](const config::page&) { return screen(answer); });
  return {};
}

status resolve(const options& o) {
  SALLYPORT_TRY(const auto at, o.look.where.open());
  SALLYPORT_CHECK(o.why.confirm((o.as == "retry" ? "Try " : "Settle as " + o.as + " ") +
                                std::to_string(o.calls.size()) +
                                (o.calls.size() == 1 ? " call of " : " calls of ") + at.url()));
  auto body = order_body(o.why);
  body["calls"] = o.calls;
  body["as"] = o.as;
  SALLYPORT_TRY(const auto answer, at.post("/admin/calls/resolve", body));
  o.look.print(answer, [&](const config::page&) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& one : answer.value("orders", json::array()))
      rows.push_back({cell(one, "call"), cell(one, "outcome")});
    return table({"call", "outcome"}, rows);
  });
  return {};
}

} // namespace

void declare_calls(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.footer("Example: sallyport calls --peer community-api --in-doubt");
  o->look.declare(sub);
  sub.add_option("--peer", o->narrowed["peer"], "Only to this call port.");
  sub.add_option("--stage", o->narrowed["stage"], "Only of this stage.");
  sub.add_option("--key", o->narrowed["key"], "Only of this key.");
  sub.add_option("--state", o->narrowed["state"],
                 "Only in this state: under_way, behind, retrying, held, paused.");
  sub.add_option("--older-than", o->narrowed["older-than"], "Only older ones, as 10m or 2h.");
  sub.add_option("--tries-min", o->narrowed["tries-min"], "Only those with so many tries.");
  sub.add_flag("--in-doubt", o->in_doubt, "Only those that may have been done already.");
  sub.add_option("--limit", o->narrowed["limit"], "How many at most.");
  sub.callback([&sub, show = reporting(code, o, list)] {
    if (sub.get_subcommands().empty())
      show();
  });
  auto* one = sub.add_subcommand(
    "resolve", "Says how calls ended, after a look at the peer, or tries them now.");
  one->footer("Example: sallyport calls resolve custody/2/custody/1041/0 --as done --reason 'seen "
              "in Delius'\ndone: as if the peer had answered 200. refused: as if it had answered "
              "400. retry: the next try is made now, also through an open circuit.");
  o->look.declare(*one);
  one->add_option("CALL", o->calls, "As `sallyport calls` names them.")->required();
  one->add_option("--as", o->as, "How they ended: done, refused, or retry to try them now.")
    ->required()
    ->check(CLI::IsMember({"done", "refused", "retry"}));
  o->why.declare(*one);
  one->callback(reporting(code, o, resolve));
}

} // namespace sallyport::command
