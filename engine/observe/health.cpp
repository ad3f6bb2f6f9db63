#include "engine/observe/health.hpp"

#include <exception>
#include <future>
#include <utility>
#include <vector>

namespace sallyport::observe {

namespace {

health_report ask_safely(const health::probe& ask) {
  try {
    return ask();
  } catch (const std::exception& e) {
    return {false, {{"error", e.what()}}};
  } catch (...) {
    return {false, {{"error", "the probe failed without saying why"}}};
  }
}

/// Asks on a thread of its own, or, when the system has none to give, when the answer is wanted.
std::future<health_report> begin(const health::probe& ask) {
  try {
    return std::async(std::launch::async, ask_safely, ask);
  } catch (const std::exception&) {
    return std::async(std::launch::deferred, ask_safely, ask);
  }
}

} // namespace

void health::add(std::string component, probe ask) {
  std::lock_guard lock{guard_};
  probes_.insert_or_assign(std::move(component), std::move(ask));
  ++added_;
}

void health::set_ready(bool ready) {
  std::lock_guard lock{guard_};
  ready_ = ready;
}

bool health::ready() const {
  std::lock_guard lock{guard_};
  return ready_;
}

health::overall health::check() {
  std::lock_guard one_at_a_time{asking_};
  std::map<std::string, probe> probes;
  std::uint64_t added = 0;
  {
    std::lock_guard lock{guard_};
    if (last_ && last_of_ == added_ && std::chrono::steady_clock::now() - last_at_ < kept_for_)
      return *last_;
    probes = probes_;
    added = added_;
  }
  std::vector<std::pair<std::string, std::future<health_report>>> answers;
  answers.reserve(probes.size());
  for (const auto& [component, ask] : probes)
    answers.emplace_back(component, begin(ask));
  overall found;
  for (auto& [component, answer] : answers) {
    auto report = answer.get();
    found.up = found.up && report.up;
    found.components.emplace(component, std::move(report));
  }
  last_ = found;
  last_of_ = added;
  last_at_ = std::chrono::steady_clock::now();
  return found;
}

} // namespace sallyport::observe
