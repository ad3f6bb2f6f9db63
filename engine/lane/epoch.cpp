#include "engine/lane/epoch.hpp"

#include "engine/core/assert.hpp"
#include "engine/core/murmur2.hpp"

#include <algorithm>

namespace sallyport::lane {

std::vector<const published*> outputs_of(const lane_epoch& lane) {
  std::vector<const published*> all;
  for (const auto& part : lane.parts)
    for (const auto& p : part.outputs)
      all.push_back(&p);
  std::ranges::stable_sort(all, {}, [](const published* p) { return p->number; });
  return all;
}

partition_id place_of(const published& what, const lane_name& lane, const topic_map& topics) {
  auto topic = topics.find(what.to);
  SALLYPORT_ASSERT(topic != topics.end());
  auto partitions = topic->second.partitions;
  return {topic->second.name, what.rec.key.is_null() ? lane.partition % partitions
                                                     : partition_of(what.rec.key, partitions)};
}

log_commit compose(const std::string& application, const std::vector<lane_epoch>& lanes,
                   const topic_map& topics) {
  log_commit commit;
  commit.application = application;
  std::map<partition_id, std::size_t> places;
  for (const auto& lane : lanes) {
    for (const auto* p : outputs_of(lane)) {
      auto to = place_of(*p, *lane.lane, topics);
      auto [place, fresh] = places.try_emplace(to, commit.appends.size());
      if (fresh)
        commit.appends.push_back({to, {}});
      commit.appends[place->second].records.push_back(p->rec);
    }
    commit.positions.push_back(lane.entry.position);
    for (const auto& part : lane.parts)
      for (const auto& [key, cell] : *part.rows)
        commit.state.changes.push_back({family::state, part.prefix + key, cell.value});
    for (const auto& change : lane.entry.changes)
      commit.state.changes.push_back(change);
  }
  return commit;
}

void epoch_cycle::admitted(std::size_t records, std::size_t bytes, instant now) {
  if (!since_)
    since_ = now;
  records_ += records;
  bytes_ += bytes;
}

std::optional<epoch_cycle::instant> epoch_cycle::end_at() const {
  if (!since_)
    return std::nullopt;
  if (urgent_ || !may_admit())
    return since_;
  return *since_ + (soon_ ? std::min(limits_.commit_linger, limits_.commit_interval)
                          : limits_.commit_interval);
}

bool epoch_cycle::should_end(instant now) const {
  if (ending_)
    return false;
  auto at = end_at();
  return at && now >= *at;
}

std::uint64_t epoch_cycle::end() {
  SALLYPORT_ASSERT(!ending_);
  ending_ = true;
  urgent_ = false;
  soon_ = false;
  records_ = 0;
  bytes_ = 0;
  since_.reset();
  return open_++;
}

} // namespace sallyport::lane
