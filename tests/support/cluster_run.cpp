#include "tests/support/cluster_run.hpp"

#include "tests/support/wait.hpp"

#include <algorithm>
#include <csignal>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace sallyport::test {

cluster_instance::cluster_instance(std::string name, std::filesystem::path config,
                                   settings environment)
  : name_(std::move(name)), config_(std::move(config)), folder_(files_.path() / "state"),
    settings_(std::move(environment)) {
  settings_["INSTANCE"] = name_;
  settings_["SALLYPORT_STATE_DIR"] = folder_.string();
}

void cluster_instance::launch(const std::string& fault) {
  log_ = files_.path() / ("log." + std::to_string(++starts_));
  auto environment = settings_;
  if (!fault.empty())
    environment["SALLYPORT_FAULT"] = fault;
  port_ = 0;
  process_.emplace(process::command{
    program("sallyport"), {"run", config_.string()}, std::move(environment), log_, log_});
}

bool cluster_instance::await_start() {
  port_ = await_started(*process_, log_);
  return port_ != 0;
}

void cluster_instance::pause() {
  process_->signal(SIGSTOP);
  if (!eventually([&] { return process_->stopped(); }))
    throw std::runtime_error{name_ + " does not stop"};
}

void cluster_instance::resume() {
  process_->signal(SIGCONT);
  if (!eventually([&] { return !process_->stopped(); }))
    throw std::runtime_error{name_ + " does not go on"};
  port_ = port_behind(said(), "address=");
}

std::optional<exit_status> cluster_instance::stop() {
  process_->signal(SIGTERM);
  return process_->wait();
}

std::optional<metrics_page> cluster_instance::metrics() const {
  if (port_ == 0)
    return std::nullopt;
  const auto got = http().get("/metrics");
  if (got.status != 200)
    return std::nullopt;
  return metrics_page{got.body};
}

std::vector<std::string> cluster_instance::lanes() const {
  const auto page = metrics();
  if (!page)
    return {};
  std::vector<std::string> open;
  for (const auto& s : page->all("sallyport_lane_open"))
    if (s.value > 0)
      open.push_back(s.of.at("part") + "/" + s.of.at("lane"));
  std::ranges::sort(open);
  return open;
}

std::size_t cluster_instance::told(const std::string& event) const {
  std::istringstream in{said()};
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);)
    count += line.find(event) != std::string::npos ? 1U : 0U;
  return count;
}

void cluster_instance::keep_folder_as(const std::string& copy) const {
  std::filesystem::remove_all(files_.path() / copy);
  std::filesystem::copy(folder_, files_.path() / copy, std::filesystem::copy_options::recursive);
}

void cluster_instance::put_back_folder(const std::filesystem::path& copy) const {
  clear_folder();
  std::filesystem::copy(copy.is_absolute() ? copy : files_.path() / copy, folder_,
                        std::filesystem::copy_options::recursive);
}

void cluster_instance::clear_folder() const { std::filesystem::remove_all(folder_); }

} // namespace sallyport::test
