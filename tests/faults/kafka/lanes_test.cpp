// Lanes that move, state that is restored, and state that cannot be.

#include "tests/support/kafka_broker.hpp"
#include "tests/support/numbers_run.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

class kafka_lanes_test : public ::testing::Test {
protected:
  void SetUp() override { SALLYPORT_KAFKA_SKIP(); }

  static bool has_all(const numbers_run& run, const cluster_instance& one) {
    return eventually([&] { return one.lanes().size() == run.lanes(); });
  }
  static double metric(const cluster_instance& of, const std::string& name,
                       const metrics_page::labels& with = {}) {
    const auto page = of.metrics();
    return page ? page->sum(name, with) : -1;
  }
};

TEST_F(kafka_lanes_test, move_to_instances_that_come_while_the_others_go_on) {
  numbers_run run{kafka().bootstrap_servers};
  auto& first = run.add("first");
  auto& second = run.add("second");
  auto& third = run.add("third");
  ASSERT_TRUE(first.start()) << first.said();
  ASSERT_TRUE(has_all(run, first)) << run.where();
  run.begin_load(300);
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  ASSERT_TRUE(second.start()) << second.said();
  ASSERT_TRUE(third.start()) << third.said();
  const auto shared = [&] {
    return !first.lanes().empty() && !second.lanes().empty() && !third.lanes().empty() &&
           first.lanes().size() + second.lanes().size() + third.lanes().size() == run.lanes();
  };
  ASSERT_TRUE(eventually(shared)) << run.where();
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  // What stayed was neither closed nor opened again, and no epoch was thrown away.
  EXPECT_EQ(first.told("lane.taken"), run.lanes()) << first.said();
  for (const auto* each : {&first, &second, &third})
    EXPECT_EQ(metric(*each, "sallyport_epochs_dropped_total"), 0) << each->said();
  for (auto* each : {&second, &third}) {
    EXPECT_EQ(each->stop(), (exit_status{0, 0})) << each->said();
  }
  ASSERT_TRUE(has_all(run, first)) << run.where();
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  run.end_load();
  ASSERT_TRUE(run.settles()) << run.where();
  EXPECT_EQ(run.problems(), texts{});
  EXPECT_EQ(run.peer().count(), run.fed()) << "a number was told twice, and nothing had failed";
}

TEST_F(kafka_lanes_test, DISABLED_stay_where_they_are_when_an_instance_is_back_within_its_session) {
  numbers_run::options how;
  how.settings = {{"SESSION_TIMEOUT", "30s"}};
  numbers_run run{kafka().bootstrap_servers, how};
  auto& one = run.add("one");
  auto& two = run.add("two");
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(two.start()) << two.said();
  ASSERT_TRUE(eventually(
    [&] { return !two.lanes().empty() && one.lanes().size() + two.lanes().size() == run.lanes(); }))
    << run.where();
  const auto before = one.lanes();
  const auto taken = two.told("lane.taken");
  run.begin_load(300);
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  EXPECT_EQ(one.stop(), (exit_status{0, 0})) << one.said();
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(eventually([&] { return one.lanes() == before; })) << run.where();
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  EXPECT_EQ(two.told("lane.taken"), taken) << two.said();
  run.end_load();
  ASSERT_TRUE(run.settles()) << run.where();
  EXPECT_EQ(run.problems(), texts{});
}

TEST_F(kafka_lanes_test, are_restored_into_an_empty_folder_and_continued_from_one_that_is_there) {
  numbers_run run{kafka().bootstrap_servers};
  auto& one = run.add("one");
  ASSERT_TRUE(one.start()) << one.said();
  run.feed(600);
  ASSERT_TRUE(run.settles()) << run.where();
  const auto counted = [&] {
    std::map<std::string, double> all;
    for (const auto* term : {"done", "discarded", "held", "in_call", "waiting", "dead"})
      all[term] = metric(one, "sallyport_records", {{"part", "check"}, {"term", term}});
    all["received"] = metric(one, "sallyport_records_received");
    return all;
  };
  const auto idle = [&] { return counted()["in_call"] == 0 && counted()["held"] == 0; };
  ASSERT_TRUE(eventually(idle)) << run.where();
  const auto wanted = counted();
  const auto read = [&] { return metric(one, "sallyport_restore_records_total"); };

  EXPECT_EQ(one.stop(), (exit_status{0, 0}));
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(has_all(run, one)) << run.where();
  EXPECT_LE(read(), 50) << "what the folder has was read again";
  EXPECT_TRUE(eventually([&] { return counted() == wanted; })) << run.where();

  one.kill();
  one.keep_folder_as("old");
  one.clear_folder();
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(has_all(run, one)) << run.where();
  EXPECT_GE(read(), static_cast<double>(run.fed())) << "each number has a row";
  EXPECT_TRUE(eventually([&] { return counted() == wanted; })) << run.where();

  // A folder from before: what came since is added to it.
  run.feed(300);
  ASSERT_TRUE(run.settles()) << run.where();
  one.kill();
  one.put_back_folder("old");
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(has_all(run, one)) << run.where();
  EXPECT_GT(read(), 0);
  run.feed(100);
  ASSERT_TRUE(run.settles()) << run.where();
  EXPECT_EQ(one.told("kafka.copy_set_aside"), 0U) << one.said();
  EXPECT_EQ(run.problems(), texts{});
}

TEST_F(kafka_lanes_test, DISABLED_are_not_continued_from_a_folder_of_another_changelog) {
  own_broker elsewhere;
  numbers_run::options how;
  how.application = kafka_name("twice");
  numbers_run there{elsewhere.bootstrap_servers(), how};
  auto& old = there.add("old");
  ASSERT_TRUE(old.start()) << old.said();
  there.feed(100);
  ASSERT_TRUE(there.settles()) << there.where();
  old.kill();

  numbers_run run{kafka().bootstrap_servers, how};
  auto& one = run.add("one");
  ASSERT_TRUE(one.start()) << one.said();
  run.feed(100);
  ASSERT_TRUE(run.settles()) << run.where();
  one.kill();
  one.put_back_folder(old.folder());
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(has_all(run, one)) << run.where();
  EXPECT_GT(one.told("kafka.copy_set_aside"), 0U) << one.said();
  run.feed(100);
  ASSERT_TRUE(run.settles()) << run.where();
  EXPECT_EQ(run.problems(), texts{});
}

TEST_F(kafka_lanes_test, whose_changelog_is_gone_stand_still_and_say_so_while_the_others_go_on) {
  numbers_run run{kafka().bootstrap_servers};
  auto& one = run.add("one");
  ASSERT_TRUE(one.start()) << one.said();
  run.feed(200);
  ASSERT_TRUE(run.settles()) << run.where();
  const auto others_go_on = [&] {
    const auto before = metric(one, "sallyport_records", {{"part", "intake"}, {"term", "done"}});
    run.feed(100);
    return eventually([&] {
      return metric(one, "sallyport_records", {{"part", "intake"}, {"term", "done"}}) >=
             before + 100;
    });
  };
  run.kafka().delete_topic(run.topic("check.changelog"));
  EXPECT_TRUE(others_go_on()) << run.where();
  EXPECT_TRUE(eventually([&] { return one.told("lane.take_over_failed") > 0; })) << one.said();
  EXPECT_NE(one.said().find("is gone"), std::string::npos) << one.said();
  EXPECT_TRUE(eventually([&] { return one.http().get("/health").status == 503; })) << one.said();
  EXPECT_TRUE(eventually([&] { return one.lanes().size() == 4; })) << run.where();

  run.kafka().create_topic(run.topic("check.changelog"), 4, {{"cleanup.policy", "compact"}});
  one.kill();
  ASSERT_TRUE(one.start()) << one.said();
  EXPECT_TRUE(others_go_on()) << run.where();
  EXPECT_NE(one.said().find("is empty, although the lane has a position"), std::string::npos)
    << one.said();
  EXPECT_TRUE(eventually([&] { return one.lanes().size() == 4; })) << run.where();
  EXPECT_EQ(one.stop(), (exit_status{0, 0})) << one.said();
}

TEST_F(kafka_lanes_test, are_of_one_process_when_two_have_the_same_name) {
  numbers_run run{kafka().bootstrap_servers};
  auto& first = run.add("same");
  auto& second = run.add("same");
  ASSERT_TRUE(first.start()) << first.said();
  ASSERT_TRUE(has_all(run, first)) << run.where();
  run.begin_load(300);
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  second.launch();
  const auto one_is_over = [&] { return first.running().running() != second.running().running(); };
  ASSERT_TRUE(eventually(one_is_over)) << run.said();
  auto& ended = first.running().running() ? second : first;
  auto& goes_on = first.running().running() ? first : second;
  EXPECT_EQ(ended.running().wait(), (exit_status{3, 0})) << ended.said();
  EXPECT_NE(ended.said().find("a second process may run under its name"), std::string::npos)
    << ended.said();
  ASSERT_TRUE(goes_on.await_start()) << goes_on.said();
  ASSERT_TRUE(has_all(run, goes_on)) << run.where();
  ASSERT_TRUE(run.goes_on(50)) << run.where();
  run.end_load();
  ASSERT_TRUE(run.settles()) << run.where();
  EXPECT_EQ(run.problems(), texts{});
}

} // namespace
} // namespace sallyport::test
