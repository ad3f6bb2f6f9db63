#include "engine/lane/fiber.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::lane {
namespace {

TEST(fiber_test, a_function_goes_on_where_it_stopped) {
  fiber f;
  std::string trail;
  f.start([&] {
    for (char c = 'a'; c <= 'c'; ++c) {
      trail += c;
      f.suspend();
    }
    trail += '.';
  });
  EXPECT_EQ(trail, "a");
  EXPECT_FALSE(f.idle());
  f.resume();
  EXPECT_EQ(trail, "ab");
  f.resume();
  f.resume();
  EXPECT_EQ(trail, "abc.");
  EXPECT_TRUE(f.idle());
}

TEST(fiber_test, serves_one_function_after_the_other) {
  fiber f;
  int runs = 0;
  for (int i = 0; i < 3; ++i) {
    f.start([&] {
      f.suspend();
      ++runs;
    });
    f.resume();
  }
  EXPECT_EQ(runs, 3);
  EXPECT_TRUE(f.idle());
}

TEST(fiber_test, one_that_was_never_used_can_go) { const fiber unused; }

TEST(fiber_test, goes_on_in_another_thread) {
  fiber f;
  std::vector<std::thread::id> seen;
  f.start([&] {
    seen.push_back(std::this_thread::get_id());
    f.suspend();
  });
  std::thread{[&] { f.resume(); }}.join();
  EXPECT_EQ(seen, std::vector{std::this_thread::get_id()});
  EXPECT_TRUE(f.idle());
}

/// Each waits inside a handler of its own, and the thread around them handles a third exception.
TEST(fiber_test, exceptions_of_several_do_not_mix) {
  const auto caught_across_a_stop = [](fiber& in, std::string& into, const char* what) {
    return [&in, &into, what] {
      try {
        throw std::runtime_error(what);
      } catch (const std::runtime_error&) {
        in.suspend();
        try {
          throw;
        } catch (const std::runtime_error& again) {
          into = again.what();
        }
      }
    };
  };
  fiber one;
  fiber other;
  std::string of_one;
  std::string of_other;
  try {
    throw std::runtime_error("around");
  } catch (const std::runtime_error&) {
    one.start(caught_across_a_stop(one, of_one, "one"));
    other.start(caught_across_a_stop(other, of_other, "other"));
    one.resume();
    other.resume();
    try {
      throw;
    } catch (const std::runtime_error& again) {
      EXPECT_STREQ(again.what(), "around");
    }
  }
  EXPECT_EQ(of_one, "one");
  EXPECT_EQ(of_other, "other");
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

TEST(fiber_test, many_stand_still_at_once) {
  constexpr int count = 200;
  std::vector<std::unique_ptr<fiber>> all;
  int ended = 0;
  for (int i = 0; i < count; ++i) {
    all.push_back(std::make_unique<fiber>());
    auto& f = *all.back();
    f.start([&f, &ended] {
      const std::vector<int> kept(1000, 7);
      f.suspend();
      ended += kept.back() == 7 ? 1 : 0;
    });
  }
  for (auto& f : all)
    f->resume();
  EXPECT_EQ(ended, count);
}

} // namespace
} // namespace sallyport::lane
