#pragma once

#include "engine/core/error.hpp"
#include "engine/core/record.hpp"

#include <string>
#include <vector>

namespace sallyport {

/// Who has a lane: the partition that it reads, the instance, and where that answers.
struct lane_seat {
  partition_id source;
  std::string instance;
  std::string address; ///< of its HTTP server; empty if it did not say
};

/// A log that several processes share also knows which of them has which lane.
///
/// Thread safety: from any thread.
class lane_directory {
public:
  virtual ~lane_directory() = default;

  /// The seats of the application's lanes as the log gives them out now; a lane that moves at this
  /// moment may be missing.
  [[nodiscard]] virtual result<std::vector<lane_seat>> seats() const = 0;
};

} // namespace sallyport
