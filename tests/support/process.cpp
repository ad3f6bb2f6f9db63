#include "tests/support/process.hpp"

#include "tests/engine/state/temporary_folder.hpp"
#include "tests/support/wait.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace sallyport::test {

namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (auto& t : texts)
    all.push_back(t.data());
  all.push_back(nullptr);
  return all;
}

void redirect(const char* file, int flags, int to) {
  const int opened = ::open(file, flags | O_CLOEXEC, 0644);
  if (opened < 0 || ::dup2(opened, to) < 0)
    ::_exit(126);
}

} // namespace

std::string to_string(const exit_status& how) {
  return how.signal != 0 ? "signal " + std::to_string(how.signal)
                         : "exit status " + std::to_string(how.code);
}

std::filesystem::path program(const std::string& name) {
  return std::filesystem::path{SALLYPORT_BINARY_DIR} / name;
}

process::process(const command& what) {
  std::vector<std::string> arguments{what.program.string()};
  arguments.insert(arguments.end(), what.arguments.begin(), what.arguments.end());
  std::vector<std::string> environment;
  for (const char* kept : {"PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"})
    if (const char* value = std::getenv(kept)) // NOLINT(concurrency-mt-unsafe)
      environment.push_back(std::string{kept} + "=" + value);
  for (const auto& [name, value] : what.environment)
    environment.push_back(name + "=" + value);
  auto argv = pointers(arguments);
  auto envp = pointers(environment);
  const auto in = what.in.string();
  const auto out = what.out.string();
  const auto err = what.err.string();
  // Between fork and exec nothing is allowed that takes a lock: all is made ready before.
  id_ = ::fork();
  if (id_ < 0)
    throw std::runtime_error{"no process can be made"};
  if (id_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    redirect(in.c_str(), O_RDONLY, STDIN_FILENO);
    redirect(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, STDOUT_FILENO);
    redirect(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, STDERR_FILENO);
    ::execve(argv.front(), argv.data(), envp.data());
    ::_exit(127);
  }
}

process::~process() { kill(); }

process::process(process&& other) noexcept
  : id_(std::exchange(other.id_, 0)), stopped_(other.stopped_), ended_(other.ended_) {}

process& process::operator=(process&& other) noexcept {
  if (this != &other) {
    kill();
    id_ = std::exchange(other.id_, 0);
    stopped_ = other.stopped_;
    ended_ = other.ended_;
  }
  return *this;
}

void process::signal(int number) const {
  if (id_ > 0)
    ::kill(id_, number);
}

void process::kill() {
  if (id_ <= 0)
    return;
  ::kill(id_, SIGKILL);
  int how = 0;
  ::waitpid(id_, &how, 0);
  id_ = 0;
  if (!ended_)
    ended_ = exit_status{-1, SIGKILL};
}

void process::look() {
  int how = 0;
  while (id_ > 0 && ::waitpid(id_, &how, WNOHANG | WUNTRACED | WCONTINUED) == id_) {
    if (WIFSTOPPED(how)) {
      stopped_ = true;
    } else if (WIFCONTINUED(how)) {
      stopped_ = false;
    } else {
      id_ = 0;
      ended_ = WIFEXITED(how) ? exit_status{WEXITSTATUS(how), 0} : exit_status{-1, WTERMSIG(how)};
    }
  }
}

bool process::running() {
  look();
  return id_ > 0;
}

bool process::stopped() {
  look();
  return id_ > 0 && stopped_;
}

std::optional<exit_status> process::wait(std::chrono::milliseconds within) {
  (void) eventually([&] { return !running(); }, within);
  return ended_;
}

ran run(const std::filesystem::path& program, std::vector<std::string> arguments,
        std::map<std::string, std::string> environment, const std::string& input) {
  const temporary_folder files;
  process::command what{program, std::move(arguments), std::move(environment), files.path() / "out",
                        files.path() / "err"};
  if (!input.empty()) {
    what.in = files.path() / "in";
    std::ofstream{what.in} << input;
  }
  process running{what};
  auto how = running.wait();
  if (!how)
    throw std::runtime_error{program.string() + " did not end"};
  return {*how, text_of(what.out), text_of(what.err)};
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::uint16_t port_behind(const std::string& text, const std::string& before) {
  const auto at = text.find(before);
  const auto colon = at == std::string::npos ? at : text.find(':', at + before.size());
  return colon == std::string::npos
           ? std::uint16_t{0}
           : static_cast<std::uint16_t>(std::strtoul(text.c_str() + colon + 1, nullptr, 10));
}

std::uint16_t await_started(process& what, const std::filesystem::path& log) {
  using namespace std::chrono_literals;
  std::string text;
  const bool known = eventually(
    [&] {
      text = text_of(log);
      return text.find("instance.started") != std::string::npos || !what.running() ||
             what.stopped();
    },
    60s, 5ms);
  if (!known)
    throw std::runtime_error{"sallyport neither runs nor ends: " + text};
  return what.running() && !what.stopped() ? port_behind(text, "address=") : std::uint16_t{0};
}

} // namespace sallyport::test
