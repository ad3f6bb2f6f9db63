#include "engine/testing/golden.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

/// A case that expects the wrong thing must fail, and say where: else none of the cases proves
/// anything.
namespace sallyport::testing {
namespace {

const std::filesystem::path source{SALLYPORT_SOURCE_DIR};

/// Runs a case of one number change: two reads come of it, it is held for 15 minutes, and then one
/// write, one telemetry event and one domain event.
std::vector<std::string> run_with(const std::string& steps, const std::string& head = "") {
  auto folder = std::filesystem::temp_directory_path() /
                ("sallyport_golden_runner_" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "peers");
  for (const auto* name : {"booking.yaml", "delius_takes_all.yaml"})
    std::filesystem::copy_file(source / "tests/golden/prison_to_probation/peers" / name,
                               folder / "peers" / name);
  std::ofstream out{folder / "case.yaml"};
  out << "case: x\nspec: x\ntopology: prison_to_probation\nstart: \"2020-02-12T15:15:00Z\"\n"
      << (head.empty() ? "settings: { hold_back: 15m }\nuse: [booking, delius_takes_all]\n" : head)
      << "steps:\n"
         "  - feed: { headers: { eventType: BOOKING_NUMBER-CHANGED }, json: { bookingId: 1200835 } "
         "}\n"
      << steps;
  out.close();
  auto failures = run_golden_case(folder / "case.yaml", source / "topologies");
  std::filesystem::remove_all(folder);
  return failures;
}

const std::string done = "  - advance: 15m\n"
                         "  - pass_over: [calls, telemetry, probation-case-events]\n";

TEST(golden_runner, a_case_whose_expectations_hold_passes) {
  EXPECT_EQ(run_with(done), std::vector<std::string>{});
}

struct wrong_case {
  const char* name;
  std::string steps;
  const char* told;
};

class golden_runner_wrong : public ::testing::TestWithParam<wrong_case> {};

TEST_P(golden_runner_wrong, expectation_fails_the_case_and_is_named_with_its_line) {
  const auto failures = run_with(GetParam().steps);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_NE(failures.front().find(GetParam().told), std::string::npos) << failures.front();
  EXPECT_NE(failures.front().find("case.yaml:"), std::string::npos) << failures.front();
}

const std::string replace = "PUT /secure/offenders/nomsNumber/A9999DY/nomsNumber";

INSTANTIATE_TEST_SUITE_P(
  wrong, golden_runner_wrong,
  ::testing::Values(
    wrong_case{"no_call_expected", "  - expect_calls: []\n" + done, "0 calls were expected"},
    wrong_case{"another_call_expected",
               "  - expect_calls: [prison-api GET /x, prison-api GET /y]\n" + done,
               "call 1 is prison-api GET "},
    wrong_case{"another_body_expected",
               "  - advance: 15m\n  - expect_calls_to: { community-api: [ { \"" + replace +
                 "\": { nomsNumber: A1 } } ] }\n" + done,
               "another body"},
    wrong_case{"another_time_expected",
               done + "  - expect_call_times: { \"community-api " + replace +
                 "\": [ \"2020-02-12T15:31:00Z\" ] }\n",
               "at another time"},
    wrong_case{"calls_left",
               "  - advance: 15m\n  - pass_over: [telemetry, probation-case-events]\n",
               "without expecting these"},
    wrong_case{"records_left", "  - advance: 15m\n  - pass_over: [calls, telemetry]\n",
               "records of probation-case-events"},
    wrong_case{"no_record_expected",
               "  - advance: 15m\n  - expect_records: { telemetry: [] }\n" + done,
               "0 records of telemetry"},
    wrong_case{"another_dimension_expected",
               "  - advance: 15m\n"
               "  - expect_records: { telemetry: [ { name: P2PBookingNumberChanged, properties: { "
               "bookingId: \"1200835\", offenderNo: A5089DY, oldOffenderNo: A9999DY, crn: X142620, "
               "more: \"*\" } } ] }\n" +
                 done,
               "no record of telemetry is like this"},
    wrong_case{
      "number_for_a_text",
      "  - advance: 15m\n"
      "  - expect_records: { telemetry: [ { name: P2PBookingNumberChanged, properties: { "
      "bookingId: 1200835, offenderNo: A5089DY, oldOffenderNo: A9999DY, crn: X142620 } } ] "
      "}\n" +
        done,
      "no record of telemetry is like this"},
    wrong_case{"another_counter_expected",
               done + "  - expect_counters: { ptpu_processed: { COMPLETED: 2 } }\n",
               "ptpu_processed of COMPLETED is 1"},
    wrong_case{"another_count_expected", done + "  - expect_counts: { custody: { held: 1 } }\n",
               "custody.held is 0"},
    wrong_case{"text_not_in_state", done + "  - expect_in_state: { custody.custody: [ Q1 ] }\n",
               "no row of custody.custody has 'Q1'"},
    wrong_case{"text_in_state",
               done + "  - expect_not_in_state: { custody.custody: [ A5089DY ] }\n",
               "a row of custody.custody has 'A5089DY'"},
    wrong_case{"unknown_step", "  - wait: 15m\n" + done, "unknown step 'wait'"},
    wrong_case{"unknown_key_of_a_feed", "  - feed: { jsn: {} }\n" + done, "did you mean 'json'?"},
    wrong_case{"unknown_source", "  - feed: { port: prison-offender-evnts }\n" + done,
               "did you mean 'prison-offender-events'?"},
    wrong_case{"unknown_topic", "  - expect_records: { telemetri: [] }\n" + done,
               "unknown topic 'telemetri'; did you mean 'telemetry'?"},
    wrong_case{"unknown_part", done + "  - expect_counts: { custodi: { held: 1 } }\n",
               "unknown part 'custodi'; did you mean 'custody'?"},
    wrong_case{"unknown_count", done + "  - expect_counts: { custody: { recieved: 1 } }\n",
               "unknown count 'recieved'; did you mean 'received'?"},
    wrong_case{"unknown_stage_of_rows", done + "  - expect_state: { custody.custod: 1 }\n",
               "unknown stage 'custody.custod'; did you mean 'custody.custody'?"},
    wrong_case{"unknown_stage_of_a_command",
               "  - command: { part: custody, stage: custodi, name: x }\n" + done,
               "unknown stage 'custody.custodi'"},
    wrong_case{"unknown_call_port",
               "  - peers: [ { call: prison-ap GET /x, reply: { status: 200 } } ]\n" + done,
               "unknown call port 'prison-ap'; did you mean 'prison-api'?"},
    wrong_case{"misspelt_step", "  - advanse: 15m\n" + done, "did you mean 'advance'?"},
    wrong_case{"unknown_sink", done + "  - pass_over: [telemetri]\n", "'telemetri'"}),
  [](const auto& info) { return std::string{info.param.name}; });

TEST(golden_runner, a_call_that_no_peer_answers_fails_the_case) {
  const auto failures = run_with(done, "settings: { hold_back: 15m }\nuse: [booking]\n");
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_NE(failures.front().find("no peer answers"), std::string::npos) << failures.front();
}

TEST(golden_runner, a_topology_that_is_not_there_is_told_where_the_case_names_it) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("sallyport_golden_nowhere_" + std::to_string(::getpid()) + ".yaml");
  std::ofstream{file} << "case: x\ntopology: nowhere\nstart: \"2020-02-12T15:15:00Z\"\nsteps: []\n";
  const auto failures = run_golden_case(file, source / "topologies");
  std::filesystem::remove(file);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_TRUE(failures.front().starts_with(file.string() + ":2: there is no ")) << failures.front();
}

TEST(golden_runner, a_missing_file_of_shared_peers_fails_the_case) {
  EXPECT_EQ(run_with(done, "use: [bookings]\n").size(), 1U);
}

TEST(golden_runner, files_of_shared_peers_are_no_cases) {
  for (const auto& file : find_golden_cases(source / "tests" / "golden"))
    EXPECT_NE(file.parent_path().filename(), "peers") << file;
}

} // namespace
} // namespace sallyport::testing
