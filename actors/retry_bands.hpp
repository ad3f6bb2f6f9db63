#pragma once

#include "engine/config/spec.hpp"
#include "engine/time/cron.hpp"
#include "engine/time/zone.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sallyport {

/// When a thing that failed is tried again: often at first, then less often, as clocks on the wall
/// say.
///
/// Idea: bands, each a number of attempts and a cron. After the first failed attempt the first band
/// says when the next one is; when a band has given its attempts the following one takes over. The
/// last may be for the `rest`.
///
/// Thread safety: a value; all functions from any thread.
///
/// Invariant: `next(n, t)` is later than t, or nothing.
class retry_bands {
public:
  struct band {
    std::optional<std::uint32_t> attempts; ///< nothing: the rest
    cron when;
  };

  retry_bands(std::vector<band> bands, zone in) : bands_(std::move(bands)), zone_(std::move(in)) {}

  /// The fields `bands` and `zone`, for the spec of an operator.
  [[nodiscard]] static config::field bands_field();
  [[nodiscard]] static config::field zone_field();
  /// Checks that the bands follow each other sensibly.
  static void lint(const config::params& with, config::findings& out);
  /// @pre the params have both fields and passed `lint`
  [[nodiscard]] static retry_bands from(const config::params& with);

  /// When to try again after `attempts_done` failed attempts (1 or more), the last of which was at
  /// `after`. Nothing when the bands have no attempt left.
  [[nodiscard]] std::optional<wall_time> next(std::uint32_t attempts_done, wall_time after) const;

private:
  std::vector<band> bands_;
  zone zone_;
};

} // namespace sallyport
