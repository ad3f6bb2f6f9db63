#include "topologies/prison_to_probation/matching.hpp"

#include "topologies/prison_to_probation/wire.hpp"

#include <algorithm>
#include <cstdlib>

namespace sallyport::prison_to_probation {

result<match_reply> parse_match_reply(std::string_view body) {
  json_text text;
  SALLYPORT_TRY(auto root, text.parse(body));
  match_reply out;
  out.matched_by = text_of(root, "matchedBy");
  auto matches = member(root, "matches");
  simdjson::dom::array list;
  if (!matches || matches->get(list) != simdjson::SUCCESS)
    return fail(error::data("matches is missing or no list"));
  for (const json match : list) {
    auto offender = member(match, "offender");
    auto ids = offender ? member(*offender, "otherIds") : std::nullopt;
    if (!ids)
      return fail(error::data("otherIds of a match is missing"));
    SALLYPORT_TRY(auto crn, required_text(*ids, "crn"));
    out.crns.push_back(std::move(crn));
  }
  return out;
}

result<std::vector<conviction>> parse_convictions(std::string_view body) {
  json_text text;
  SALLYPORT_TRY(auto root, text.parse(body));
  simdjson::dom::array list;
  if (root.get(list) != simdjson::SUCCESS)
    return fail(error::data("it is no list"));
  std::vector<conviction> out;
  for (const json item : list) {
    conviction one;
    one.custodial = member(item, "custody").has_value();
    if (auto sentence = member(item, "sentence")) {
      SALLYPORT_TRY(one.sentence_start, day_of(*sentence, "startDate"));
    }
    out.push_back(one);
  }
  return out;
}

bool has_sentence(const std::vector<conviction>& convictions, sys_days start) {
  return std::ranges::any_of(convictions, [&](const conviction& c) {
    return c.custodial && c.sentence_start &&
           std::abs(days_between(*c.sentence_start, start)) <= sentence_start_tolerance_days;
  });
}

bool found_by_noms_number(const std::optional<std::string>& matched_by) {
  return matched_by == "ALL_SUPPLIED" || matched_by == "ALL_SUPPLIED_ALIAS" ||
         matched_by == "HMPPS_KEY";
}

match_decision decide(const match_reply& found, const std::vector<std::string>& kept) {
  const bool by_noms = found_by_noms_number(found.matched_by);
  match_decision out;
  if (kept.size() == 1) {
    out.outcome = by_noms ? match_outcome::known : match_outcome::to_be_told;
    out.crn = kept.front();
    return out;
  }
  if (found.crns.empty())
    out.outcome = match_outcome::no_candidate;
  else if (kept.empty())
    out.outcome = match_outcome::wrong_sentence;
  else
    out.outcome = match_outcome::too_many;
  out.stopped_by_sentence = by_noms && !found.crns.empty();
  return out;
}

match_decision decide_as_original(const match_reply& found, const std::vector<std::string>& kept) {
  if (!found_by_noms_number(found.matched_by))
    return decide(found, kept);
  if (found.crns.empty())
    return {match_outcome::nobody_to_take, {}, false};
  return {match_outcome::known, std::ranges::min(found.crns), false};
}

} // namespace sallyport::prison_to_probation
