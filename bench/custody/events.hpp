#pragma once

#include "engine/core/record.hpp"
#include "tools/simulator/population.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// The events of the custody benchmarks, and what must come of them in Delius.
namespace sallyport::bench::custody {

inline constexpr std::size_t events_per_booking = 5;

/// Five events of each booking, as the notification service wraps them: a change of status, a
/// movement, two kinds of dates, and for every second booking another change of status, which takes
/// the first one's place (one event of ten), for the others a change of the number.
class event_stream {
public:
  /// Of the latest booking of each person.
  explicit event_stream(const simulator::population& of);

  [[nodiscard]] std::size_t size() const { return bookings_.size() * events_per_booking; }
  [[nodiscard]] std::size_t superseded() const { return bookings_.size() / 2; }
  /// The n-th event; those of a booking lie far from each other.
  [[nodiscard]] record at(std::size_t n) const;
  /// The first change of status of a booking.
  [[nodiscard]] static record status_change(std::int64_t booking, std::size_t n);

private:
  struct booking {
    std::int64_t id = 0;
    std::int64_t admission = 0; ///< sequence of its last one
  };
  std::vector<booking> bookings_;
};

/// How many people of a population in good order are not in Delius as their latest booking says:
/// NOMS number, booking number, institution. `state` is the simulator's.
[[nodiscard]] std::size_t not_up_to_date(const simulator::population& people,
                                         const std::string& state);

} // namespace sallyport::bench::custody
