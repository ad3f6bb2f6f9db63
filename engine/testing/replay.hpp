#pragma once

#include "engine/lane/lane.hpp"
#include "engine/log/log.hpp"
#include "engine/state/store.hpp"
#include "engine/topology/plan.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sallyport::testing {

/// What one lane did when it was run again.
struct replayed_lane {
  lane::lane_name name;
  /// In the order in which the lane wrote them; `to` is the topology's name of the topic.
  std::vector<lane::published> outputs;
  std::uint64_t inputs = 0;
};

/// What all lanes of a topology did when they were run again.
struct replayed {
  std::vector<replayed_lane> lanes; ///< those with a journal: by part, then partition
  /// The rows of `family::state` that they left, by their key.
  std::map<std::string, std::string> state;
};

/// Runs every lane of a topology again, from its journal.
///
/// Problem: what a lane did must be explainable, and a new version must be comparable with the old
/// one. Idea: the journal says which inputs the door let in, with number and time, replies whole
/// and records by their position on the log; the same doors and stages take them in again, on a
/// store of their own. Nobody is called, no clock is read and nothing is written to `from` or
/// `finished`.
///
/// `running` is the plan of the run, limits included. The journal must reach back to the first
/// input.
///
/// An error says which lane and where, when a block of the journal is damaged, missing or does not
/// fit to the log or the topology, or when the journal ends before the state does.
[[nodiscard]] result<replayed> replay(const topology::plan& running, const log& from,
                                      const store& finished);

/// In what a replay differs from the run: state rows, and the records of the topics that the
/// topology writes to, where nothing else may have written. One sentence each, without keys and
/// values; empty when all is the same to the byte.
///
/// Lanes that write to one partition take turns there as the run had it, which no journal knows: so
/// the records of each lane must stand there in their order, and no others beside them.
[[nodiscard]] result<std::vector<std::string>> differences(const replayed& again,
                                                           const topology::plan& running,
                                                           const log& from, const store& finished);

} // namespace sallyport::testing
