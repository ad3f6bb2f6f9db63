#include "topologies/prison_to_probation/aggregation.hpp"

#include <algorithm>
#include <tuple>

namespace sallyport::prison_to_probation {

bool newer(const message& a, const message& b) {
  return std::tie(a.newest_by, a.what.movement_seq, a.id) >
         std::tie(b.newest_by, b.what.movement_seq, b.id);
}

namespace {

bool outdoes(const message& a, const message& b, original_batches as) {
  return as.newest_by_arrival ? a.id > b.id : newer(a, b);
}

} // namespace

std::optional<wall_time> hold_until(const std::vector<message>& unprocessed, duration hold_back,
                                    original_batches as) {
  std::optional<wall_time> oldest;
  wall_time latest{};
  for (const auto& m : unprocessed) {
    if (m.phase != message_phase::held)
      continue;
    oldest = oldest ? std::min(*oldest, m.created) : m.created;
    latest = std::max(latest, m.created);
  }
  if (!oldest)
    return std::nullopt;
  if (as.hold_back_from_oldest)
    return *oldest + hold_back;
  return std::min(latest + hold_back, *oldest + 2 * hold_back);
}

batch_plan plan_batch(const std::vector<message>& unprocessed, original_batches as) {
  batch_plan plan;
  for (std::size_t i = 0; i < unprocessed.size(); ++i) {
    const auto& m = unprocessed[i];
    const bool outdone = std::ranges::any_of(unprocessed, [&](const message& other) {
      return other.what.type == m.what.type && outdoes(other, m, as);
    });
    const bool joins = as.take_waiting && m.phase == message_phase::waiting && !m.paused;
    if (outdone)
      plan.superseded.push_back(i);
    else if (m.phase == message_phase::held || joins)
      plan.work.push_back(i);
  }
  std::ranges::sort(plan.work, {}, [&](std::size_t i) { return unprocessed[i].what.type; });
  return plan;
}

bool is_held_back(const message& waiting, const std::vector<message>& unprocessed,
                  original_batches as) {
  if (as.take_waiting)
    return false;
  return std::ranges::any_of(unprocessed, [&](const message& other) {
    return other.phase == message_phase::held && other.what.type == waiting.what.type &&
           outdoes(other, waiting, as);
  });
}

} // namespace sallyport::prison_to_probation
