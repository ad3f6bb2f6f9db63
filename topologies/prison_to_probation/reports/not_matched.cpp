#include "topologies/prison_to_probation/reports/reports.hpp"

namespace sallyport::prison_to_probation {

namespace {

constexpr std::chrono::days days_old_by_default{7};

} // namespace

result<not_matched_report> not_matched_report::from(const query_input& asked, const zone& london) {
  SALLYPORT_TRY(const auto days_old, days_parameter(asked, "daysOld", days_old_by_default));
  not_matched_report made{london};
  made.before_ = london.to_local(asked.now) - days_old;
  return made;
}

bool not_matched_report::wants(const message& m) const {
  switch (m.status) {
  case message_status::no_match:
  case message_status::no_match_with_sentence_date:
  case message_status::too_many_matches: return london_.to_local(m.created) < before_;
  default: return false;
  }
}

} // namespace sallyport::prison_to_probation
