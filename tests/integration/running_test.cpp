// `sallyport run` from its start to its end, with the simulator of its peers.

#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> population{"--people", "30", "--seed", "11"};

std::vector<std::string> slow(const char* latency) {
  auto options = population;
  options.insert(options.end(), {"--latency", latency});
  return options;
}

TEST(running_test, all_events_end_where_they_belong) {
  const peers simulated{population};
  instance one{simulated.url()};
  ASSERT_TRUE(one.start()) << one.said();
  const auto events = events_of(population, 120, 3);
  ASSERT_TRUE(one.post(events, "all"));
  ASSERT_TRUE(one.settles(events.size())) << one.said();
  const auto f = *one.look();
  EXPECT_EQ(f.difference, 0);
  EXPECT_EQ(f.received, 123);
  EXPECT_EQ(f.dead, 3);
  EXPECT_GT(f.updated, 0);
  EXPECT_GT(f.waiting, 0);
  EXPECT_EQ(f.updated + f.superseded + f.waiting + f.discarded + f.dead, f.received);
  EXPECT_EQ(one.log("prison-to-probation.dead-letters").size(), 3U);
  EXPECT_EQ(one.stop(), (exit_status{0, 0}));
}

TEST(running_test, how_the_events_come_in_does_not_change_where_they_end) {
  const auto events = events_of(population, 120);
  const peers simulated{slow("5ms±3")};
  instance one{simulated.url()};
  ASSERT_TRUE(one.start()) << one.said();
  constexpr std::size_t at_once = 20;
  for (std::size_t i = 0; i < events.size(); i += at_once) {
    const auto from = events.begin() + static_cast<std::ptrdiff_t>(i);
    ASSERT_TRUE(one.post({from, from + at_once}, std::to_string(i)));
    ASSERT_TRUE(one.settles(i + at_once)) << one.said();
  }
  const auto wanted = undisturbed(population, events);
  EXPECT_EQ(difference(facts_of(simulated, one), wanted), "");
}

TEST(running_test, sigterm_during_slow_calls_ends_in_order_and_the_restart_goes_on) {
  const auto events = first_of_each_booking(events_of(population, 60));
  const peers simulated{slow("300ms")};
  instance one{simulated.url()};
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(one.post(events, "all"));
  ASSERT_TRUE(eventually([&] {
    const auto now = one.look();
    return now && now->in_call > 0;
  }));
  EXPECT_EQ(one.stop(), (exit_status{0, 0})) << one.said();
  EXPECT_NE(one.said().find("instance.stopped"), std::string::npos);
  const auto asked = simulated.requests();
  EXPECT_TRUE(std::ranges::none_of(asked, [](const auto& r) { return r["status"] == 0; }))
    << "calls under way were not waited for";
  simulated.set_fault({{"peer", "all"}, {"latency", "1ms"}});
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(one.settles(events.size())) << one.said();
  const auto wanted = undisturbed(population, events);
  EXPECT_EQ(difference(facts_of(simulated, one), wanted), "");
  EXPECT_EQ(repeated_writes(simulated.requests()), 0U) << "nothing was in doubt";
  EXPECT_EQ(one.look()->difference, 0);
}

TEST(running_test, a_restart_keeps_figures_timers_and_positions) {
  const peers simulated{population};
  instance one{simulated.url(), {{"HOLD_BACK", "1h"}}};
  const auto events = first_of_each_booking(events_of(population, 60));
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(one.post(events, "all"));
  const auto all_held = [&] {
    const auto now = one.look();
    return now && now->lag == 0 && now->in_call == 0 && now->held > 0 &&
           now->held + now->discarded == static_cast<std::int64_t>(events.size());
  };
  ASSERT_TRUE(eventually(all_held)) << to_string(one.look().value_or(figures{}));
  const auto before = *one.look();
  EXPECT_EQ(one.stop(), (exit_status{0, 0}));
  const auto asked = simulated.requests().size();
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(eventually(all_held)) << to_string(one.look().value_or(figures{}));
  EXPECT_EQ(to_string(*one.look()), to_string(before));
  EXPECT_EQ(simulated.requests().size(), asked) << "nothing is worked on again";
}

} // namespace
} // namespace sallyport::test
