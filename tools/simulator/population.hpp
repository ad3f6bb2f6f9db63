#pragma once

// Problem: a run needs people of any number who are in both systems, mostly in good order, and a
// stated share of each trouble that the service must live with.
// Idea: each person is made from (seed, number of the person) alone and gets a *story*; identifiers
// are numbered so that no two people share one, and surnames are unique, so that people do not
// influence each other.
//
// Thread safety: free functions; the result is a plain value.
//
// Invariants
// 1. The same options give the same population, and the first n people of a larger one are the
// same.
// 2. What a story leads to in the end does not depend on how its events are split into batches:
//    the last admission of a booking is to the prison that the booking names, and stories that stay
//    stuck hold the numbers already that a later step would need.

#include "tools/simulator/delius.hpp"
#include "tools/simulator/nomis.hpp"

#include <cstdint>
#include <vector>

namespace sallyport::simulator {

inline constexpr std::size_t people_max = 500'000;

/// What is special about a person. The order groups: those in good order, then the trouble.
enum class story : std::uint8_t {
  all_identifiers,    ///< Delius holds all numbers and the name: ALL_SUPPLIED
  all_but_alias,      ///< the name is an alias only: ALL_SUPPLIED_ALIAS
  noms_number,        ///< name and ids differ: HMPPS_KEY
  pnc_number,         ///< no NOMS number, PNC in the short form: EXTERNAL_KEY
  cro_number,         ///< no NOMS number, CRO in other case: EXTERNAL_KEY
  full_name,          ///< no numbers: NAME
  name_in_alias,      ///< no numbers, name and birth in an alias: NAME
  surname_only,       ///< the first name differs: PARTIAL_NAME
  birth_nearly,       ///< day and month swapped or off by one: PARTIAL_NAME_DOB_LENIENT
  merged,             ///< Delius holds the number from before a merge: replaced
  no_match,           ///< not in Delius
  no_sentence_match,  ///< found, no sentence within seven days
  too_many_matches,   ///< two people fit, both with the sentence
  book_number_missed, ///< no or two active custodial events near the date: 404
  location_missed,    ///< status code or number of events forbids the move: 404
  key_dates_missed,   ///< two events hold the booking number: 404
  duplicate_person,   ///< two people hold the NOMS number: 409
  merged_twice,       ///< two merged numbers: the second replace is answered 409
  merged_conflict,    ///< another person holds the new number already: 409
  inactive_booking,   ///< the booking has ended
  no_sentence,        ///< not sentenced: no start date
};

[[nodiscard]] const char* to_string(story value);

struct population_options {
  std::size_t people = 500;
  std::uint64_t seed = 7;
  double trouble = 0.30; ///< share of the people with a story from no_match on
};

struct population {
  nomis prison;
  std::vector<delius_person> probation;
  std::vector<story> stories; ///< of each prisoner
};

/// @pre options.people ≤ people_max
[[nodiscard]] population make_population(const population_options& options);

} // namespace sallyport::simulator
