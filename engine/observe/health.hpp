#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace sallyport::observe {

/// One component's health.
struct health_report {
  bool up = true;
  std::map<std::string, std::string> details;
};

/// The components whose health `/health` tells. A probe may ask a peer, so all probes run side by
/// side, and answers are kept for two seconds, however many people ask.
///
/// Thread safety: all functions from any thread. Only `check` waits for probes, and probes run on
/// threads of their own; a probe must not call `check`.
///
/// Invariants
/// 1. A probe is never asked twice at once, nor sooner than `kept_for` after its last answer,
/// except
///    for when a component was added meanwhile.
/// 2. The whole is up if every component is. A probe that throws counts as down.
class health {
public:
  using probe = std::function<health_report()>;

  /// An answer is given again without asking for as long as `kept_for`.
  explicit health(std::chrono::steady_clock::duration kept_for = std::chrono::seconds{2})
    : kept_for_(kept_for) {}

  /// Adds a component; one of the same name is replaced.
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
  const std::chrono::steady_clock::duration kept_for_;

  std::mutex asking_; ///< held while probes run; taken before `guard_`
  std::optional<overall> last_;
  std::chrono::steady_clock::time_point last_at_{};
  std::uint64_t last_of_ = 0; ///< the `added_` that `last_` answers for

  mutable std::mutex guard_; ///< held for an instant
  std::map<std::string, probe> probes_;
  std::uint64_t added_ = 0;
  bool ready_ = false;
};

} // namespace sallyport::observe
