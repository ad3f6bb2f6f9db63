#pragma once

#include "tests/engine/state/temporary_folder.hpp"
#include "tests/support/process.hpp"
#include "tests/support/web.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Several instances of one application on a Kafka, as the processes that run in production.
namespace sallyport::test {

/// `sallyport run` as one of them, with a state folder that outlives its process.
class cluster_instance {
public:
  using settings = std::map<std::string, std::string>;

  /// `environment` is what the config asks for; the instance's name and folder are added.
  cluster_instance(std::string name, std::filesystem::path config, settings environment);

  /// Starts it, and does not wait.
  void launch(const std::string& fault = {});
  /// Waits until it runs, ends or stops. @returns whether it runs
  bool await_start();
  bool start(const std::string& fault = {}) {
    launch(fault);
    return await_start();
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] process& running() { return *process_; }
  void kill() { process_->kill(); }
  /// SIGSTOP, and waits until it stands.
  void pause();
  /// SIGCONT.
  void resume();
  /// SIGTERM, and waits for the end.
  [[nodiscard]] std::optional<exit_status> stop();

  [[nodiscard]] web http() const { return web{port_, std::chrono::seconds{2}}; }
  /// Nothing when it does not answer.
  [[nodiscard]] std::optional<metrics_page> metrics() const;
  /// Lanes that are open, by its metrics, as "part/partition".
  [[nodiscard]] std::vector<std::string> lanes() const;
  /// What it said since the last start.
  [[nodiscard]] std::string said() const { return text_of(log_); }
  /// Lines of `said` with the event of that name.
  [[nodiscard]] std::size_t told(const std::string& event) const;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// A copy of the folder; the process must not run.
  void keep_folder_as(const std::string& copy) const;
  /// The folder becomes as it was then, or as another instance's. @pre it does not run
  void put_back_folder(const std::filesystem::path& copy) const;
  void clear_folder() const;

private:
  temporary_folder files_;
  std::string name_;
  std::filesystem::path config_;
  std::filesystem::path folder_;
  std::filesystem::path log_;
  settings settings_;
  unsigned starts_ = 0;
  std::optional<process> process_;
  std::uint16_t port_ = 0;
};

} // namespace sallyport::test
