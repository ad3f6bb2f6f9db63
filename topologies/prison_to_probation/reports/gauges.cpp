#include "topologies/prison_to_probation/reports/gauges.hpp"

#include <algorithm>

namespace sallyport::prison_to_probation {

namespace {

constexpr const char* oldest_waiting = "ptpu_oldest_waiting_seconds";
constexpr const char* records = "ptpu_records";

} // namespace

void open_messages::add(const message& m) {
  ++by_status_[static_cast<std::size_t>(m.status)];
  if (m.phase == message_phase::waiting)
    oldest_waiting_ = std::min(oldest_waiting_.value_or(m.created), m.created);
}

std::vector<state_gauges::value> open_messages::values(wall_time now) const {
  // A clock that was set back must not tell of a wait that is less than none.
  const auto waited = oldest_waiting_ ? std::max(now - *oldest_waiting_, duration{0}) : duration{0};
  std::vector<state_gauges::value> all{
    {oldest_waiting, {}, std::chrono::duration<double>(waited).count()}};
  for (std::size_t i = 0; i < by_status_.size(); ++i)
    all.push_back({records,
                   {{"status", std::string{to_string(static_cast<message_status>(i))}}},
                   static_cast<double>(by_status_[i])});
  return all;
}

state_gauges open_message_gauges() {
  state_gauges made;
  made.part = "custody";
  made.stage = "custody";
  made.families = {
    {oldest_waiting, "Age of the oldest record that waits for a retry; 0 when none does."},
    {records, "Records that are not processed yet, by the status of their last attempt."}};
  made.measure = [](const stage_rows& of,
                    wall_time now) -> result<std::vector<state_gauges::value>> {
    open_messages all;
    status read;
    SALLYPORT_CHECK(of.scan("open/", [&](std::string_view, std::string_view row) {
      const auto m = decode_message(row);
      if (!m) {
        read = fail(m.error());
        return false;
      }
      all.add(*m);
      return true;
    }));
    SALLYPORT_CHECK(read);
    return all.values(now);
  };
  return made;
}

} // namespace sallyport::prison_to_probation
