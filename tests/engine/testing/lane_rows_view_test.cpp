#include "engine/lane/lane_rows_view.hpp"

#include "engine/lane/orders.hpp"
#include "tests/engine/testing/two_parts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::testing {
namespace {

struct lane_rows_view_test : ::testing::Test {
  driver d{two_parts::plan(2)};
  lane::lane_rows_view view{d.state(), d.plan()};

  void feed(const std::string& value) { d.feed("in", {bytes{}, bytes{value}, {}, {}}); }

  [[nodiscard]] std::vector<open_call> calls() const {
    std::vector<open_call> all;
    EXPECT_TRUE(view.look(d.now())->calls([&](open_call&& c) {
      all.push_back(std::move(c));
      return true;
    }));
    return all;
  }
  [[nodiscard]] std::vector<set_timer> timers() const {
    std::vector<set_timer> all;
    EXPECT_TRUE(view.look(d.now())->timers([&](set_timer&& t) {
      all.push_back(std::move(t));
      return true;
    }));
    return all;
  }
  [[nodiscard]] stage_figures_view stage(const std::string& name) const {
    stage_figures_view sum;
    auto all = view.look(d.now())->stages().value();
    for (auto& s : all)
      if (s.at.stage == name && (s.timers > 0 || !s.terms.empty() || s.paused_all))
        sum = std::move(s);
    return sum;
  }
  void pause(bool on) {
    d.command("sync", "hold", std::string{lane::orders::pause},
              lane::encode(lane::paused_ports{on, {}}));
  }
};

TEST_F(lane_rows_view_test, timers_are_told_by_the_names_that_operators_gave_them) {
  feed("a-1");
  d.run();
  const auto all = timers();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].name, "a");
  EXPECT_EQ(all[0].at.stage, "hold");
  EXPECT_FALSE(all[0].of_engine);
  EXPECT_GT(all[0].due, d.now());
  EXPECT_EQ(stage("hold").terms["held"], 1);
  EXPECT_EQ(stage("hold").next_timer, all[0].due);
}

TEST_F(lane_rows_view_test, a_call_is_told_with_what_holds_it_back_and_not_with_its_path) {
  feed("a-1");
  feed("b-2");
  d.advance(std::chrono::minutes{5}); // Callbacks of this topology fail now and then.
  auto all = calls();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].state, call_state::under_way);
  EXPECT_EQ(all[0].peer, "peer");
  EXPECT_EQ(all[0].request, "GET /look/…");
  EXPECT_TRUE(all[0].read);
  EXPECT_FALSE(all[0].last_status.has_value());
  pause(true);
  EXPECT_EQ(calls()[0].state, call_state::paused);
  EXPECT_TRUE(stage("hold").paused_all);
  pause(false);
  EXPECT_EQ(calls()[0].state, call_state::under_way);
}

TEST_F(lane_rows_view_test, a_call_behind_another_of_its_key_and_one_that_waits_are_told_apart) {
  d.answer("peer",
           [](const made_call&) { return scripted_answer{{200, {}, "", "", false}, duration{1}}; });
  feed("a-1");
  feed("a-2");
  d.advance(std::chrono::seconds{10});
  auto all = calls();
  ASSERT_EQ(all.size(), 2U) << "to the port that nobody answers";
  EXPECT_EQ(all[0].state, call_state::under_way);
  EXPECT_EQ(all[1].state, call_state::behind);
  EXPECT_LE(all[0].asked, d.now());
  d.answer("other",
           [](const made_call&) { return scripted_answer{{503, {}, "", "", false}, duration{1}}; });
  d.restart();
  d.advance(duration{10});
  all = calls();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].state, call_state::retrying);
  EXPECT_EQ(all[0].last_status, 503);
  EXPECT_TRUE(all[0].in_doubt);
  EXPECT_GT(all[0].next_try, d.now());
}

TEST_F(lane_rows_view_test, lanes_of_other_instances_are_left_out) {
  feed("a-1");
  d.run();
  const lane::lane_rows_view none{d.state(), d.plan(),
                                  [](const std::string&, std::uint32_t) { return false; }};
  EXPECT_TRUE(none.look(d.now())->stages().value().empty());
}

} // namespace
} // namespace sallyport::testing
