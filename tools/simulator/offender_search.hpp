#pragma once

// Problem: whether a prisoner is found in Delius, and by what, decides most of a sync.
// Idea: the ladder of probation-offender-search as one pure function: the first stage that finds
// anybody names itself in the answer.
//
// Thread safety: reads `delius`, confined to the server's thread.

#include "tools/simulator/delius.hpp"
#include "tools/simulator/reply.hpp"

namespace sallyport::simulator {

/// The page of the search engine: no more people are in an answer.
inline constexpr std::size_t match_hits_max = 10;

struct match_request {
  std::string first_name, surname, noms_number, pnc, cro; ///< empty: not given
  optional_date born;
  bool active_sentence = false;
};

struct match_answer {
  const char* matched_by = "NOTHING";
  std::vector<std::size_t> people; ///< ascending by CRN
};

[[nodiscard]] match_answer match(const delius& people, const match_request& request);

/// POST /match. 400 without a surname or with a date of birth that is none.
[[nodiscard]] reply post_match(const delius& people, const nlohmann::json& body);

} // namespace sallyport::simulator
