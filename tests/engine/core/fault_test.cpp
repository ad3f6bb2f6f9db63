#include "engine/core/fault.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport {
namespace {

constexpr int passed = 7;

int wait_for(pid_t child, int options = 0) {
  int how = 0;
  while (::waitpid(child, &how, options) < 0 && errno == EINTR) {
  }
  return how;
}

/// Runs `work` in a child, which exits with its answer.
template <class Function>
pid_t in_child(Function work) {
  auto child = ::fork();
  if (child == 0) {
    ::alarm(30); // it must not outlive a test that went wrong
    ::_exit(work());
  }
  return child;
}

class fault_steps : public ::testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(fault::arm("")); }
  void TearDown() override { ASSERT_TRUE(fault::arm("")); }
};

TEST_F(fault_steps, nothing_happens_unasked) {
  for (auto step : fault::steps())
    EXPECT_TRUE(fault::at(step));
}

TEST_F(fault_steps, every_step_can_fail) {
  for (auto step : fault::steps()) {
    ASSERT_TRUE(fault::arm(std::string{step} + ":fail"));
    auto failed = fault::at(step);
    ASSERT_FALSE(failed) << step;
    EXPECT_EQ(failed.error().code, errc::injected_fault);
    EXPECT_EQ(failed.error().retry, retry_hint::backoff);
    EXPECT_NE(failed.error().what.find(step), std::string::npos);
  }
}

TEST_F(fault_steps, only_the_step_that_was_named_fails_and_only_once) {
  ASSERT_TRUE(fault::arm("commit.before:fail"));
  EXPECT_TRUE(fault::at("commit.written"));
  EXPECT_FALSE(fault::at("commit.before"));
  EXPECT_TRUE(fault::at("commit.before"));
}

TEST_F(fault_steps, it_fails_at_the_time_that_was_asked_for) {
  ASSERT_TRUE(fault::arm("commit.before:fail@3"));
  EXPECT_TRUE(fault::at("commit.before"));
  EXPECT_TRUE(fault::at("call.sent"));
  EXPECT_TRUE(fault::at("commit.before"));
  EXPECT_FALSE(fault::at("commit.before"));
  EXPECT_TRUE(fault::at("commit.before"));
}

TEST_F(fault_steps, one_that_is_slow_is_passed_each_time_after_a_pause) {
  ASSERT_TRUE(fault::arm("commit.decided:slow@2"));
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(fault::at("commit.decided"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 2 * fault::slow_pause);
}

TEST_F(fault_steps, arming_anew_forgets_the_last) {
  ASSERT_TRUE(fault::arm("commit.before:fail"));
  ASSERT_TRUE(fault::arm("call.sent:fail"));
  EXPECT_TRUE(fault::at("commit.before"));
  ASSERT_TRUE(fault::arm(""));
  EXPECT_TRUE(fault::at("call.sent"));
}

TEST_F(fault_steps, what_cannot_be_meant_is_refused_and_disarms) {
  for (auto text : {"nowhere:fail", "commit.before", "commit.before:", "commit.before:burn",
                    "commit.before:fail@", "commit.before:fail@0", "commit.before:fail@-1",
                    "commit.before:fail@2x", "commit.before:fail@99999999999", ":fail", ":"}) {
    auto refused = fault::arm(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, errc::invalid_config);
    EXPECT_TRUE(refused.error().what.starts_with("SALLYPORT_FAULT: ")) << refused.error().what;
    EXPECT_TRUE(fault::at("commit.before"));
  }
}

TEST_F(fault_steps, a_killed_process_dies_at_the_step) {
  auto child = in_child([] {
    if (!fault::arm("commit.written:kill"))
      return 1;
    if (!fault::at("commit.before"))
      return 2;
    (void) fault::at("commit.written");
    return 3;
  });
  auto how = wait_for(child);
  ASSERT_TRUE(WIFSIGNALED(how));
  EXPECT_EQ(WTERMSIG(how), SIGKILL);
}

TEST_F(fault_steps, a_stopped_process_goes_on_when_it_may) {
  auto child = in_child([] {
    if (!fault::arm("commit.written:stop"))
      return 1;
    return fault::at("commit.written") ? passed : 2;
  });
  auto how = wait_for(child, WUNTRACED);
  ASSERT_TRUE(WIFSTOPPED(how));
  EXPECT_EQ(WSTOPSIG(how), SIGSTOP);
  ASSERT_EQ(::kill(child, SIGCONT), 0);
  how = wait_for(child);
  ASSERT_TRUE(WIFEXITED(how));
  EXPECT_EQ(WEXITSTATUS(how), passed);
}

/// Run by the test below in a process of its own, as the environment is read once.
TEST(fault_child, DISABLED_passes_a_step) {
  ::_exit(fault::at("commit.before") ? passed : passed + 1);
}

int status_of_child_with(const char* setting) {
  auto child = ::fork();
  if (child == 0) {
    ::alarm(30);
    ::setenv("SALLYPORT_FAULT", setting, 1); // NOLINT(concurrency-mt-unsafe): the only thread
    ::execl("/proc/self/exe", "test", "--gtest_also_run_disabled_tests", "--gtest_brief=1",
            "--gtest_filter=fault_child.DISABLED_passes_a_step", static_cast<char*>(nullptr));
    ::_exit(1);
  }
  return wait_for(child);
}

TEST(fault_environment, the_setting_is_read_at_the_first_step) {
  auto quiet = status_of_child_with("");
  ASSERT_TRUE(WIFEXITED(quiet));
  EXPECT_EQ(WEXITSTATUS(quiet), passed);
  auto failed = status_of_child_with("commit.before:fail");
  ASSERT_TRUE(WIFEXITED(failed));
  EXPECT_EQ(WEXITSTATUS(failed), passed + 1);
  auto killed = status_of_child_with("commit.before:kill");
  ASSERT_TRUE(WIFSIGNALED(killed));
  EXPECT_EQ(WTERMSIG(killed), SIGKILL);
}

} // namespace
} // namespace sallyport
