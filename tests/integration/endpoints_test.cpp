// What a running instance answers on its one port.

#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

namespace sallyport::test {
namespace {

using nlohmann::json;

class endpoints_test : public ::testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(instance_.start()) << instance_.said(); }

  [[nodiscard]] json get(const std::string& path, int status = 200) const {
    const auto got = instance_.http().get(path);
    EXPECT_EQ(got.status, status) << path << ": " << got.body;
    return json::parse(got.body);
  }

  peers peers_{{"--people", "3", "--seed", "7"}};
  instance instance_{peers_.url()};
};

TEST_F(endpoints_test, health_is_told_as_a_whole_and_by_its_parts) {
  const auto whole = get("/health");
  EXPECT_EQ(whole["status"], "UP");
  for (const auto* peer :
       {"OAuthApiHealth", "prisonApiHealth", "communityApiHealth", "searchApiHealth"})
    EXPECT_EQ(whole["components"][peer]["details"]["HttpStatus"], "OK") << whole;
  for (const auto* part : {"diskSpace", "lanes", "log", "ping", "livenessState", "readinessState"})
    EXPECT_EQ(whole["components"][part]["status"], "UP") << whole;
  EXPECT_TRUE(whole["components"]["healthInfo"]["details"].contains("version")) << whole;
  EXPECT_EQ(get("/health/liveness")["status"], "UP");
  EXPECT_EQ(get("/health/readiness")["status"], "UP");
  EXPECT_EQ(instance_.http().get("/health/ping").status, 200);
}

TEST_F(endpoints_test, info_shows_the_config_without_its_secrets) {
  const auto text = instance_.http().get("/info").body;
  EXPECT_NE(text.find("prison-to-probation"), std::string::npos);
  EXPECT_EQ(text.find("client_secret: \"sallyport\""), std::string::npos);
  EXPECT_EQ(text.find("client_secret: sallyport"), std::string::npos);
}

TEST_F(endpoints_test, a_post_is_on_the_log_when_it_is_answered) {
  const auto events = events_of({"--people", "3", "--seed", "7"}, 4);
  ASSERT_TRUE(instance_.post(events, "one"));
  const auto lines = instance_.log("prison-offender-events");
  ASSERT_EQ(lines.size(), 4U);
  for (const char* field : {"partition", "offset", "timestamp", "key", "headers", "value"})
    EXPECT_TRUE(lines[0].contains(field)) << field;
  EXPECT_EQ(lines[0]["value"]["Type"], "Notification") << "JSON stays JSON";
}

TEST_F(endpoints_test, a_post_that_is_repeated_under_its_key_writes_nothing) {
  const auto events = events_of({"--people", "3", "--seed", "7"}, 4);
  ASSERT_TRUE(instance_.post(events, "one"));
  ASSERT_TRUE(instance_.post(events, "one"));
  EXPECT_EQ(instance_.log("prison-offender-events").size(), 4U);
}

TEST_F(endpoints_test, what_is_no_json_is_taken_only_as_bytes) {
  const auto post = [&](const char* type) {
    return instance_.http().post("/ingress/prison-offender-events?key=k&header.a=b", "{no", type);
  };
  EXPECT_EQ(post("application/json").status, 400);
  EXPECT_TRUE(instance_.log("prison-offender-events").empty());
  EXPECT_EQ(post("application/octet-stream").status, 200);
  const auto lines = instance_.log("prison-offender-events");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["key"], "k");
  EXPECT_EQ(lines[0]["headers"], (json{{"a", "b"}}));
  EXPECT_EQ(lines[0]["value"], "{no");
  EXPECT_TRUE(
    eventually([&] { return instance_.log("prison-to-probation.dead-letters").size() == 1; }));
}

TEST_F(endpoints_test, an_unknown_topic_is_404_with_the_nearest_name) {
  const auto told = get("/log/telemetri", 404);
  EXPECT_NE(told["error"].get<std::string>().find("telemetry"), std::string::npos);
  EXPECT_EQ(instance_.http().post("/ingress/nothing", "{}").status, 404);
}

TEST_F(endpoints_test, metrics_cover_lanes_calls_epochs_log_and_database) {
  const auto events = events_of({"--people", "3", "--seed", "7"}, 12);
  ASSERT_TRUE(instance_.post(events, "one"));
  ASSERT_TRUE(instance_.settles(events.size())) << instance_.said();
  const metrics_page page{instance_.http().get("/metrics").body};
  for (const char* name :
       {"sallyport_stage_records_in_total", "sallyport_stage_records_out_total",
        "sallyport_stage_batch_records_count", "sallyport_stage_batch_seconds_count",
        "sallyport_credit_rounds", "sallyport_epoch_seconds_count",
        "sallyport_commit_seconds_count", "sallyport_timers_set",
        "sallyport_timer_lateness_seconds_count", "sallyport_calls_total", "sallyport_records",
        "sallyport_conservation_difference", "sallyport_log_end_offset", "sallyport_lag_records",
        "sallyport_rocksdb_bytes", "sallyport_lane_open"})
    EXPECT_TRUE(page.has(name)) << name;
  EXPECT_EQ(page.sum("sallyport_records_received", {{"part", "intake"}}), 12);
  EXPECT_GT(page.sum("sallyport_calls_total", {{"outcome", "acknowledged"}}), 0);
  EXPECT_EQ(page.sum("sallyport_lane_open"), 8);
}

} // namespace
} // namespace sallyport::test
