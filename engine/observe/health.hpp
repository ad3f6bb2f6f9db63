#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace sallyport::observe {

/// One component's health.
struct health_report {
  bool up = true;
  std::map<std::string, std::string> details;
};

/// The components whose health `/health` tells. A probe may ask a peer, so answers are cached for
/// two seconds.
///
/// Thread safety: all functions from any thread.
class health {
public:
  using probe = std::function<health_report()>;

  void add(std::string component, probe ask);
  /// Alive: the process serves. Ready: it takes events in; false while it starts or drains.
  void set_ready(bool ready);
  [[nodiscard]] bool ready() const;

  struct overall {
    bool up = true;
    std::map<std::string, health_report> components;
  };
  [[nodiscard]] overall check();

private:
  mutable std::mutex guard_;
  std::vector<std::pair<std::string, probe>> probes_;
  bool ready_ = false;
  overall last_;
  std::chrono::steady_clock::time_point last_at_{};
};

} // namespace sallyport::observe
