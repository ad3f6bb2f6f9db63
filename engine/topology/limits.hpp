#pragma once

#include "engine/core/wall_time.hpp"

#include "engine/config/spec.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::topology {

/// Every bound of the engine, with its default. A config sets them under `limits:`, by these names;
/// each is told by the metric `sallyport_limit{name=…}`.
struct limits {
  std::size_t batch_records_max = 1024;    ///< records that a lane takes in at once
  std::size_t batch_bytes_max = 1U << 20U; ///< and their bytes
  std::size_t credit_rounds_max = 4;      ///< rounds of a lane that are between door and last stage
  std::size_t epoch_records_max = 10'000; ///< records that an epoch takes in
  std::size_t epoch_bytes_max = 8U << 20U; ///< and their bytes
  duration commit_interval{100}; ///< an epoch with anything in it ends after this, at the latest
  duration commit_linger{5};     ///< and after this when only records wait for it
  std::size_t timers_per_tick_max = 1024;   ///< timers of a stage that fire under one input
  std::size_t conversations_open_max = 256; ///< of a stage in a lane; more wait in the store
  std::size_t calls_in_flight_max = 1024;   ///< of a stage in a lane; more wait in the ledger
  std::size_t record_bytes_max = 8U << 20U; ///< a bigger output is rejected
  duration stop_within{20'000};             ///< what calls under way get at a stop
  duration lane_restart_initial{500};       ///< pause before a failed lane is opened again
  duration lane_restart_max{30'000};
  duration journal_retention{7LL * 24 * 3'600'000}; ///< the journal is kept for so long
  std::size_t circuit_failing_keys = 10; ///< keys whose calls fail in a row before a circuit opens
  duration circuit_open_for{15'000};     ///< until one call is let through again
  duration hand_over_within{5'000}; ///< what calls under way get when their lane goes to another
  duration call_in_doubt{10'000};   ///< before calls that a dead owner left open are repeated
  std::size_t hosts = 0;            ///< 0: one per core
};

/// The section `limits:` of a config: a field for each member, with the member's default.
[[nodiscard]] const config::spec& limits_spec();

/// The limits that a config sets. @pre `from` was parsed by `limits_spec()`
[[nodiscard]] limits read_limits(const config::params& from, config::findings& out);

/// Each limit by its name, for the metric: durations in seconds, sizes in bytes.
[[nodiscard]] std::vector<std::pair<std::string_view, double>> limit_values(const limits& of);

} // namespace sallyport::topology
