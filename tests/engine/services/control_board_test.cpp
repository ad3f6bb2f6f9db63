#include "engine/services/control_board.hpp"

#include "engine/log/memory_log.hpp"
#include "engine/state/memory_store.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using wanted_pause = control_board::wanted_pause;

const order_cause why{"because", "alice"};

struct control_board_test : ::testing::Test {
  manual_clock clock{wall_time{duration{1'769'850'000'123}}};
  memory_store store;
  memory_log log{store, clock};
  std::vector<control_board::calling_stage> stages{{"one", "sync", {"delius", "nomis"}},
                                                   {"two", "tell", {"delius"}}};

  /// The lanes of a process, which take every order at once.
  struct process {
    std::mutex guard;
    std::map<stage_place, wanted_pause> is;
    std::vector<control_board::stage_order> orders;
    std::vector<std::pair<std::string, std::uint32_t>> open{{"one", 0}, {"one", 1}, {"two", 0}};

    control_board::lanes lanes() {
      return {[this] {
                const std::lock_guard lock{guard};
                return open;
              },
              [this](const stage_place& at) -> result<wanted_pause> {
                const std::lock_guard lock{guard};
                return is[at];
              },
              [this](const stage_place& at, const wanted_pause& what) {
                const std::lock_guard lock{guard};
                is[at] = what;
              },
              [this](const control_board::stage_order& what) {
                const std::lock_guard lock{guard};
                orders.push_back(what);
              }};
    }
    wanted_pause at(const stage_place& where) {
      const std::lock_guard lock{guard};
      return is[where];
    }
    std::size_t orders_taken() {
      const std::lock_guard lock{guard};
      return orders.size();
    }
  };

  std::unique_ptr<control_board> board() {
    auto made = std::make_unique<control_board>("app", stages, log, clock);
    EXPECT_TRUE(made->open());
    return made;
  }
  std::vector<record> all(const std::string& topic) {
    std::vector<record> out;
    auto read = log.read({topic, 0}, 0, {1'000, 1U << 20U});
    EXPECT_TRUE(read);
    for (auto& r : *read)
      out.push_back(std::move(r.rec));
    return out;
  }
};

TEST_F(control_board_test, a_pause_reaches_the_lanes_of_every_process_and_ends) {
  process here;
  process there;
  auto a = board();
  auto b = board();
  a->start(here.lanes());
  b->start(there.lanes());
  ASSERT_TRUE(a->set_pause("peer/delius", why));
  EXPECT_TRUE(a->lanes_follow(duration{10'000}));
  EXPECT_EQ(here.at({"one", 1, "sync"}), (wanted_pause{false, {"delius"}}));
  EXPECT_EQ(here.at({"two", 0, "tell"}), (wanted_pause{false, {"delius"}}));
  EXPECT_TRUE(test::eventually(
    [&] { return there.at({"one", 0, "sync"}) == wanted_pause{false, {"delius"}}; }));
  ASSERT_EQ(b->pauses().size(), 1U);
  EXPECT_EQ(b->pauses()[0].why.by, "alice");
  EXPECT_EQ(b->pauses()[0].at, clock.now());
  ASSERT_TRUE(b->end_pause("peer/delius", why));
  EXPECT_TRUE(test::eventually([&] { return here.at({"one", 1, "sync"}) == wanted_pause{}; }));
  EXPECT_TRUE(a->pauses().empty());
}

TEST_F(control_board_test, what_is_paused_is_known_after_a_restart_and_reaches_lanes_that_open) {
  {
    auto first = board();
    ASSERT_TRUE(first->set_pause("all", why));
    ASSERT_TRUE(first->set_pause("stage/one.sync", why));
    ASSERT_TRUE(first->end_pause("all", why));
  }
  process here;
  here.open.clear();
  auto later = board();
  ASSERT_EQ(later->pauses().size(), 1U);
  EXPECT_EQ(later->pauses()[0].what, "stage/one.sync");
  later->start(here.lanes());
  EXPECT_TRUE(later->lanes_follow(duration{0})) << "no lane is open";
  {
    const std::lock_guard lock{here.guard};
    here.open = {{"one", 0}, {"two", 0}};
  }
  EXPECT_TRUE(
    test::eventually([&] { return here.at({"one", 0, "sync"}) == wanted_pause{true, {}}; }));
  EXPECT_EQ(here.at({"two", 0, "tell"}), wanted_pause{});
}

TEST_F(control_board_test, an_order_is_on_the_log_and_is_handed_over_once_but_not_after_a_restart) {
  const control_board::stage_order order{"one", 1, "sync", "retry-now", R"({"key":"7"})"};
  process here;
  {
    auto first = board();
    first->start(here.lanes());
    ASSERT_TRUE(first->give(order, "7", why));
    ASSERT_TRUE(first->note("drain", "", why));
    EXPECT_TRUE(test::eventually([&] { return here.orders_taken() == 1; }));
  }
  EXPECT_EQ(here.orders[0].name, "retry-now");
  EXPECT_EQ(here.orders[0].partition, 1U);
  EXPECT_EQ(here.orders[0].payload, order.payload);
  const auto written = all("app.orders");
  ASSERT_EQ(written.size(), 2U);
  EXPECT_NE(written[0].value.str().find(R"("reason":"because")"), std::string::npos);
  EXPECT_EQ(written[1].key.str(), "drain");
  process again;
  auto later = board();
  later->start(again.lanes());
  ASSERT_TRUE(later->give(order, "7", why));
  EXPECT_TRUE(test::eventually([&] { return again.orders_taken() >= 1; }));
  EXPECT_EQ(again.orders_taken(), 1U);
}

TEST_F(control_board_test, names_are_found_and_others_are_told_what_there_is) {
  const auto b = board();
  EXPECT_EQ(b->named("all"), "all");
  EXPECT_EQ(b->named("delius"), "peer/delius");
  EXPECT_EQ(b->named("sync"), "stage/one.sync");
  EXPECT_EQ(b->named("two.tell"), "stage/two.tell");
  const auto unknown = b->named("Delius");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().what, "there is nothing to pause called 'Delius'; there is all, "
                                  "delius, nomis, one.sync, two.tell");
  stages.push_back({"three", "delius", {"delius"}});
  const auto several = board()->named("delius");
  ASSERT_FALSE(several);
  EXPECT_NE(several.error().what.find("peer/delius, stage/three.delius"), std::string::npos);
}

} // namespace
} // namespace sallyport
