// kill -9 at random moments, again and again. SALLYPORT_KILLS=50 for the long run; SALLYPORT_SEED
// repeats one.

#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <random>

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;

unsigned number_from_environment(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name); // NOLINT(concurrency-mt-unsafe)
  return text ? static_cast<unsigned>(std::stoul(text)) : otherwise;
}

class kills_test : public ::testing::Test {
protected:
  /// So that there is work at every kill, the events come in as many parts.
  static std::vector<std::vector<std::string>> in_parts(const std::vector<std::string>& events,
                                                        std::size_t count) {
    std::vector<std::vector<std::string>> parts(count);
    for (std::size_t i = 0; i < events.size(); ++i)
      parts[i * count / events.size()].push_back(events[i]);
    return parts;
  }

  void run_with_kills(const std::vector<std::string>& events, const std::string& hold_back) {
    instance_.emplace(peers_.url(), instance::settings{{"HOLD_BACK", hold_back}});
    std::cout << "seed: SALLYPORT_SEED=" << seed_ << ", kills: " << kills_ << '\n';
    ASSERT_TRUE(instance_->start());
    const auto parts = in_parts(events, kills_);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto writes = write_count();
      if (dice_() % 4 != 0) {
        post(parts[i], i);
        // Most kills are to meet calls that change something.
        const bool among_writes =
          dice_() % 3 != 0 && eventually([&] { return write_count() > writes; }, 5s, 1ms);
        pause(among_writes ? 10ms : 600ms);
      } else {
        pause(5ms); // soon after the start
      }
      instance_->running().kill();
      ASSERT_TRUE(instance_->start()) << instance_->said();
      post(parts[i], i); // a repeat is harmless
    }
    ASSERT_TRUE(instance_->settles(events.size(), 180s))
      << to_string(instance_->look().value_or(figures{})) << instance_->said();
  }

  void expect_as_undisturbed(const std::vector<std::string>& events) {
    const auto wanted = undisturbed(population_, events);
    const auto found = facts_of(peers_, *instance_);
    EXPECT_EQ(difference_in_doubt(found, wanted), "");
    EXPECT_EQ(instance_->look()->difference, 0);
    EXPECT_EQ(keys_of_different_calls(peers_.requests()), std::vector<std::string>{});
  }

  unsigned kills_ = number_from_environment("SALLYPORT_KILLS", 4);
  unsigned seed_ = number_from_environment("SALLYPORT_SEED", std::random_device{}());
  std::mt19937 dice_{seed_};
  std::vector<std::string> population_{"--people", std::to_string(20 + 10 * kills_), "--seed", "7"};
  peers peers_{[this] {
    auto options = population_;
    options.insert(options.end(), {"--latency", "5ms±4"});
    return options;
  }()};
  std::optional<instance> instance_;

private:
  [[nodiscard]] std::size_t write_count() const { return count_writes(peers_.requests()); }

  void post(const std::vector<std::string>& part, std::size_t number) {
    EXPECT_TRUE(eventually([&] { return instance_->post(part, std::to_string(number)); }));
  }

  /// The moment of a kill is what is drawn, so there is no condition to wait for.
  void pause(std::chrono::milliseconds most) {
    std::uniform_int_distribution<long> draw{0, most.count()};
    (void) eventually([] { return false; }, std::chrono::milliseconds{draw(dice_)}, 1ms);
  }
};

TEST_F(kills_test, an_instance_that_is_killed_again_and_again_ends_as_if_it_never_was) {
  // One of two events of a booking may pass the part intake a restart later than the other. That is
  // what the hold-back is for, so it is longer than a restart.
  const auto events = events_of(population_, 40 * (1 + kills_), 2);
  run_with_kills(events, "2s");
  expect_as_undisturbed(events);
}

TEST_F(kills_test, a_call_that_is_made_again_after_a_kill_carries_the_same_key) {
  const auto events = first_of_each_booking(events_of(population_, 60 * (1 + kills_)));
  run_with_kills(events, "200ms");
  expect_as_undisturbed(events);
  const auto requests = peers_.requests();
  EXPECT_EQ(repeated_under_other_keys(requests), std::vector<std::string>{});
  std::cout << "calls that change something and were made again: " << repeated_writes(requests)
            << " of " << requests.size() << " requests\n";
}

} // namespace
} // namespace sallyport::test
