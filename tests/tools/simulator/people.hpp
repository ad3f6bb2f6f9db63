#pragma once

// Small people for the tests of search and community-api.

#include "tools/simulator/delius.hpp"

namespace sallyport::simulator::test {

inline const date sentence = make_date(2025, 2, 11);

inline delius_event custodial_event(std::int64_t id, date start, std::string booking = "",
                                    char status = 'D') {
  delius_event event;
  event.id = id;
  event.sentence_start = start;
  event.custodial.emplace();
  event.custodial->booking_number = std::move(booking);
  event.custodial->status = status;
  return event;
}

/// ANDY MARKE, born on 9 March 1970, with one custodial event and no numbers.
inline delius_person person(std::string crn) {
  delius_person one;
  one.crn = std::move(crn);
  one.first_name = "Andy";
  one.surname = "Marke";
  one.born = make_date(1970, 3, 9);
  one.events.push_back(custodial_event(1, sentence));
  return one;
}

} // namespace sallyport::simulator::test
