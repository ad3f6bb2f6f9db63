#include "tools/command/screen.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <memory>

namespace sallyport::command {

namespace {

using json = nlohmann::ordered_json;

struct options {
  look_option look;
  change_option why;
  std::string what;
};

status change(const options& o, bool pause) {
  SALLYPORT_TRY(const auto at, o.look.where.open());
  SALLYPORT_CHECK(o.why.confirm((pause ? "Start no more calls: " : "Start calls again: ") + o.what +
                                " of " + at.url()));
  auto body = order_body(o.why);
  body["what"] = o.what;
  SALLYPORT_TRY(const auto answer, at.post(pause ? "/admin/pause" : "/admin/resume", body));
  o.look.print(answer, [&](const config::page&) {
    const auto name = cell(answer, "what");
    return name + (pause ? " is paused" : " goes on") +
           (answer.value("lanes_follow", false)
              ? ".\n"
              : "; not all lanes have taken it yet, each does so when it is open.\n") +
           (pause ? "Records are taken in and wait. sallyport resume " + o.what + " ends it.\n"
                  : "");
  });
  return {};
}

status drain(const options& o) {
  SALLYPORT_TRY(const auto at, o.look.where.open());
  SALLYPORT_CHECK(o.why.confirm("Give the lanes of " + at.url() + " away and stop it"));
  SALLYPORT_TRY(const auto answer, at.post("/admin/drain", order_body(o.why)));
  o.look.print(answer, [&](const config::page&) {
    return at.url() + " gives its lanes away, commits and ends with status 0.\n";
  });
  return {};
}

void declare_change(CLI::App& sub, int& code, bool pause) {
  auto o = std::make_shared<options>();
  o->look.declare(sub);
  sub.add_option("WHAT", o->what, "A peer (call port), a stage (its name, or part.stage), or all.")
    ->required();
  o->why.declare(sub);
  sub.callback(reporting(code, o, [pause](const options& with) { return change(with, pause); }));
}

} // namespace

void declare_pause(CLI::App& sub, int& code) {
  sub.footer("Example: sallyport pause community-api --reason 'Delius is upgraded until 6'\nCalls "
             "that are on their way end; no other starts, whatever is restarted meanwhile.");
  declare_change(sub, code, true);
}

void declare_resume(CLI::App& sub, int& code) {
  sub.footer("Example: sallyport resume community-api --reason 'Delius is back'");
  declare_change(sub, code, false);
}

void declare_drain(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.footer("Example: sallyport drain --url http://10.0.0.7:8080 --reason 'new kernel'");
  o->look.declare(sub);
  o->why.declare(sub);
  sub.callback(reporting(code, o, drain));
}

} // namespace sallyport::command
