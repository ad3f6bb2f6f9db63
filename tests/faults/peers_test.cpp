// Peers that are down, slow, or answer with errors: nothing is lost, and Delius ends as if they had
// been well.

#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;

class peers_test : public ::testing::Test {
protected:
  static std::vector<std::string> with(std::vector<std::string> more) {
    auto options = population_;
    options.insert(options.end(), more.begin(), more.end());
    return options;
  }

  /// What trouble has put off is made good by a later attempt, and that is not told from outside:
  /// so the end itself is waited for.
  void expect_as_undisturbed(const peers& simulated, const instance& one) {
    const auto wanted = undisturbed(population_, events_);
    (void) eventually(
      [&] {
        const auto now = one.look();
        return now && now->settled(events_.size()) &&
               difference_in_doubt(facts_of(simulated, one), wanted).empty();
      },
      90s, 100ms);
    const auto now = one.look();
    ASSERT_TRUE(now);
    EXPECT_EQ(difference_in_doubt(facts_of(simulated, one), wanted), "") << to_string(*now);
    EXPECT_EQ(now->difference, 0);
    EXPECT_EQ(keys_of_different_calls(simulated.requests()), std::vector<std::string>{});
  }

  static const std::vector<std::string> population_;
  /// Each second, so that what a peer's trouble has put off is made good soon.
  instance::settings soon_{{"RETRY_SHORT_CRON", "* * * * * *"},
                           {"RETRY_MEDIUM_CRON", "* * * * * *"},
                           {"RETRY_LONG_CRON", "0 0 0 29 2 *"}};
  std::vector<std::string> events_ = events_of(population_, 200);
};

// A circuit opens on the failures of ten bookings of a lane, and there are four lanes.
const std::vector<std::string> peers_test::population_{"--people", "100", "--seed", "7"};

TEST_F(peers_test, a_peer_that_is_down_is_left_alone_and_all_is_made_good_when_it_is_back) {
  const peers simulated{with({"--down", "community-api=503"})};
  instance one{simulated.url(), soon_};
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(one.post(events_, "all"));
  ASSERT_TRUE(eventually([&] {
    const metrics_page page{one.http().get("/metrics").body};
    return page.sum("sallyport_circuits_open") > 0 && page.sum("sallyport_calls_held") > 0;
  }))
    << "no circuit opened";
  EXPECT_EQ(one.look()->difference, 0);
  simulated.set_fault({{"peer", "community-api"}, {"status", nullptr}});
  expect_as_undisturbed(simulated, one);
}

TEST_F(peers_test, a_peer_that_drops_every_connection_and_comes_back_loses_nothing) {
  const peers simulated{population_};
  instance one{simulated.url(), soon_};
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(one.post(events_, "all"));
  ASSERT_TRUE(eventually([&] { return simulated.requests().size() > 20; }));
  simulated.set_fault({{"peer", "all"}, {"status", "close"}});
  ASSERT_TRUE(eventually([&] {
    const metrics_page page{one.http().get("/metrics").body};
    return page.sum("sallyport_circuits_open") > 0;
  }))
    << "no circuit opened";
  simulated.set_fault({{"peer", "all"}, {"status", nullptr}});
  expect_as_undisturbed(simulated, one);
}

TEST_F(peers_test, latency_errors_and_writes_whose_answer_is_lost_change_nothing) {
  const peers simulated{with({"--latency", "10ms±8", "--errors", "1%", "--drop", "1%"})};
  instance one{simulated.url(), soon_};
  ASSERT_TRUE(one.start()) << one.said();
  ASSERT_TRUE(one.post(events_, "all"));
  expect_as_undisturbed(simulated, one);
}

} // namespace
} // namespace sallyport::test
