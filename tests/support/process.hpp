#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

/// Programs of the project as real processes.
///
/// Thread safety: an object belongs to the thread that made it; a program ends with that thread.
namespace sallyport::test {

/// How a program ended: its exit code, or the signal.
struct exit_status {
  int code = -1;
  int signal = 0;

  friend bool operator==(const exit_status&, const exit_status&) = default;
};
[[nodiscard]] std::string to_string(const exit_status& how);

/// `sallyport` or `sallyport_simulator` of this build.
[[nodiscard]] std::filesystem::path program(const std::string& name);

/// A program that runs, with its output in files. It is killed with the object.
class process {
public:
  struct command {
    std::filesystem::path program;
    std::vector<std::string> arguments;
    /// Beside PATH, nothing else is in the environment: a test depends on no setting of its user.
    std::map<std::string, std::string> environment;
    std::filesystem::path out;
    std::filesystem::path err;
    std::filesystem::path in = "/dev/null";
  };

  explicit process(const command& what);
  ~process();
  process(process&& other) noexcept;
  process& operator=(process&& other) noexcept;
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  [[nodiscard]] pid_t id() const noexcept { return id_; }
  void signal(int number) const;
  /// kill -9, and waits until it is gone.
  void kill();

  [[nodiscard]] bool running();
  /// Stopped by SIGSTOP; looks anew at each call.
  [[nodiscard]] bool stopped();
  /// Waits for the end.
  [[nodiscard]] std::optional<exit_status>
  wait(std::chrono::milliseconds within = std::chrono::seconds{60});

private:
  void look();

  pid_t id_ = 0;
  bool stopped_ = false;
  std::optional<exit_status> ended_;
};

/// Runs a program to its end.
struct ran {
  exit_status how;
  std::string out;
  std::string err;
};
[[nodiscard]] ran run(const std::filesystem::path& program, std::vector<std::string> arguments,
                      std::map<std::string, std::string> environment = {},
                      const std::string& input = {});

[[nodiscard]] std::string text_of(const std::filesystem::path& file);

/// The number behind the last colon of the first word that begins with `before`; 0 without such.
[[nodiscard]] std::uint16_t port_behind(const std::string& text, const std::string& before);

/// Waits until a `sallyport run` that writes its log to `log` has started, ended or stopped.
/// @returns its port, 0 if it does not run
[[nodiscard]] std::uint16_t await_started(process& what, const std::filesystem::path& log);

} // namespace sallyport::test
