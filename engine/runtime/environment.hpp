#pragma once

#include "engine/connectors/caller.hpp"
#include "engine/lane/generations.hpp"
#include "engine/log/log.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/services/peer_board.hpp"
#include "engine/state/store.hpp"
#include "engine/time/clock.hpp"
#include "engine/topology/plan.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::runtime {

/// All lanes of a plan, in an order that stays.
[[nodiscard]] std::vector<lane_place> lanes_of(const topology::plan& plan);

/// The lanes that are open in this process, for who wants to know from outside.
struct lanes_here {
  std::mutex guard;
  std::condition_variable changed;
  std::set<std::pair<std::string, std::uint32_t>> lanes; ///< part, partition

  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> list() {
    std::lock_guard lock{guard};
    return {lanes.begin(), lanes.end()};
  }
};

/// What an instance runs on. All of it outlives the instance.
struct environment {
  const topology::plan& plan;
  sallyport::log& log;
  const sallyport::store& store;
  const wall_clock& clock;
  observe::metrics& metrics;
  /// By call port.
  std::map<std::string, std::shared_ptr<caller>> callers;
  /// Part of every idempotency key.
  lane::generations generations{};
  /// How many lanes failed and are not open again, for the health.
  std::shared_ptr<std::atomic<int>> lanes_missing = std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<peer_board> peers_seen = std::make_shared<peer_board>();
  std::shared_ptr<runtime::lanes_here> lanes_here = std::make_shared<runtime::lanes_here>();
};

} // namespace sallyport::runtime
