#include "topologies/prison_to_probation/reports/reports.hpp"

namespace sallyport::prison_to_probation {

result<processed_report> processed_report::from(const query_input& asked, const zone& london) {
  processed_report made{london};
  made.location_id_ = text_parameter(asked, "locationId");
  made.event_type_ = text_parameter(asked, "eventType");
  SALLYPORT_TRY(made.processed_, range_parameters(asked, "processedDate"));
  SALLYPORT_TRY(made.created_, range_parameters(asked, "createdDate"));
  return made;
}

bool processed_report::wants(const message& m) const {
  return (!location_id_ || m.snapshot.location_id == location_id_) &&
         (!event_type_ || to_string(m.what.type) == *event_type_) &&
         (!m.processed || processed_.contains(london_.to_local(*m.processed))) &&
         created_.contains(london_.to_local(m.created));
}

} // namespace sallyport::prison_to_probation
