#pragma once

// Problem: tests and the demo need a stream of prison events that fits a population: several to a
// booking, in a plausible order, some of them to be rejected.
// Idea: every person gets a script of events; the scripts are interleaved at random, each in its
// own order, and each event is wrapped in the envelope of the notification service.
//
// Thread safety: free functions.
//
// Invariants
// 1. The same population, count, seed and poison give the same bytes; MessageIds are unique.
// 2. Every person has at least one event while count allows it, and the first one of a script is a
//    status change of the current booking with sequence 0.
// 3. eventDatetime grows along the stream; the movements of a booking come in order and the last
//    admission of a script is the booking's last one.

#include "tools/simulator/population.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::simulator {

inline constexpr std::size_t events_max = 5'000'000;

struct event_options {
  std::size_t count = 2'000;
  std::uint64_t seed = 7;
  std::size_t poison = 0; ///< broken messages on top of count
  double rejects = 0.05;  ///< share of events that only validation should see
};

/// One envelope each, as one line of JSON without a line feed.
[[nodiscard]] std::vector<std::string> make_events(const population& all,
                                                   const event_options& options);

} // namespace sallyport::simulator
