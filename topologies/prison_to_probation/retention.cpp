#include "topologies/prison_to_probation/retention.hpp"

#include <algorithm>

namespace sallyport::prison_to_probation {

wall_time retention::shown(wall_time at) const {
  return by_wall_clock_ ? wall_time{london_.to_local(at).time_since_epoch()} : at;
}

local_time retention::in_reports(wall_time delete_by) const {
  return by_wall_clock_ ? local_time{delete_by.time_since_epoch()} : london_.to_local(delete_by);
}

wall_time retention::extended(wall_time delete_by, const std::optional<sys_days>& until,
                              wall_time now) const {
  return std::max(delete_by, replaced(delete_by, until, now));
}

wall_time retention::replaced(wall_time delete_by, const std::optional<sys_days>& until,
                              wall_time now) const {
  if (!until)
    return delete_by;
  if (!by_wall_clock_)
    return london_.on_day(*until, now);
  const auto time_of_day = shown(now) - std::chrono::floor<std::chrono::days>(shown(now));
  return *until + time_of_day;
}

} // namespace sallyport::prison_to_probation
