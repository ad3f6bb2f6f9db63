#pragma once

#include "bench/support/bench.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <sys/types.h>

namespace httplib {
class Client;
}

namespace sallyport::bench {

/// The real program, `sallyport run CONFIG`, as a process of its own with a state folder and a
/// port.
class program {
public:
  /// Starts it; `settings` are added to its environment.
  program(const std::string& config, const std::filesystem::path& state,
          const std::map<std::string, std::string>& settings = {});
  ~program();
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  /// Asks until it answers. Gives up when it has ended, or after a minute.
  void wait_until_ready();
  void kill();
  void terminate();

  void post(const std::string& topic, const std::string& key, const std::string& body,
            const std::string& type = "application/json");
  /// The same while it may be killed; false if it did not answer.
  [[nodiscard]] bool try_post(const std::string& path, const std::string& body,
                              const std::string& type);
  /// Records in a topic.
  [[nodiscard]] std::size_t written(const std::string& topic);

  [[nodiscard]] pid_t id() const noexcept { return id_; }
  [[nodiscard]] std::chrono::steady_clock::time_point started() const noexcept { return started_; }

private:
  void end(int signal);

  int port_;
  pid_t id_ = -1;
  std::chrono::steady_clock::time_point started_;
  std::unique_ptr<httplib::Client> client_;
};

} // namespace sallyport::bench
