// Every step of a commit, a call and a restart, with a process that dies, stops or fails there: the
// peers end as after an undisturbed run, and nothing is lost, doubled, or asked again under another
// key.

#include "engine/core/fault.hpp"
#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <random>
#include <thread>

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string>& population() {
  static const std::vector<std::string> options{"--people", "16", "--seed", "7"};
  return options;
}

const std::vector<std::string>& events() {
  static const auto made = first_of_each_booking(events_of(population(), 48));
  return made;
}

const facts& reference() {
  static const auto made = undisturbed(population(), events());
  return made;
}

/// One step, one action: a run with the fault, and what is wrong with its end.
class visit {
public:
  visit(std::string step, std::string action, unsigned passage)
    : step_(std::move(step)), action_(std::move(action)),
      fault_(step_ + ":" + action_ + "@" + std::to_string(passage)), peers_(peer_options()),
      instance_(peers_.url(), {{"HOLD_BACK", "200ms"}}) {}

  std::vector<std::string> run() {
    if (is("restart."))
      crash_first();
    look_after(instance_.start(fault_));
    if (!posted_)
      feed();
    if (is("stop."))
      stop_half_way();
    check(settle(), "it did not settle: " + where());
    check(seen_, "it never came to the step");
    check_facts();
    return problems_;
  }

  [[nodiscard]] const std::string& name() const noexcept { return fault_; }

private:
  static std::vector<std::string> peer_options() {
    auto options = population();
    options.insert(options.end(), {"--latency", "2ms±1"});
    return options;
  }

  [[nodiscard]] bool is(std::string_view prefix) const { return step_.starts_with(prefix); }

  void check(bool good, const std::string& otherwise) {
    if (!good)
      problems_.push_back(fault_ + ": " + otherwise);
  }

  [[nodiscard]] std::string where() const {
    const auto now = instance_.look();
    return (now ? to_string(*now) : "no answer") + "\n" + instance_.said();
  }

  /// Something to be found by the restart: calls that may have been made.
  void crash_first() {
    check(instance_.start(), "it did not start");
    feed();
    check(half_way(), "no call came under way");
    instance_.running().kill();
  }

  [[nodiscard]] bool half_way() {
    return eventually([&] {
      const auto now = instance_.look();
      return now && now->in_call > 0;
    });
  }

  /// Wakes what has stopped, and starts what has ended, without the fault.
  void look_after(bool runs) {
    while (!runs) {
      if (instance_.running().stopped()) {
        seen_ = seen_ || action_ == "stop";
        instance_.running().signal(SIGCONT);
        if (!eventually([&] { return !instance_.running().stopped(); }))
          return;
        if (instance_.await_start())
          return;
        continue;
      }
      check_end();
      seen_ = seen_ || action_ != "stop";
      runs = instance_.start();
    }
  }

  /// Only what the fault says ends a process, or its being asked to.
  void check_end() {
    const auto how = instance_.running().wait();
    const bool good = action_ == "kill"         ? how == exit_status{-1, SIGKILL}
                      : is("stop.")             ? how == exit_status{0, 0}
                      : step_ == "restart.open" ? how == exit_status{1, 0}
                                                : false;
    check(good, "it ended with " + (how ? to_string(*how) : "nothing") + "\n" + instance_.said());
  }

  void attend() {
    if (!instance_.running().running() || instance_.running().stopped())
      look_after(false);
    // An operator's failure is told by its log, a call's by its being tried again.
    seen_ = seen_ || instance_.said().find("SALLYPORT_FAULT at " + step_) != std::string::npos;
  }

  void feed() {
    posted_ = eventually([&] {
      attend();
      if (instance_.post(events(), "all"))
        return true;
      seen_ = seen_ || (action_ == "fail" && is("ingress."));
      return false;
    });
    check(posted_, "the events were not taken");
  }

  void stop_half_way() {
    check(half_way(), "no call came under way");
    instance_.running().signal(SIGTERM);
    check(
      eventually([&] { return !instance_.running().running() || instance_.running().stopped(); }),
      "it did not end");
    if (instance_.running().stopped()) {
      seen_ = true;
      instance_.running().signal(SIGCONT);
      (void) instance_.running().wait();
    }
    look_after(false);
  }

  [[nodiscard]] bool settle() {
    return eventually(
      [&] {
        attend();
        const auto page = metrics_page{instance_.http().get("/metrics").body};
        seen_ = seen_ || (is("call.") && action_ == "fail" &&
                          page.sum("sallyport_calls_total", {{"outcome", "retried"}}) > 0);
        const auto now = instance_.look();
        return now && now->settled(events().size());
      },
      60s, 30ms);
  }

  void check_facts() {
    const auto now = instance_.look();
    check(now && now->difference == 0, "the difference is not 0");
    const auto unlike = difference_in_doubt(facts_of(peers_, instance_), reference());
    check(unlike.empty(), "it ends otherwise:" + unlike);
    for (const auto& call : repeated_under_other_keys(peers_.requests()))
      check(false, "made again under another key: " + call);
    for (const auto& key : keys_of_different_calls(peers_.requests()))
      check(false, "two calls under one key: " + key);
    const auto how = instance_.stop();
    check(how == exit_status{0, 0}, "it ended with " + (how ? to_string(*how) : "nothing"));
  }

  std::string step_;
  std::string action_;
  std::string fault_;
  peers peers_;
  instance instance_;
  bool posted_ = false;
  bool seen_ = false;
  std::vector<std::string> problems_;
};

/// At which passage of the step the fault comes: not always the first. The bounds are what even the
/// largest batches pass.
unsigned passage_of(std::string_view step, std::mt19937& dice) {
  const auto up_to = [&](unsigned most) { return std::uniform_int_distribution{1U, most}(dice); };
  if (step.starts_with("call."))
    return up_to(20);
  if (step.starts_with("epoch.") || step.starts_with("commit."))
    return up_to(8);
  return step == "restart.lanes" || step == "restart.ledger" ? up_to(8) : 1;
}

/// Lanes do not move on the embedded log, and its commit is one write; tests/faults/kafka visits
/// these.
bool only_on_kafka(std::string_view step) {
  return step == "commit.produced" || step == "commit.decided" || step.starts_with("take_over.") ||
         step.starts_with("hand_over.");
}

void visit_all(const std::string& action) {
  ASSERT_FALSE(reference().delius.empty());
  const auto* given = std::getenv("SALLYPORT_SEED"); // NOLINT(concurrency-mt-unsafe)
  const auto seed = given ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
  std::cout << "seed: SALLYPORT_SEED=" << seed << '\n';
  std::mt19937 dice{seed};
  std::vector<std::pair<std::string, unsigned>> all;
  for (const auto step : fault::steps())
    if (!only_on_kafka(step))
      all.emplace_back(step, passage_of(step, dice));
  // Most of a run is waiting, so a few go on side by side.
  constexpr std::size_t side_by_side = 4;
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (auto i = next++; i < all.size(); i = next++) {
      try {
        visit one{all[i].first, action, all[i].second};
        for (const auto& problem : one.run())
          ADD_FAILURE() << problem;
      } catch (const std::exception& e) {
        ADD_FAILURE() << all[i].first << ":" << action << ": " << e.what();
      }
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < side_by_side; ++i)
    threads.emplace_back(work);
}

TEST(steps_test, a_process_that_dies_at_any_step_loses_and_doubles_nothing) { visit_all("kill"); }

TEST(steps_test, a_process_that_stops_at_any_step_goes_on_as_if_nothing_had_been) {
  visit_all("stop");
}

TEST(steps_test, a_step_that_fails_is_made_good) { visit_all("fail"); }

} // namespace
} // namespace sallyport::test
