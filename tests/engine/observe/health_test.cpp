#include "engine/observe/health.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>
#include <vector>

namespace sallyport::observe {
namespace {

health_report up() { return {true, {{"status", "200"}}}; }

TEST(health, nothing_asked_is_up) {
  health all;
  EXPECT_TRUE(all.check().up);
  EXPECT_TRUE(all.check().components.empty());
}

TEST(health, one_component_that_is_down_takes_the_whole_down) {
  health all;
  all.add("delius", up);
  all.add("prison", [] { return health_report{false, {{"error", "refused"}}}; });
  auto found = all.check();
  EXPECT_FALSE(found.up);
  EXPECT_TRUE(found.components.at("delius").up);
  EXPECT_EQ(found.components.at("delius").details.at("status"), "200");
  EXPECT_FALSE(found.components.at("prison").up);
  EXPECT_EQ(found.components.at("prison").details.at("error"), "refused");
}

TEST(health, a_probe_that_throws_is_down) {
  health all;
  all.add("a", []() -> health_report { throw std::runtime_error{"no route"}; });
  all.add("b", []() -> health_report { throw 1; });
  auto found = all.check();
  EXPECT_FALSE(found.up);
  EXPECT_EQ(found.components.at("a").details.at("error"), "no route");
  EXPECT_FALSE(found.components.at("b").up);
}

/// How often three checks ask the peer.
int asked_by_three_checks(std::chrono::seconds kept_for) {
  health all{kept_for};
  std::atomic<int> asked{0};
  all.add("a", [&] {
    ++asked;
    return up();
  });
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(all.check().up);
  return asked;
}

TEST(health, an_answer_is_kept_for_a_while) {
  EXPECT_EQ(asked_by_three_checks(std::chrono::hours{1}), 1);
}

TEST(health, an_old_answer_is_not_given_again) {
  EXPECT_EQ(asked_by_three_checks(std::chrono::seconds{0}), 3);
}

TEST(health, a_component_that_is_added_is_seen_at_once) {
  health all;
  all.add("a", up);
  EXPECT_EQ(all.check().components.size(), 1U);
  all.add("b", [] { return health_report{false, {}}; });
  EXPECT_EQ(all.check().components.size(), 2U);
  EXPECT_FALSE(all.check().up);
  all.add("b", up);
  EXPECT_TRUE(all.check().up);
}

TEST(health, probes_run_side_by_side) {
  health all;
  std::barrier meet{3};
  for (auto name : {"a", "b", "c"})
    all.add(name, [&] {
      meet.arrive_and_wait();
      return up();
    });
  EXPECT_TRUE(all.check().up);
}

TEST(health, readiness_does_not_wait_for_a_probe) {
  health all;
  EXPECT_FALSE(all.ready());
  std::barrier inside{2};
  std::barrier leave{2};
  all.add("slow", [&] {
    inside.arrive_and_wait();
    leave.arrive_and_wait();
    return up();
  });
  std::thread asking{[&] { (void) all.check(); }};
  inside.arrive_and_wait();
  all.set_ready(true);
  EXPECT_TRUE(all.ready());
  leave.arrive_and_wait();
  asking.join();
}

TEST(health, many_who_ask_at_once_ask_the_peer_once) {
  health all{std::chrono::hours{1}};
  std::atomic<int> asked{0};
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  all.add("a", [&] {
    most = std::max(most.load(), ++inside);
    ++asked;
    --inside;
    return up();
  });
  std::vector<std::thread> askers;
  for (int i = 0; i < 8; ++i)
    askers.emplace_back([&] { EXPECT_TRUE(all.check().up); });
  for (auto& asker : askers)
    asker.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(asked, 1);
}

} // namespace
} // namespace sallyport::observe
