#pragma once

// What prison-api knows: prisoners, their bookings, sentences, movements and merged identifiers.
// It never changes while the simulator runs; the service only reads it.
//
// Thread safety: plain values, read only after they were made.

#include "tools/simulator/dates.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sallyport::simulator {

struct movement {
  std::int64_t sequence = 0;
  std::string type;      ///< ADM, CRT, TAP, REL …
  std::string direction; ///< IN or OUT
  std::string from_agency;
  std::string to_agency; ///< empty: null
  date on;
};

struct sentence_term {
  int sequence = 0;
  optional_date start;
  std::optional<int> consecutive_to;
};

struct sentence_dates {
  optional_date start, expiry, confirmed_release, conditional_release, conditional_override,
    licence_expiry, parole_eligibility, topup_expiry, release, hdc_eligibility;
};

struct booking {
  std::int64_t id = 0;
  std::string number;
  std::size_t prisoner = 0; ///< index into nomis::prisoners
  bool active = true;
  bool recall = false;
  std::string agency;
  std::string legal_status;
  sentence_dates dates;
  std::vector<sentence_term> terms;
  std::vector<movement> movements;
  std::vector<std::string> merged; ///< earlier offender numbers
};

struct prisoner {
  std::int64_t offender_id = 0;
  std::string number; ///< the NOMS number
  std::string first_name, last_name, gender, pnc, cro;
  date born;
  std::size_t booking = 0; ///< the latest one
};

struct nomis {
  std::vector<prisoner> prisoners;
  std::vector<booking> bookings;
  std::unordered_map<std::int64_t, std::size_t> booking_by_id;
  std::unordered_map<std::string, std::size_t> prisoner_by_number;
};

/// A prison by its NOMIS code, as both systems know it.
struct prison {
  const char* code;
  const char* description;
  const char* delius_code;
  int institution_id;
};

/// Nothing for a code that Delius does not know.
[[nodiscard]] const prison* find_prison(std::string_view code);

} // namespace sallyport::simulator
