#pragma once

#include "engine/core/binary.hpp"
#include "engine/core/wall_time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace sallyport::lane {

/// Keeps calls from a peer that is down, for one call port of a stage.
///
/// Problem: thousands of bookings must not each find out by themselves, with all their tries, that
/// a peer is down; and one booking that the peer cannot digest must not stop the others. Idea: the
/// circuit opens when the calls of several *different* keys failed since the last success; after a
/// pause one call is let through, and its answer decides.
///
/// Confined to its stage; driven by inputs only, and a row of the store, so that it is the same
/// after a restart.
class circuit {
public:
  struct settings {
    std::size_t failing_keys = 10;
    duration open_for{15'000};
  };

  circuit() = default;
  explicit circuit(settings how) : how_(how) {}

  /// Whether a call may start now. While half open only one may, until it is answered.
  [[nodiscard]] bool allows(wall_time now) const noexcept {
    return !open_until_ || (now >= *open_until_ && !probing_);
  }
  /// A call starts. @pre allows(now)
  void started() noexcept {
    if (open_until_)
      probing_ = true;
  }
  void succeeded() {
    open_until_.reset();
    probing_ = false;
    failing_.clear();
  }
  void failed(std::string_view key, wall_time now);
  /// Lets a probe through before its time. @returns whether that changed anything
  bool half_open(wall_time now) {
    if (!open_until_ || *open_until_ <= now)
      return false;
    open_until_ = now;
    return true;
  }
  /// Whatever was on its way is made again.
  void forget_probe() noexcept { probing_ = false; }

  [[nodiscard]] bool open() const noexcept { return open_until_.has_value(); }
  /// Closed, and no call failed since the last success: another success changes nothing.
  [[nodiscard]] bool at_rest() const noexcept {
    return !open_until_ && !probing_ && failing_.empty();
  }
  [[nodiscard]] bool probing() const noexcept { return probing_; }
  /// When the next call may be let through, if the circuit is open.
  [[nodiscard]] std::optional<wall_time> open_until() const noexcept { return open_until_; }

  [[nodiscard]] std::string save() const;
  static circuit load(std::string_view row, settings how);

private:
  settings how_;
  std::set<std::uint32_t> failing_; ///< hashes of keys
  std::optional<wall_time> open_until_;
  bool probing_ = false; ///< not kept: after a restart the probe is made again
};

} // namespace sallyport::lane
