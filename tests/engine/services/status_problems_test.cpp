#include "engine/services/status_service.hpp"

#include "engine/time/zone.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace sallyport {
namespace {

using json = nlohmann::ordered_json;

const wall_time now{duration{1'769'850'000'123}};

/// The first problem of a status, as `severity: what`; empty if it is well.
std::string first_of(const json& status) {
  const auto all = problems_of(status, now);
  return all.empty()
           ? ""
           : all[0]["severity"].get<std::string>() + ": " + all[0]["what"].get<std::string>();
}

std::string at(std::chrono::seconds ago) { return format_utc(now - ago); }

TEST(status_problems, a_quiet_application_is_well) {
  EXPECT_EQ(first_of(json::object()), "");
  EXPECT_EQ(first_of({{"timers", {{"next", at(std::chrono::seconds{-60})}}},
                      {"peers", {{"delius", {{"open", 3}, {"mean_seconds", 0.1}}}}},
                      {"difference", 0}}),
            "");
}

TEST(status_problems, each_fault_is_said_with_what_helps) {
  using std::chrono::seconds;
  const json failure{{"at", at(seconds{5})}, {"status", 503}};
  const std::vector<std::pair<json, std::string>> faults{
    {{{"peers", {{"delius", {{"open", 40}, {"circuits_open", 1}, {"failure", failure}}}}}},
     "error: the circuit to delius is open; it answers 503"},
    {{{"peers", {{"delius", {{"open", 4}, {"failure", failure}, {"last_good", at(seconds{99})}}}}}},
     "error: delius has not answered well for a minute; it answers 503"},
    {{{"peers", {{"delius", {{"mean_seconds", 4.2}}}}}},
     "warning: delius is slow: a try takes 4.2 s"},
    {{{"peers",
       {{"delius",
         {{"open", 1}, {"tried_again", 1}, {"failure", failure}, {"last_good", at(seconds{9})}}}}}},
     "warning: 1 calls to delius are tried again and again; it answers 503"},
    {{{"peers", {{"delius", {{"unauthorized", {{"at", at(seconds{9})}, {"status", 401}}}}}}}},
     "error: delius refused us: 401"},
    {{{"instances", {{{"address", "a"}, {"disk_free", 1U << 20U}, {"disk_size", 1U << 30U}}}}},
     "error: only 1 MiB left on the disk of the state folder of a"},
    {{{"instances", {{{"address", "a"}, {"disk_free", 2ULL << 30U}, {"disk_size", 1ULL << 40U}}}}},
     "warning: 2048 MiB left on the disk of the state folder of a"},
    {{{"instances", {{{"address", "a"}, {"clock_set_by_seconds", -3600}}}}},
     "warning: the clock of a was set back by 3600 s since the start"},
    {{{"timers", {{"next", at(seconds{600})}}}},
     "warning: timers are late: the first was due " + at(seconds{600})},
    {{{"lanes", {{"missing", {"custody/1"}}}}}, "error: 1 lanes are not open: custody/1"},
    {{{"instances", {{{"lane_failures", 3}}}}}, "warning: lanes failed 3 times since the start"},
    {{{"dead_letters", {{"dead", {{"letters", 2}, {"causes", {{"no_json", 2}}}}}}}},
     "warning: 2 dead letters in dead: no_json 2"},
    {{{"parts", {{"custody", {{"records", 100}, {"discarded", {{"other_prison", 90}}}}}}}},
     "note: 90 of 100 records of custody were discarded: other_prison 90"},
    {{{"parts", {{"custody", {{"records", 100}, {"discarded", {{"other_prison", 99}}}}}}}},
     "warning: 99 of 100 records of custody were discarded: other_prison 99"},
    {{{"parts", {{"custody", {{"records", 100}, {"discarded", {{"repeated_message", 66}}}}}}}},
     "note: 66 of 100 records of custody were copies, or gave way to newer ones"},
    {{{"peers",
       {{"delius",
         {{"unauthorized",
           {{"at", at(seconds{9})},
            {"status", 0},
            {"reason", "the token endpoint answered 401"}}}}}}}},
     "error: no token for delius: the token endpoint answered 401"},
    {{{"peers",
       {{"delius", {{"given_up", 2}, {"last_good", at(seconds{1})}, {"failure", failure}}}}}},
     "warning: delius answers, but 2 calls were given up since the start; it answers 503"},
    {{{"waiting", {{"held", {{"records", 3}, {"oldest", at(seconds{7200})}}}}}},
     "warning: 3 records are held back, the oldest since " + at(seconds{7200})},
    {{{"instances", {{{"health", {{"connectors", {{"up", false}, {"out", "no disk"}}}}}}}}},
     "error: the connector out ended: no disk"},
    {{{"not_told", {{{"instance", "b"}, {"why", "no route"}}}}},
     "error: b does not answer: no route"},
    {{{"difference", 1}}, "error: the records do not add up (conservation difference)"},
    {{{"lag", {{"events", 20'000}}}}, "warning: 20000 records of events wait to be read"}};
  for (const auto& [status, wanted] : faults) {
    EXPECT_EQ(first_of(status), wanted);
    for (const auto& p : problems_of(status, now))
      for (const char* field : {"means", "do", "page"})
        EXPECT_FALSE(p.value(field, std::string{}).empty()) << wanted << ": " << field;
    for (const auto& p : problems_of(status, now)) {
      const auto page = std::filesystem::path{SALLYPORT_SOURCE_DIR} / p["page"].get<std::string>();
      EXPECT_TRUE(std::filesystem::is_regular_file(page)) << page;
    }
  }
}

TEST(status_problems, the_worst_comes_first) {
  const json status{{"parts", {{"custody", {{"records", 100}, {"discarded", {{"a", 90}}}}}}},
                    {"peers", {{"delius", {{"mean_seconds", 9.0}}}}},
                    {"difference", 2}};
  const auto all = problems_of(status, now);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["severity"], "error");
  EXPECT_EQ(all[1]["severity"], "warning");
  EXPECT_EQ(all[2]["severity"], "note");
}

TEST(status_figures, of_several_instances_are_summed_and_the_oldest_kept) {
  json a{{"instances", {{{"address", "a"}}}},
         {"lanes", {"x/0"}},
         {"records", {{"held", 2}}},
         {"waiting", {{"held", {{"records", 2}, {"oldest", "2026-01-02"}}}}},
         {"peers", {{"delius", {{"open", 1}, {"mean_seconds", 1.0}, {"last_good", "2026-01-02"}}}}},
         {"difference", 0}};
  const json b{
    {"instances", {{{"address", "b"}}}},
    {"lanes", {"x/1"}},
    {"records", {{"held", 3}, {"done", 1}}},
    {"waiting", {{"held", {{"records", 3}, {"oldest", "2026-01-01"}}}}},
    {"peers", {{"delius", {{"open", 4}, {"mean_seconds", 3.0}, {"last_good", "2026-01-03"}}}}},
    {"difference", 1}};
  add_status(a, b);
  EXPECT_EQ(a["instances"].size(), 2U);
  EXPECT_EQ(a["lanes"].size(), 2U);
  EXPECT_EQ(a["records"]["held"], 5);
  EXPECT_EQ(a["records"]["done"], 1);
  EXPECT_EQ(a["waiting"]["held"]["oldest"], "2026-01-01");
  EXPECT_EQ(a["peers"]["delius"]["open"], 5);
  EXPECT_EQ(a["peers"]["delius"]["mean_seconds"], 3.0);
  EXPECT_EQ(a["peers"]["delius"]["last_good"], "2026-01-03");
  EXPECT_EQ(a["difference"], 1);
}

TEST(peer_board, keeps_the_last_failure_and_tells_refusals_of_us_apart) {
  peer_board board;
  board.note("delius", {200, {}, "", "", false}, duration{100}, now);
  board.note("delius", {404, {}, "", "", false}, duration{100}, now);
  EXPECT_FALSE(board.list()["delius"].last_failure.has_value()) << "it answers";
  board.note("delius", {0, {}, "", "refused", true}, duration{100}, now);
  board.note("delius", {401, {}, "", "", false}, duration{100}, now);
  const auto seen = board.list()["delius"];
  EXPECT_EQ(seen.tries, 4U);
  EXPECT_EQ(seen.last_failure->status, 401);
  EXPECT_EQ(seen.last_unauthorized->status, 401);
  EXPECT_EQ(seen.last_good, now);
  EXPECT_NEAR(seen.seconds, 0.1, 1e-9);
}

} // namespace
} // namespace sallyport
