#pragma once

#include "engine/core/error.hpp"
#include "engine/time/zone.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who in Delius is this prisoner? The rules of §4.2, with the default of §10.8.
///
/// The search service proposes candidates and says by what it found them. A candidate is kept when
/// one of their custodial sentences starts near the one that NOMIS has. If exactly one is kept, it
/// is them.
namespace sallyport::prison_to_probation {

/// The reply of POST /match.
struct match_reply {
  std::optional<std::string> matched_by;
  std::vector<std::string> crns; ///< as they came: one named twice is there twice
};
[[nodiscard]] result<match_reply> parse_match_reply(std::string_view body);

/// One of GET /secure/offenders/crn/{crn}/convictions, active or not.
struct conviction {
  bool custodial = false; ///< it has a `custody` object
  std::optional<sys_days> sentence_start;
};
[[nodiscard]] result<std::vector<conviction>> parse_convictions(std::string_view body);

/// How far apart two starts of one sentence may be, this many days included.
inline constexpr std::int64_t sentence_start_tolerance_days = 7;

/// Whether one of the convictions is the sentence that starts on `start`. Inactive ones count, for
/// the sake of recalls.
[[nodiscard]] bool has_sentence(const std::vector<conviction>& convictions, sys_days start);

/// Whether Delius already holds the NOMS number of who was found this way.
[[nodiscard]] bool found_by_noms_number(const std::optional<std::string>& matched_by);

enum class match_outcome : std::uint8_t {
  known,          ///< one person, and Delius has their NOMS number
  to_be_told,     ///< one person, whose NOMS number Delius must be told
  no_candidate,   ///< NO_MATCH
  wrong_sentence, ///< NO_MATCH_WITH_SENTENCE_DATE
  too_many,       ///< TOO_MANY_MATCHES
  nobody_to_take  ///< found by NOMS number, but nobody is named: in compatibility, an exception
};

struct match_decision {
  match_outcome outcome = match_outcome::no_candidate;
  std::string crn; ///< of known and to_be_told
  /// The sentence filter stopped somebody whom the original would have taken by the NOMS number
  /// alone (§10.8).
  bool stopped_by_sentence = false;
};

/// `kept`: the distinct CRNs that passed `has_sentence`.
[[nodiscard]] match_decision decide(const match_reply& found, const std::vector<std::string>& kept);

/// §4.2 without the default of §10.8, in compatibility: whoever was found by NOMS number is known,
/// whatever their sentences; of several the alphabetically first.
[[nodiscard]] match_decision decide_as_original(const match_reply& found,
                                                const std::vector<std::string>& kept);

} // namespace sallyport::prison_to_probation
