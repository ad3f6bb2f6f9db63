// A broker that is killed, and one that does not answer for longer than sessions and transactions
// last.

#include "tests/support/kafka_broker.hpp"
#include "tests/support/numbers_run.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

class kafka_brokers_test : public ::testing::Test {
protected:
  void SetUp() override { SALLYPORT_KAFKA_SKIP(); }

  static bool all_work(const numbers_run& run, const cluster_instance& a,
                       const cluster_instance& b) {
    return eventually([&] { return a.lanes().size() + b.lanes().size() == run.lanes(); });
  }
};

TEST_F(kafka_brokers_test, a_broker_that_is_killed_and_one_that_does_not_answer_lose_nothing) {
  own_broker broker;
  numbers_run run{broker.bootstrap_servers()};
  auto& one = run.add("one");
  auto& two = run.add("two");
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(two.start()) << two.said();
  ASSERT_TRUE(all_work(run, one, two)) << run.where();
  run.begin_load(300);
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  broker.kill();
  broker.restart();
  ASSERT_TRUE(all_work(run, one, two)) << run.where();
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  broker.pause();
  // Longer than a session and a transaction last; what is looked for must not come.
  EXPECT_FALSE(
    eventually([&] { return !one.running().running() || !two.running().running(); }, 6s, 100ms))
    << run.said();
  broker.resume();
  ASSERT_TRUE(run.goes_on(50, 60s)) << run.where();
  run.end_load();
  ASSERT_TRUE(run.settles()) << run.where();
  ASSERT_TRUE(all_work(run, one, two)) << run.where();
  EXPECT_EQ(run.problems(), texts{});
}

TEST_F(kafka_brokers_test,
       DISABLED_instances_that_die_while_the_broker_is_away_go_on_when_it_is_back) {
  own_broker broker;
  numbers_run run{broker.bootstrap_servers()};
  auto& one = run.add("one");
  ASSERT_TRUE(one.start()) << one.said();
  run.begin_load(300);
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  broker.kill();
  one.kill();
  EXPECT_FALSE(one.start()) << "without a broker it should have ended, and said so";
  EXPECT_NE(one.said().find("sallyport: "), std::string::npos) << one.said();
  broker.restart();
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  run.end_load();
  ASSERT_TRUE(run.settles()) << run.where();
  EXPECT_EQ(run.problems(), texts{});
}

} // namespace
} // namespace sallyport::test
