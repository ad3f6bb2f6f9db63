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
  std::string stage;
  std::string key;
  bool overdue = false;
  std::uint64_t limit = 50;
};

std::string screen(const json& answer) {
  const auto now = cell(answer, "now");
  std::vector<std::vector<std::string>> rows;
  for (const auto& t : answer.value("timers", json::array()))
    rows.push_back({cell(t, "due"),
                    t.value("overdue", false) ? "late " + age_between(cell(t, "due"), now)
                                              : age_between(now, cell(t, "due")),
                    cell(t, "stage"), cell(t, "part") + "/" + cell(t, "partition"),
                    cell(t, "timer")});
  return (rows.empty() ? "No timer fits.\n"
                       : table({"due", ">in", "stage", "lane", "timer"}, rows)) +
         shown_of(answer, "timers");
}

status timers(const options& o) {
  SALLYPORT_TRY(const auto at, o.look.where.open());
  remote::query with{{"limit", std::to_string(o.limit)}};
  if (!o.stage.empty())
    with.emplace("stage", o.stage);
  if (!o.key.empty())
    with.emplace("key", o.key);
  if (o.overdue)
    with.emplace("overdue", "1");
  SALLYPORT_TRY(const auto answer, at.get("/admin/timers", with));
  o.look.print(answer, [&](const config::page&) { return screen(answer); });
  return {};
}

} // namespace

void declare_timers(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.footer("Example: sallyport timers --stage custody --overdue");
  o->look.declare(sub);
  sub.add_option("--stage", o->stage, "Only of this stage.");
  sub.add_option("--key", o->key, "Only timers whose name has this key.");
  sub.add_flag("--overdue", o->overdue, "Only those that should have fired already.");
  sub.add_option("--limit", o->limit, "How many at most.");
  sub.callback(reporting(code, o, timers));
}

} // namespace sallyport::command
