// An instance that stands still for longer than its session, and then goes on: it writes nothing
// and calls nobody any more, until the group has given it lanes anew.

#include "tests/support/kafka_broker.hpp"
#include "tests/support/numbers_run.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

class kafka_zombies_test : public ::testing::Test {
protected:
  void SetUp() override { SALLYPORT_KAFKA_SKIP(); }

  static bool both_work(const numbers_run& run, const cluster_instance& a,
                        const cluster_instance& b) {
    return eventually([&] {
      return !a.lanes().empty() && !b.lanes().empty() &&
             a.lanes().size() + b.lanes().size() == run.lanes();
    });
  }
  static bool has_all(const numbers_run& run, const cluster_instance& one) {
    return eventually([&] { return one.lanes().size() == run.lanes(); });
  }
};

TEST_F(kafka_zombies_test, DISABLED_one_that_stood_still_under_load_writes_and_calls_no_more) {
  numbers_run run{kafka().bootstrap_servers};
  auto& zombie = run.add("zombie");
  auto& heir = run.add("heir");
  ASSERT_TRUE(zombie.start()) << zombie.said();
  ASSERT_TRUE(heir.start()) << heir.said();
  ASSERT_TRUE(both_work(run, zombie, heir)) << run.said();
  run.begin_load(400);
  ASSERT_TRUE(run.goes_on(50)) << run.said();
  zombie.pause();
  ASSERT_TRUE(has_all(run, heir)) << heir.said();
  ASSERT_TRUE(run.goes_on(50)) << heir.said();
  const auto woken = std::chrono::system_clock::now();
  zombie.resume();
  ASSERT_TRUE(both_work(run, zombie, heir)) << run.said();
  ASSERT_TRUE(run.goes_on(50)) << run.said();
  run.end_load();
  ASSERT_TRUE(run.settles()) << run.where();
  EXPECT_EQ(run.called_without_lanes(zombie, woken), texts{}) << zombie.said();
  EXPECT_EQ(run.problems(), texts{});
}

TEST_F(kafka_zombies_test, one_that_has_nothing_but_timers_due_lets_them_be) {
  numbers_run::options how;
  how.settings = {{"HOLD", "5s"}};
  numbers_run run{kafka().bootstrap_servers, how};
  auto& zombie = run.add("zombie");
  auto& heir = run.add("heir");
  ASSERT_TRUE(zombie.start()) << zombie.said();
  ASSERT_TRUE(heir.start()) << heir.said();
  ASSERT_TRUE(both_work(run, zombie, heir)) << run.said();
  run.feed(200);
  ASSERT_TRUE(eventually([&] { return run.term("held") == run.fed(); })) << run.where();
  zombie.pause();
  ASSERT_EQ(run.peer().count(), 0U) << "it was too slow: the timers have fired already";
  ASSERT_TRUE(run.settles()) << run.where();
  const auto woken = std::chrono::system_clock::now();
  zombie.resume();
  ASSERT_TRUE(both_work(run, zombie, heir)) << run.said();
  EXPECT_EQ(run.called_without_lanes(zombie, woken), texts{}) << zombie.said();
  EXPECT_EQ(run.problems(), texts{});
  EXPECT_EQ(run.peer().count(), run.fed()) << "a number was told twice";
  EXPECT_EQ(run.peer().count_of("zombie"), 0U);
}

} // namespace
} // namespace sallyport::test
