#pragma once

#include "engine/lane/input.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace sallyport::lane {

/// Puts together what a stage needs for one round. Problem: the door and each stage before send
/// their part of a round on their own, and a fast one may be rounds ahead. Idea: a round is
/// complete when the door and every input edge have spoken for it (an empty list counts), and
/// rounds are taken in order. So a barrier, which ends a round, waits for data only.
///
/// Confined to its stage.
class alignment {
public:
  struct complete {
    std::uint64_t round = 0;
    std::vector<std::vector<event>> inputs; ///< by edge
    std::vector<signal> signals;
    std::optional<std::uint64_t> barrier;
  };

  explicit alignment(std::size_t edges) : edges_(edges) {}

  void from_door(std::uint64_t round, std::vector<signal> signals,
                 std::optional<std::uint64_t> barrier) {
    auto& p = at(round);
    p.what.signals = std::move(signals);
    p.what.barrier = barrier;
    --p.missing;
  }

  void from_edge(std::uint64_t round, std::size_t edge, std::vector<event> events) {
    auto& p = at(round);
    p.what.inputs[edge] = std::move(events);
    --p.missing;
  }

  /// The next round, if all of it is there.
  [[nodiscard]] std::optional<complete> take() {
    if (pending_.empty() || pending_.begin()->first != next_ ||
        pending_.begin()->second.missing > 0)
      return std::nullopt;
    auto done = std::move(pending_.begin()->second.what);
    pending_.erase(pending_.begin());
    ++next_;
    return done;
  }

private:
  struct partial {
    complete what;
    std::size_t missing = 0;
  };

  partial& at(std::uint64_t round) {
    auto [it, fresh] = pending_.try_emplace(round);
    if (fresh) {
      it->second.what.round = round;
      it->second.what.inputs.resize(edges_);
      it->second.missing = edges_ + 1;
    }
    return it->second;
  }

  std::size_t edges_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, partial> pending_;
};

} // namespace sallyport::lane
