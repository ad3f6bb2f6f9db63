// Instances that share the lanes of an application on a real Kafka, and are killed.

#include "tests/support/kafka_broker.hpp"
#include "tests/support/numbers_run.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

void kill_in_turn(const cluster_instance::settings& with) {
  numbers_run::options how;
  how.settings = with;
  numbers_run run{kafka().bootstrap_servers, how};
  std::vector<cluster_instance*> all;
  for (const auto* name : {"one", "two", "three"}) {
    all.push_back(&run.add(name));
    all.back()->launch();
  }
  for (auto* each : all)
    ASSERT_TRUE(each->await_start()) << each->said();
  run.begin_load(400);
  for (auto* each : all) {
    ASSERT_TRUE(eventually([&] { return !each->lanes().empty(); })) << run.said();
    ASSERT_TRUE(run.goes_on(50)) << run.said();
    each->kill();
    std::size_t open = 0;
    ASSERT_TRUE(eventually([&] {
      open = 0;
      for (const auto* other : all)
        open += other->lanes().size();
      return open == run.lanes();
    }))
      << open << "\n"
      << run.said();
    ASSERT_TRUE(each->start()) << each->said();
  }
  run.end_load();
  ASSERT_TRUE(run.settles()) << run.where();
  EXPECT_EQ(run.problems(), texts{});
}

class kafka_kills_test : public ::testing::Test {
protected:
  void SetUp() override { SALLYPORT_KAFKA_SKIP(); }
};

TEST_F(kafka_kills_test, DISABLED_one_that_is_killed_goes_on_where_its_last_commit_ended) {
  numbers_run run{kafka().bootstrap_servers};
  auto& one = run.add("one");
  ASSERT_TRUE(one.start()) << one.said();
  run.begin_load(400);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(run.goes_on(50)) << run.said();
    one.kill();
    ASSERT_TRUE(one.start()) << one.said();
  }
  ASSERT_TRUE(run.goes_on(50)) << run.said();
  run.end_load();
  ASSERT_TRUE(run.settles()) << run.where();
  EXPECT_EQ(run.problems(), texts{});
}

TEST_F(kafka_kills_test, one_of_three_is_killed_in_turn_and_the_others_take_over) {
  kill_in_turn({});
}

TEST_F(kafka_kills_test, one_whose_disk_is_slow_keeps_nothing_back_but_time) {
  numbers_run run{kafka().bootstrap_servers};
  auto& slow = run.add("slow");
  auto& other = run.add("other");
  ASSERT_TRUE(slow.start("commit.decided:slow")) << slow.said();
  ASSERT_TRUE(other.start()) << other.said();
  ASSERT_TRUE(eventually([&] { return !slow.lanes().empty() && !other.lanes().empty(); }))
    << run.where();
  run.begin_load(300);
  ASSERT_TRUE(run.goes_on(600)) << run.where();
  slow.kill();
  ASSERT_TRUE(slow.start("commit.decided:slow")) << slow.said();
  ASSERT_TRUE(run.goes_on(300)) << run.where();
  run.end_load();
  ASSERT_TRUE(run.settles()) << run.where();
  EXPECT_EQ(run.problems(), texts{});
}

TEST_F(kafka_kills_test, DISABLED_hosts_with_copies_of_all_lanes_take_over) {
  kill_in_turn({{"STANDBY", "all"}, {"HOSTS", "2"}});
}

TEST_F(kafka_kills_test, DISABLED_all_lanes_stop_and_go_on_when_they_are_dealt_out_by_range) {
  kill_in_turn({{"ASSIGNMENT", "range"}});
}

} // namespace
} // namespace sallyport::test
