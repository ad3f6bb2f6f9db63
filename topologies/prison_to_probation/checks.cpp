#include "topologies/prison_to_probation/checks.hpp"

namespace sallyport::prison_to_probation {

namespace {

/// The booking is active, and at a prison that takes part.
result<checked> check_booking(peers& ask, const interested_prisons& prisons) {
  checked out;
  SALLYPORT_TRY(out.of, ask.read_booking());
  if (!out.of->active)
    out.refused = reasons::not_active;
  else if (!prisons.contains(out.of->agency_id))
    out.refused = reasons::not_at_interested;
  return out;
}

} // namespace

result<checked> check_status_change(peers& ask, const event& on,
                                    const interested_prisons& prisons) {
  // NOMIS sends three events for a sentence; the first is the one that counts.
  if (on.imprisonment_status_seq != 0)
    return checked{reasons::non_zero_sequence, {}};
  SALLYPORT_TRY(auto dates, ask.read_sentence_detail());
  if (!dates.sentence_start)
    return checked{reasons::no_sentence_start, {}};
  return check_booking(ask, prisons);
}

result<checked_movement> check_movement(peers& ask, const event& on,
                                        const interested_prisons& prisons) {
  checked_movement out;
  SALLYPORT_TRY(out.to, ask.read_movement(on.movement_seq));
  if (!out.to) {
    out.refused = reasons::movement_not_found;
    return out;
  }
  if (!out.to->is_transfer()) {
    out.refused = reasons::not_a_transfer;
    return out;
  }
  if (!prisons.contains(out.to->to_agency)) {
    out.refused = reasons::not_interested;
    return out;
  }
  SALLYPORT_TRY(out.of, ask.read_booking());
  if (!out.of->active)
    out.refused = reasons::not_active;
  return out;
}

result<checked_numbers> check_booking_number(peers& ask, const interested_prisons& prisons) {
  checked_numbers out;
  SALLYPORT_TRY(out.of, ask.read_booking());
  if (!prisons.contains(out.of->agency_id)) {
    out.refused = reasons::not_at_interested;
    return out;
  }
  SALLYPORT_TRY(out.merged, ask.read_merged_numbers());
  if (out.merged.empty())
    out.refused = reasons::no_merged_offenders;
  return out;
}

result<checked> check_dates(peers& ask, const interested_prisons& prisons) {
  return check_booking(ask, prisons);
}

result<checked> check_event(peers& ask, const event& on, const interested_prisons& prisons) {
  switch (on.type) {
  case event_type::imprisonment_status: return check_status_change(ask, on, prisons);
  case event_type::external_movement: {
    SALLYPORT_TRY(checked out, check_movement(ask, on, prisons));
    return out;
  }
  case event_type::booking_number: {
    SALLYPORT_TRY(checked out, check_booking_number(ask, prisons));
    return out;
  }
  case event_type::sentence_dates:
  case event_type::confirmed_release_date: break;
  }
  return check_dates(ask, prisons);
}

} // namespace sallyport::prison_to_probation
