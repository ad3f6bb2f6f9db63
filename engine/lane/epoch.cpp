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
  auto number = [](const published* p) { return p->number; };
  if (!std::ranges::is_sorted(all, {}, number)) // often one stage alone publishes
    std::ranges::stable_sort(all, {}, number);
  return all;
}

namespace {

std::uint32_t partition_for(const record& r, const lane_name& lane, std::uint32_t partitions) {
  return r.key.is_null() ? lane.partition % partitions : partition_of(r.key, partitions);
}

} // namespace

partition_id place_of(const published& what, const lane_name& lane, const topic_map& topics) {
  auto topic = topics.find(what.to);
  SALLYPORT_ASSERT(topic != topics.end());
  return {topic->second.name, partition_for(what.rec, lane, topic->second.partitions)};
}

namespace {

/// Finds the append for a record's partition without composing its name for each record.
class append_finder {
public:
  append_finder(std::vector<log_append>& appends, const topic_map& topics)
    : appends_(appends), topics_(topics) {}

  batch& of(const published& what, const lane_name& lane) {
    auto known = places_.find(what.to);
    if (known == places_.end()) {
      auto topic = topics_.find(what.to);
      SALLYPORT_ASSERT(topic != topics_.end());
      auto& of_topic = by_topic_[topic->second.name];
      of_topic.resize(topic->second.partitions, nowhere);
      known = places_.emplace(what.to, &of_topic).first;
    }
    auto& places = *known->second;
    auto partitions = static_cast<std::uint32_t>(places.size());
    auto& place = places[partition_for(what.rec, lane, partitions)];
    if (place == nowhere) {
      place = appends_.size();
      appends_.push_back({place_of(what, lane, topics_), {}});
    }
    return appends_[place].records;
  }

private:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  std::vector<log_append>& appends_;
  const topic_map& topics_;
  using places_of_topic = std::vector<std::size_t>; ///< by partition
  std::map<std::string_view, places_of_topic> by_topic_;
  std::map<std::string_view, places_of_topic*> places_; ///< by the topology's name
};

} // namespace

log_commit compose(const std::string& application, const std::vector<lane_epoch>& lanes,
                   const topic_map& topics) {
  log_commit commit;
  commit.application = application;
  append_finder appends{commit.appends, topics};
  std::size_t rows = 0;
  for (const auto& lane : lanes)
    for (const auto& part : lane.parts)
      rows += part.rows->size();
  commit.state.changes.reserve(rows + 2 * lanes.size());
  for (const auto& lane : lanes) {
    for (const auto* p : outputs_of(lane))
      appends.of(*p, *lane.lane).push_back(p->rec);
    commit.positions.push_back(lane.entry.position);
    for (const auto& part : lane.parts)
      for (const auto& [key, cell] : *part.rows)
        commit.state.changes.push_back({family::state, part.prefix + key, cell.value});
    for (const auto& change : lane.entry.changes)
      commit.state.changes.push_back(change);
    commit.lanes.push_back({{lane.lane->part, {lane.lane->source, lane.lane->partition}},
                            commit.state.changes.size(),
                            lane.handed_over});
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
