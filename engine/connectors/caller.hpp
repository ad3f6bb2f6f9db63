#pragma once

#include "engine/core/call.hpp"
#include "engine/core/wall_time.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace sallyport {

/// Makes calls to one peer: one try each, without judging the answer. Tries, order, backoff and
/// circuits are the engine's.
///
/// Thread safety: `start` from any thread; `done` is called once for each start, from a thread of
/// the caller.
class caller {
public:
  virtual ~caller() = default;

  /// One try of a call.
  struct attempt {
    call_request request;
    std::string idempotency_key; ///< the same for every try of one call; empty for a read
    duration timeout{10'000};
    bool first_try = true; ///< when the concurrency limit holds tries back, first tries go first
    /// A try that has not left by then does not leave: somebody else may make the call since.
    std::chrono::steady_clock::time_point not_after = std::chrono::steady_clock::time_point::max();
  };

  virtual void start(attempt what, std::function<void(call_answer)> done) = 0;

  /// Starts nothing more and gives the tries under way until `within` has passed; then they end
  /// without an answer.
  virtual void stop(duration within) = 0;

  struct load {
    std::size_t in_flight = 0;
    std::size_t queued = 0;
    std::size_t limit = 0;
  };
  [[nodiscard]] virtual load current_load() const = 0;
};

} // namespace sallyport
