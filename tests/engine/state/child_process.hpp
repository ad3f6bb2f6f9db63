#pragma once

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::test {

/// Runs one disabled test of this program in a process of its own, with `argument` in the
/// environment. (A mere fork would lack the threads of RocksDB that the parent has started.)
class child_process {
public:
  static constexpr const char* variable = "SALLYPORT_TEST_CHILD";

  /// The argument, in the child; null in the parent.
  static const char* argument() { return std::getenv(variable); }

  child_process(const std::string& test, const std::string& argument) {
    int ends[2];
    if (pipe(ends) != 0)
      throw std::runtime_error{"no pipe"};
    auto filter = "--gtest_filter=" + test;
    id_ = fork();
    if (id_ == 0) {
      dup2(ends[1], report_descriptor);
      setenv(variable, argument.c_str(), 1);
      execl("/proc/self/exe", "child", filter.c_str(), "--gtest_also_run_disabled_tests",
            "--gtest_brief=1", nullptr);
      _exit(127);
    }
    close(ends[1]);
    reports_ = ends[0];
  }
  ~child_process() {
    kill();
    close(reports_);
  }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// In the child: tells the parent a number.
  static void report(long number) {
    if (write(report_descriptor, &number, sizeof number) != sizeof number)
      _exit(126);
  }
  /// The next number that the child told; false when it is gone.
  bool read_report(long& number) const {
    return read(reports_, &number, sizeof number) == sizeof number;
  }
  /// kill -9.
  void kill() {
    if (id_ > 0)
      ::kill(id_, SIGKILL);
    (void) wait();
  }
  /// The exit code; -1 if a signal ended it.
  int wait() {
    if (id_ <= 0)
      return code_;
    int how = 0;
    waitpid(id_, &how, 0);
    id_ = 0;
    code_ = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
    return code_;
  }

private:
  static constexpr int report_descriptor = 9;
  pid_t id_ = 0;
  int reports_ = -1;
  int code_ = -1;
};

} // namespace sallyport::test
