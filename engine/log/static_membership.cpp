#include "engine/log/static_membership.hpp"

#include <set>

namespace sallyport {

static_membership::static_membership(log& of, const membership_options& how)
  : log_(&of), application_(how.application), on_news_(how.on_news) {
  std::set<std::string> topics;
  for (std::size_t i = how.host; i < how.lanes.size(); i += how.hosts) {
    to_give_.push_back(how.lanes[i]);
    topics.insert(how.lanes[i].source.topic);
  }
  listening_ =
    log_->subscribe([topics = std::move(topics), told = how.on_news](const partition_id& at) {
      if (topics.contains(at.topic))
        told();
    });
}

static_membership::~static_membership() { log_->unsubscribe(listening_); }

std::vector<lane_change> static_membership::changes() {
  std::vector<lane_change> out;
  while (!to_give_.empty()) {
    const auto& lane = to_give_.front();
    auto position = log_->position(application_, lane.source);
    auto begin = log_->offsets(lane.source);
    if (!position || !begin)
      break; // it is asked again
    out.emplace_back(lane_given{lane, position->value_or(begin->begin), false});
    to_give_.pop_front();
  }
  return out;
}

void static_membership::release(const lane_place&) {}

void static_membership::again(const lane_place& lane) { to_give_.push_back(lane); }

result<std::vector<log_record>> static_membership::read(const lane_place& lane, std::int64_t from,
                                                        const read_limits& limits) {
  return log_->read(lane.source, from, limits);
}

status static_membership::commit(const std::shared_ptr<log_commit>& what) {
  return log_->commit(*what);
}

std::chrono::steady_clock::time_point static_membership::calls_until() const {
  return std::chrono::steady_clock::time_point::max();
}

result<std::unique_ptr<membership>> log::join(const membership_options& how) {
  return std::make_unique<static_membership>(*this, how);
}

} // namespace sallyport
