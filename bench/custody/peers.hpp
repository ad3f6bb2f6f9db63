#pragma once

#include "engine/connectors/caller.hpp"
#include "engine/time/clock.hpp"
#include "tools/simulator/simulator.hpp"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sallyport::bench::custody {

/// The simulator in this process: calls reach it without sockets and are answered as soon as its
/// one thread comes to them.
///
/// Problem: what it costs and holds must not count as the engine's. Idea: its thread's CPU time is
/// taken, and everything that is allocated while it works is added up (heap.cpp).
///
/// Thread safety: `start` and `answer` from any thread; the other functions while no call is under
/// way.
class peers final : public caller {
public:
  peers(simulator::population_options people, const wall_clock& clock);
  ~peers() override;

  void start(attempt what, std::function<void(call_answer)> done) override;
  void stop(duration within) override;
  [[nodiscard]] load current_load() const override;

  /// The same at once, on the thread that asks.
  [[nodiscard]] call_answer answer(const call_request& request, std::string_view idempotency_key);

  struct counts {
    std::size_t calls = 0;
    std::size_t durable = 0; ///< of them with an effect
    double cpu_seconds = 0;  ///< of the simulator
  };
  [[nodiscard]] counts counted() const;
  /// How many requests the simulator itself has recorded, those for tokens left out.
  [[nodiscard]] std::size_t recorded();
  /// Its Delius, one person a line.
  [[nodiscard]] std::string state();
  /// What it holds in memory.
  [[nodiscard]] static double held_mb();

private:
  struct waiting {
    attempt what;
    std::function<void(call_answer)> done;
  };
  void serve();
  [[nodiscard]] simulator::http_answer handle(const simulator::http_request& request);

  std::unique_ptr<simulator::simulator> asked_;
  std::string token_;
  mutable std::mutex one_at_a_time_; ///< guards the simulator and the counts
  counts counts_;
  mutable std::mutex guard_; ///< guards what follows
  std::condition_variable wake_;
  std::vector<waiting> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace sallyport::bench::custody
