#include "tools/simulator/faults.hpp"
#include "tools/simulator/mappings.hpp"
#include "tools/simulator/tokens.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

namespace sallyport::simulator {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

TEST(latency_test, is_read_in_all_its_forms) {
  struct {
    const char* text;
    std::chrono::microseconds middle, spread;
  } const cases[] = {{"20ms", 20ms, 0us},      {"20ms±5", 20ms, 5ms},   {"20ms±5ms", 20ms, 5ms},
                     {"20ms+-5", 20ms, 5ms},   {"1s±100ms", 1s, 100ms}, {"1.5ms", 1'500us, 0us},
                     {"300us±20", 300us, 20us}};
  for (const auto& [text, middle, spread] : cases) {
    const auto read = parse_latency(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->middle, middle) << text;
    EXPECT_EQ(read->spread, spread) << text;
  }
}

TEST(latency_test, refuses_what_is_none) {
  for (const char* text : {"", "20", "ms", "20ms±", "20ms±x", "-1ms", "20min", "20ms±5kg", "inf"})
    EXPECT_FALSE(parse_latency(text)) << text;
}

TEST(share_test, is_a_percentage_or_a_fraction) {
  EXPECT_DOUBLE_EQ(*parse_share("1%"), 0.01);
  EXPECT_DOUBLE_EQ(*parse_share("0.5%"), 0.005);
  EXPECT_DOUBLE_EQ(*parse_share("0.25"), 0.25);
  for (const char* text : {"", "2", "101%", "-1%", "x", "1 %"})
    EXPECT_FALSE(parse_share(text)) << text;
}

struct faults_test : ::testing::Test {
  faults some{7};

  int error_of(const std::string& target) {
    return some.draw(peer::prison_api, "GET", target, "", false).error;
  }
};

TEST_F(faults_test, draws_do_not_depend_on_the_order_of_requests) {
  ASSERT_TRUE(some.apply({{"peer", "all"}, {"errors", "30%"}}));
  std::map<std::string, std::vector<int>> forward, backward;
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 100; ++i)
      forward[std::to_string(i)].push_back(error_of(std::to_string(i)));
  some.forget_attempts();
  for (int i = 99; i >= 0; --i)
    for (int round = 0; round < 3; ++round)
      backward[std::to_string(i)].push_back(error_of(std::to_string(i)));
  EXPECT_EQ(forward, backward);
}

TEST_F(faults_test, shares_are_about_what_was_asked_for) {
  ASSERT_TRUE(some.apply({{"peer", "all"}, {"errors", "10%"}, {"drop", "10%"}}));
  int errors = 0, closed = 0, unavailable = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto drawn = some.draw(peer::community_api, "PUT", std::to_string(i), "body", true);
    errors += drawn.error != 0;
    closed += drawn.close_after;
    unavailable += drawn.unavailable_after;
    EXPECT_FALSE(drawn.error != 0 && (drawn.close_after || drawn.unavailable_after));
  }
  EXPECT_NEAR(errors, 1'000, 150);
  EXPECT_NEAR(closed + unavailable, 900, 150);
  EXPECT_NEAR(closed, unavailable, 150);
}

TEST_F(faults_test, a_repeat_is_drawn_anew) {
  ASSERT_TRUE(some.apply({{"peer", "all"}, {"errors", "50%"}}));
  int differ = 0;
  for (int i = 0; i < 100; ++i) {
    const bool first = error_of(std::to_string(i)) != 0;
    differ += first != (error_of(std::to_string(i)) != 0);
  }
  EXPECT_GT(differ, 20);
}

TEST_F(faults_test, latency_stays_within_its_spread) {
  ASSERT_TRUE(some.apply({{"peer", "oauth"}, {"latency", "20ms±5"}}));
  bool early = false, late = false;
  for (int i = 0; i < 1'000; ++i) {
    const auto delay = some.draw(peer::oauth, "POST", std::to_string(i), "", false).delay;
    EXPECT_GE(delay, 15ms);
    EXPECT_LE(delay, 25ms);
    early = early || delay < 17ms;
    late = late || delay > 23ms;
  }
  EXPECT_TRUE(early && late);
  EXPECT_EQ(some.draw(peer::prison_api, "GET", "x", "", false).delay, 0us);
}

TEST_F(faults_test, an_outage_counts_down_and_draws_nothing) {
  ASSERT_TRUE(
    some.apply({{"peer", "prison-api"}, {"status", 502}, {"count", 2}, {"path", "movement"}}));
  const auto draw = [&](const char* path) {
    return some.draw(peer::prison_api, "GET", path, "", false);
  };
  EXPECT_FALSE(draw("/api/bookings/1").down);
  EXPECT_EQ(draw("/api/bookings/1/movement/1").down->status, 502);
  EXPECT_TRUE(draw("/api/bookings/1/movement/1").down);
  const auto over = draw("/api/bookings/1/movement/1");
  EXPECT_FALSE(over.down);
  EXPECT_EQ(over.attempt, 1U);
}

TEST_F(faults_test, a_wrong_change_is_refused_as_a_whole) {
  const auto before = some.shown();
  for (const auto& change :
       {json{{"status", 503}}, json{{"peer", "nobody"}, {"status", 503}}, json("text"),
        json{{"peer", "all"}, {"errors", "5%"}, {"latency", "soon"}},
        json{{"peer", "all"}, {"status", 200}}, json{{"peer", "all"}, {"statuss", 503}},
        json{{"peer", "all"}, {"status", 503}, {"count", -1}}}) {
    EXPECT_FALSE(some.apply(change)) << change;
    EXPECT_EQ(some.shown(), before);
  }
}

TEST(tokens_test, a_token_is_good_until_it_expires_or_is_taken_back) {
  tokens some{"client", "secret", 60s};
  const wall_time now{1'000'000ms};
  EXPECT_TRUE(some.knows_client("Basic Y2xpZW50OnNlY3JldA=="));
  EXPECT_FALSE(some.knows_client("Basic " + base64("client:other")));
  const auto header = "Bearer " + some.issue(now);
  EXPECT_TRUE(some.accepts(header, now + 59s));
  EXPECT_FALSE(some.accepts(header, now + 60s));
  EXPECT_FALSE(some.accepts(header + "0", now));
  EXPECT_FALSE(some.accepts("", now));
  EXPECT_FALSE(some.accepts("Bearer ", now));
  EXPECT_TRUE(tokens("client", "secret", 60s).accepts(header, now)) << "after a restart";
  EXPECT_FALSE(tokens("client", "another", 60s).accepts(header, now));
  some.take_back();
  EXPECT_FALSE(some.accepts(header, now));
  EXPECT_TRUE(some.accepts("Bearer " + some.issue(now), now));
}

TEST(base64_test, pads_the_last_group) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("a"), "YQ==");
  EXPECT_EQ(base64("ab"), "YWI=");
  EXPECT_EQ(base64("abc"), "YWJj");
}

TEST(mappings_test, a_file_that_is_none_is_named) {
  const auto folder = std::filesystem::path{::testing::TempDir()} / "simulator_wrong_mappings";
  std::filesystem::create_directories(folder);
  std::ofstream{folder / "wrong.json"} << R"({"request":{"method":"GET"}})";
  const auto loaded = mappings::load(folder);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().what.find("wrong.json"), std::string::npos);
  EXPECT_FALSE(mappings::load(folder / "absent"));
}

} // namespace
} // namespace sallyport::simulator
