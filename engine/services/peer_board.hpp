#pragma once

#include "engine/core/call.hpp"
#include "engine/core/wall_time.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace sallyport {

/// How the peers of this process have answered lately, for people who look: no state, and forgotten
/// with the process. What is to be done with an answer is the ledger's to decide.
///
/// Thread safety: from any thread.
class peer_board {
public:
  struct failure {
    wall_time at{};
    int status = 0;     ///< 0: no answer
    std::string reason; ///< of no answer; for people, without personal data
  };
  struct seen {
    std::uint64_t tries = 0;
    double seconds = 0; ///< that a try took lately
    std::optional<wall_time> last_good;
    std::optional<failure> last_failure;
    /// The last answer that refused who we are.
    std::optional<failure> last_unauthorized;
    [[nodiscard]] bool unauthorized() const {
      return last_unauthorized && (!last_good || last_unauthorized->at > *last_good);
    }
  };

  void note(const std::string& port, const call_answer& said, duration took, wall_time now);
  [[nodiscard]] std::map<std::string, seen> list() const;

private:
  mutable std::mutex guard_;
  std::map<std::string, seen> seen_;
};

} // namespace sallyport
