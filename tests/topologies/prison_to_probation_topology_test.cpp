#include "engine/config/node.hpp"
#include "engine/testing/driver.hpp"
#include "tests/topologies/prison_to_probation.hpp"

#include <gtest/gtest.h>

namespace sallyport::prison_to_probation {
namespace {

using testing::names_of;
using testing::sample;
using testing::world;
namespace calls = testing::calls;
using std::chrono::minutes;
using strings = std::vector<std::string>;

constexpr std::string_view topology_file = "topologies/prison_to_probation/topology.yaml";

topology::graph production_graph(const topology::settings& given = {}) {
  config::findings found;
  auto graph = topology::load_topology(
    std::string{SALLYPORT_SOURCE_DIR} + "/" + std::string{topology_file}, given, {}, found);
  std::string text;
  for (const auto& f : found)
    text += f.text() + "\n";
  if (!graph)
    throw std::runtime_error(text);
  return *std::move(graph);
}

/// The topology of production, with the sample replies behind its call ports.
class prison_to_probation_topology : public ::testing::Test {
protected:
  void SetUp() override {
    run.emplace(topology::plan_for_testing(production_graph(), 4));
    for (const auto* port : {"prison-api", "community-api", "offender-search"})
      run->answer(port, [this](const sallyport::testing::made_call& c) {
        return sallyport::testing::scripted_answer{peers.reply(c.request), duration{20}};
      });
  }

  void TearDown() override {
    EXPECT_EQ(run->failures(), 0U);
    for (const auto* part : {"intake", "custody"})
      EXPECT_EQ(run->counts(part).difference, 0) << part;
  }

  void work(std::string_view message) {
    run->feed("prison-offender-events", sample(message));
    run->run();
    run->advance(minutes{16});
  }

  world peers;
  std::optional<sallyport::testing::driver> run;
};

TEST_F(prison_to_probation_topology, a_status_change_becomes_an_update_of_delius) {
  work("imprisonmentStatusChanged");
  EXPECT_EQ(peers.names,
            (strings{calls::sentence_detail, calls::booking, calls::sentence_detail,
                     calls::sentence_terms, calls::booking, calls::prisoner, calls::match,
                     calls::convictions_1, calls::convictions_2, calls::noms_number,
                     calls::booking_number, calls::location, calls::key_dates}));
  EXPECT_EQ(names_of(run->topic("telemetry")),
            (strings{"P2POffenderMatch", "P2POffenderNumberSet", "P2PImprisonmentStatusUpdated"}));
  EXPECT_EQ(run->topic("probation-case-events").size(), 1U);
  EXPECT_EQ(run->counts("custody").terms["done"], 1);
}

TEST_F(prison_to_probation_topology, each_sample_message_leads_to_its_last_call) {
  const std::map<std::string, std::string> last{
    {"externalMovement", calls::location},
    {"bookingNumberChanged", calls::replace},
    {"sentenceDatesChanged", calls::key_dates},
  };
  for (const auto& [message, call] : last) {
    peers.names.clear();
    work(message);
    ASSERT_FALSE(peers.names.empty()) << message;
    EXPECT_EQ(peers.names.back(), call) << message;
  }
}

TEST_F(prison_to_probation_topology, what_is_not_ours_is_discarded_and_what_is_broken_is_dead) {
  work("notAnExternalMovement");
  EXPECT_EQ(run->counts("intake").discarded["unexpected_type"], 1U);
  record broken;
  broken.value = "oops";
  run->feed("prison-offender-events", broken);
  run->run();
  ASSERT_EQ(run->topic("dead-letters").size(), 1U);
  EXPECT_EQ(run->topic("dead-letters")[0].find("sallyport-cause"), "no_json");
  EXPECT_TRUE(peers.names.empty());
}

TEST_F(prison_to_probation_topology, a_restart_in_the_hold_back_loses_nothing) {
  run->feed("prison-offender-events", sample("sentenceDatesChanged"));
  run->run();
  run->advance(minutes{14});
  run->restart();
  run->advance(minutes{2});
  EXPECT_EQ(peers.times(calls::key_dates), 1U);
}

TEST_F(prison_to_probation_topology, a_call_that_a_quick_repeat_helps_is_not_seen) {
  peers.once(calls::noms_number, testing::answer(503));
  peers.once(calls::location, testing::no_answer());
  work("imprisonmentStatusChanged");
  EXPECT_EQ(peers.times(calls::noms_number), 2U);
  EXPECT_EQ(peers.times(calls::location), 2U);
  EXPECT_EQ(names_of(run->topic("telemetry")),
            (strings{"P2POffenderMatch", "P2POffenderNumberSet", "P2PImprisonmentStatusUpdated"}));
  EXPECT_EQ(run->topic("probation-case-events").size(), 1U);
}

TEST_F(prison_to_probation_topology,
       a_conflict_on_the_quick_repeat_of_a_lost_replace_is_its_success) {
  peers.once(calls::replace, testing::no_answer());
  peers.on(calls::replace, testing::answer(409));
  work("bookingNumberChanged");
  EXPECT_EQ(names_of(run->topic("telemetry")), strings{"P2PBookingNumberChanged"});
  EXPECT_EQ(run->topic("probation-case-events").size(), 1U);
}

TEST(prison_to_probation_topology_cuts, batches_and_epochs_show_in_no_output) {
  std::optional<std::map<std::string, std::vector<record>>> first;
  for (const std::size_t batch : {1U, 7U, 1024U})
    for (const bool each_round : {false, true}) {
      world peers;
      sallyport::testing::driver_options options;
      options.batch_records_max = batch;
      options.commit_each_round = each_round;
      options.keeps_places = batch != 7U;
      sallyport::testing::driver run{topology::plan_for_testing(production_graph(), 4), options};
      for (const auto* port : {"prison-api", "community-api", "offender-search"})
        run.answer(port, [&](const sallyport::testing::made_call& c) {
          return sallyport::testing::scripted_answer{peers.reply(c.request), duration{20}};
        });
      for (const auto* message : {"sentenceDatesChanged", "imprisonmentStatusChanged",
                                  "externalMovement", "bookingNumberChanged", "externalMovement"})
        run.feed("prison-offender-events", sample(message));
      run.run();
      run.advance(minutes{31});
      std::map<std::string, std::vector<record>> outputs;
      for (const auto* port : {"telemetry", "probation-case-events", "dead-letters"})
        outputs[port] = run.topic(port);
      EXPECT_EQ(outputs["probation-case-events"].size(), 2U);
      if (!first)
        first = outputs;
      EXPECT_EQ(outputs, *first) << "batches of " << batch
                                 << (each_round ? ", each committed" : "");
    }
}

TEST(prison_to_probation_topology_file, refuses_a_profile_that_does_not_exist) {
  EXPECT_THROW((void) production_graph({{"profile", "everything"}}), std::runtime_error);
}

// -- the config that runs it
// ---------------------------------------------------------------------------

std::optional<topology::plan> plan_of(const std::string& config,
                                      std::map<std::string, std::string> variables,
                                      config::findings& found) {
  return topology::load_plan(
    std::string{SALLYPORT_SOURCE_DIR} + "/configs/prison-to-probation." + config + ".yaml",
    [variables = std::move(variables)](std::string_view name) {
      const auto it = variables.find(std::string{name});
      return it == variables.end() ? std::nullopt : std::optional{it->second};
    },
    found);
}

std::optional<topology::plan> embedded_plan(std::map<std::string, std::string> more,
                                            config::findings& found) {
  std::map<std::string, std::string> variables{{"PRISON_API_URL", "http://127.0.0.1:1"},
                                               {"COMMUNITY_API_URL", "http://127.0.0.1:2"},
                                               {"OFFENDER_SEARCH_URL", "http://127.0.0.1:3"},
                                               {"OAUTH_URL", "http://127.0.0.1:4"},
                                               {"OAUTH_CLIENT_ID", "someone"},
                                               {"OAUTH_CLIENT_SECRET", "something"}};
  more.merge(variables);
  return plan_of("embedded", std::move(more), found);
}

/// The environment of the original, as its deployments set it.
std::map<std::string, std::string> environment_of_the_original() {
  return {{"PRISON_ENDPOINT_URL", "http://127.0.0.1:1"},
          {"COMMUNITY_ENDPOINT_URL", "http://127.0.0.1:2"},
          {"OFFENDER_SEARCH_ENDPOINT_URL", "http://127.0.0.1:3"},
          {"OAUTH_ENDPOINT_URL", "http://127.0.0.1:4"},
          {"OAUTH_CLIENT_ID", "someone"},
          {"OAUTH_CLIENT_SECRET", "something"}};
}

/// The hold-back that a plan's custody stage has.
duration hold_back_of(const topology::plan& plan) {
  for (const auto& part : plan.topology.parts)
    for (const auto& stage : part.stages)
      if (stage.name == "custody")
        return stage.with.duration("hold_back");
  throw std::runtime_error("there is no stage custody");
}

std::string text_of(const config::findings& found) {
  std::string text;
  for (const auto& f : found)
    text += f.text() + "\n";
  return text;
}

TEST(prison_to_probation_config, runs_with_the_addresses_of_its_peers_alone) {
  config::findings found;
  const auto plan = embedded_plan({}, found);
  ASSERT_TRUE(plan) << text_of(found);
  EXPECT_EQ(plan->topics.at("dead-letters").name, "prison-to-probation.dead-letters");
  EXPECT_EQ(plan->topics.at("prison-offender-events").name, "prison-offender-events");
  EXPECT_EQ(plan->calls.size(), 3U);
}

TEST(prison_to_probation_config, takes_every_setting_from_the_environment) {
  config::findings found;
  const auto plan = embedded_plan({{"PROFILE", "head"},
                                   {"ONLY_PRISONS", "MDI,LEI"},
                                   {"HOLD_BACK", "0s"},
                                   {"RETRY_SHORT_CRON", "0 * * * * *"},
                                   {"RETRY_MEDIUM_CRON", "0 */2 * * * *"},
                                   {"RETRY_LONG_CRON", "0 */4 * * * *"},
                                   {"SALLYPORT_STATE_DIR", "/var/lib/somewhere"},
                                   {"SALLYPORT_HTTP_PORT", "18080"}},
                                  found);
  ASSERT_TRUE(plan) << text_of(found);
  EXPECT_EQ(plan->http.port, 18080);
  EXPECT_EQ(plan->state_folder, "/var/lib/somewhere");
}

TEST(prison_to_probation_config, of_the_originals_defaults_has_them) {
  config::findings found;
  const auto plan = plan_of("defaults", environment_of_the_original(), found);
  ASSERT_TRUE(plan) << text_of(found);
  EXPECT_EQ(plan->http.port, 8082);
  EXPECT_EQ(hold_back_of(*plan), minutes{15});
}

TEST(prison_to_probation_config, of_the_originals_production_has_its_values) {
  config::findings found;
  const auto plan = plan_of("production", environment_of_the_original(), found);
  ASSERT_TRUE(plan) << text_of(found);
  EXPECT_EQ(plan->http.port, 8080);
  EXPECT_EQ(hold_back_of(*plan), minutes{60});
}

TEST(prison_to_probation_config, takes_the_variables_of_the_original) {
  for (const auto* config : {"defaults", "production"}) {
    auto variables = environment_of_the_original();
    variables.insert({{"SERVER_PORT", "18080"},
                      {"PRISONTOPROBATION_ONLY_PRISONS", "MDI,LEI"},
                      {"PRISONTOPROBATION_HOLD_BACK_DURATION", "1m"},
                      {"RETRY_SCHEDULES_SHORT_CRON", "0 * * * * *"},
                      {"RETRY_SCHEDULES_MEDIUM_CRON", "0 */2 * * * *"},
                      {"RETRY_SCHEDULES_LONG_CRON", "0 */4 * * * *"},
                      {"COMPATIBILITY", "original"},
                      {"EFFECTS", "off"}});
    config::findings found;
    const auto plan = plan_of(config, variables, found);
    ASSERT_TRUE(plan) << text_of(found);
    EXPECT_EQ(plan->http.port, 18080);
    EXPECT_EQ(hold_back_of(*plan), minutes{1});
  }
}

TEST(prison_to_probation_config, refuses_a_flaw_that_the_original_did_not_have) {
  config::findings found;
  auto variables = environment_of_the_original();
  variables["COMPATIBILITY"] = "originl";
  EXPECT_FALSE(plan_of("defaults", variables, found));
  EXPECT_NE(text_of(found).find("'originl'"), std::string::npos);
}

TEST(prison_to_probation_config, refuses_a_cron_that_is_none) {
  config::findings found;
  EXPECT_FALSE(embedded_plan({{"RETRY_LONG_CRON", "never"}}, found));
  EXPECT_FALSE(found.empty());
}

} // namespace
} // namespace sallyport::prison_to_probation
