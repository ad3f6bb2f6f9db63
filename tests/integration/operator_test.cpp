// What an operator sees of a running instance and orders it, by the verbs that they use.

#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::test {
namespace {

using nlohmann::json;

const std::vector<std::string> population{"--people", "8", "--seed", "11", "--trouble", "0%"};

class operator_test : public ::testing::Test {
protected:
  /// Runs a verb against the instance.
  [[nodiscard]] ran order(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(),
                     {"--url", "http://127.0.0.1:" + std::to_string(one_->http().port())});
    return run(program("sallyport"), std::move(arguments), {{"USER", "night"}});
  }

  [[nodiscard]] json ask(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--format", "json"});
    const auto said = order(std::move(arguments));
    auto read = json::parse(said.out, nullptr, false);
    EXPECT_TRUE(read.is_object()) << said.err << said.out;
    return read.is_object() ? read : json::object();
  }

  void start(const instance::settings& with = {}) {
    one_.emplace(peers_.url(), with);
    ASSERT_TRUE(one_->start()) << one_->said();
  }

  [[nodiscard]] std::size_t asked_of_delius() const {
    const auto all = peers_.requests();
    return static_cast<std::size_t>(
      std::ranges::count_if(all, [](const json& r) { return r["peer"] == "community-api"; }));
  }

  peers peers_{population};
  std::optional<instance> one_;
};

TEST_F(operator_test, no_call_goes_to_a_paused_peer_over_a_restart_until_it_is_resumed) {
  start();
  const auto paused = order({"pause", "community-api", "--reason", "Delius is upgraded", "--yes"});
  ASSERT_EQ(paused.how, (exit_status{0, 0})) << paused.err;
  EXPECT_NE(paused.out.find("peer/community-api is paused"), std::string::npos) << paused.out;
  EXPECT_EQ(order({"pause", "community-api", "--reason", "again", "--yes"}).how.code, 0)
    << "an order can be repeated";

  const auto events = first_of_each_booking(events_of(population, 30));
  ASSERT_TRUE(one_->post(events, "all"));
  const auto all_wait = [&] {
    const auto now = one_->look();
    return now && now->lag == 0 && now->held == 0 && now->in_call > 0 &&
           ask({"calls", "--state", "paused"}).value("found", 0) >= now->in_call;
  };
  ASSERT_TRUE(eventually(all_wait)) << to_string(one_->look().value_or(figures{}));
  EXPECT_EQ(one_->stop(), (exit_status{0, 0})) << one_->said();
  ASSERT_TRUE(one_->start()) << one_->said();
  ASSERT_TRUE(eventually(all_wait)) << to_string(one_->look().value_or(figures{}));
  EXPECT_EQ(asked_of_delius(), 0U);

  const auto status = ask({"status"});
  ASSERT_EQ(status["pauses"].size(), 1U) << status.dump(1);
  EXPECT_EQ(status["pauses"][0]["what"], "peer/community-api");
  EXPECT_EQ(status["pauses"][0]["by"], "night");
  EXPECT_EQ(status["pauses"][0]["reason"], "again");
  EXPECT_NE(order({"status"}).out.find("PAUSED peer/community-api"), std::string::npos);

  ASSERT_EQ(order({"resume", "community-api", "--reason", "Delius is back", "--yes"}).how.code, 0);
  ASSERT_TRUE(one_->settles(events.size())) << one_->said();
  EXPECT_EQ(one_->look()->difference, 0);
  const auto wanted = undisturbed(population, events);
  EXPECT_EQ(difference(facts_of(peers_, *one_), wanted), "");
  const auto orders = one_->log("prison-to-probation.orders");
  ASSERT_EQ(orders.size(), 3U);
  EXPECT_EQ(orders[2]["value"]["order"], "resume");
  EXPECT_EQ(orders[2]["value"]["reason"], "Delius is back");
}

TEST_F(operator_test, what_cannot_be_paused_is_said_with_what_can) {
  start();
  const auto said = order({"pause", "delius", "--reason", "x", "--yes"});
  EXPECT_EQ(said.how.code, 1);
  EXPECT_NE(said.err.find("community-api"), std::string::npos) << said.err;
  const auto unsaid = order({"pause", "all", "--reason", "x"});
  EXPECT_NE(unsaid.how.code, 0) << "nobody was asked";
  EXPECT_TRUE(ask({"status"})["pauses"].empty());
}

TEST_F(operator_test, records_that_wait_are_listed_and_obey_orders) {
  start();
  peers_.set_fault({{"peer", "community-api"}, {"status", 400}});
  const auto events = first_of_each_booking(events_of(population, 20));
  ASSERT_TRUE(one_->post(events, "all"));
  ASSERT_TRUE(one_->settles(events.size())) << one_->said();
  const auto waiting = ask({"waiting", "--state", "waiting"});
  ASSERT_GE(waiting.value("found", 0), 2) << to_string(*one_->look()) << waiting.dump(1);
  const auto first = waiting["waiting"][0]["key"].get<std::string>();
  const auto second = waiting["waiting"][1]["key"].get<std::string>();
  EXPECT_TRUE(waiting["waiting"][0].contains("next"));

  const auto paused = ask({"waiting", "pause", first, "--reason", "look first", "--yes"});
  ASSERT_EQ(paused["orders"].size(), 1U) << paused.dump(1);
  EXPECT_EQ(paused["orders"][0]["outcome"], "done");
  EXPECT_EQ(paused["orders"][0]["now"]["paused"], "look first");
  const auto gone = ask({"waiting", "discard", second, "--reason", "a test", "--yes"});
  EXPECT_EQ(gone["orders"][0]["outcome"], "done");
  EXPECT_FALSE(gone["orders"][0].contains("now"));
  EXPECT_EQ(ask({"waiting", "discard", second, "--reason", "a test", "--yes"})["orders"].size(), 0U)
    << "nothing is left to discard";
  ASSERT_EQ(ask({"waiting", "resume", first, "--reason", "seen", "--yes"})["orders"][0]["outcome"],
            "done");

  peers_.set_fault({{"peer", "community-api"}, {"status", nullptr}});
  const auto again = ask(
    {"waiting", "retry-now", "--all", "--state", "waiting", "--reason", "Delius is back", "--yes"});
  EXPECT_EQ(again["orders"].size(), waiting["waiting"].size() - 1) << again.dump(1);
  ASSERT_TRUE(eventually([&] {
    const auto now = one_->look();
    return now && now->in_call == 0 && now->waiting == 0;
  }))
    << to_string(*one_->look());
  EXPECT_EQ(one_->look()->difference, 0);
}

TEST_F(operator_test, a_peer_that_is_down_is_said_first_and_its_calls_are_shown) {
  start();
  peers_.set_fault({{"peer", "prison-api"}, {"status", 503}});
  ASSERT_TRUE(one_->post(first_of_each_booking(events_of(population, 20)), "all"));
  ASSERT_TRUE(eventually([&] {
    const auto problems = ask({"status"})["problems"];
    return std::ranges::any_of(problems, [](const json& p) {
      return p["what"].get<std::string>().find("prison-api") != std::string::npos;
    });
  }));
  const auto said = order({"status"});
  EXPECT_EQ(said.how.code, 1) << "not well";
  EXPECT_NE(said.out.find("503"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("docs/operating/"), std::string::npos);
}

TEST_F(operator_test, held_records_are_seen_by_their_timers) {
  start({{"HOLD_BACK", "1h"}});
  const auto events = first_of_each_booking(events_of(population, 6));
  ASSERT_TRUE(one_->post(events, "all"));
  ASSERT_TRUE(eventually([&] {
    const auto now = one_->look();
    return now && now->lag == 0 && now->held > 0;
  }));
  const auto timers = ask({"timers", "--stage", "custody"});
  EXPECT_GE(timers.value("found", 0), one_->look()->held);
  EXPECT_FALSE(timers["timers"][0].value("overdue", true));
  EXPECT_EQ(ask({"timers", "--overdue"}).value("found", -1), 0);
  EXPECT_EQ(ask({"status"})["waiting"]["held"].value("records", 0), one_->look()->held);
}

TEST_F(operator_test, a_drain_ends_the_process_with_status_0) {
  start();
  const auto said = order({"drain", "--reason", "new kernel", "--yes"});
  ASSERT_EQ(said.how.code, 0) << said.err;
  EXPECT_EQ(one_->running().wait(), (exit_status{0, 0}));
  EXPECT_NE(one_->said().find("instance.stopped"), std::string::npos);
}

} // namespace
} // namespace sallyport::test
