#include "tools/simulator/offender_search.hpp"

#include <algorithm>
#include <functional>

namespace sallyport::simulator {

namespace {

using nlohmann::ordered_json;
using candidates = std::vector<std::size_t>;

bool same(std::string_view a, std::string_view b) { return lower_case(a) == lower_case(b); }

/// A clause without an input holds for everybody.
bool given_and_different(std::string_view wanted, std::string_view held) {
  return !wanted.empty() && !same(wanted, held);
}

class ladder {
public:
  ladder(const delius& people, const match_request& request) : people_(people), request_(request) {}

  [[nodiscard]] match_answer climb() const {
    struct stage {
      const char* name;
      candidates (ladder::*find)() const;
    };
    static constexpr stage stages[] = {
      {"ALL_SUPPLIED", &ladder::all_supplied}, {"ALL_SUPPLIED_ALIAS", &ladder::all_supplied_alias},
      {"HMPPS_KEY", &ladder::hmpps_key},       {"EXTERNAL_KEY", &ladder::cro_key},
      {"EXTERNAL_KEY", &ladder::pnc_key},      {"NAME", &ladder::full_name},
      {"PARTIAL_NAME", &ladder::partial_name}, {"PARTIAL_NAME_DOB_LENIENT", &ladder::lenient},
    };
    for (const auto& stage : stages)
      if (auto found = (this->*stage.find)(); !found.empty()) {
        std::ranges::sort(found, {}, [this](std::size_t i) { return people_.at(i).crn; });
        found.resize(std::min(found.size(), match_hits_max));
        return {stage.name, std::move(found)};
      }
    return {};
  }

private:
  using test = std::function<bool(const delius_person&)>;

  [[nodiscard]] candidates keep(const candidates& from, const test& fits) const {
    candidates kept;
    for (const auto i : from) {
      const auto& person = people_.at(i);
      const bool searched =
        !person.soft_deleted && (!request_.active_sentence || person.active_sentence());
      if (searched && fits(person))
        kept.push_back(i);
    }
    return kept;
  }

  /// Those whom the best of the given inputs allows; the exact clauses follow.
  [[nodiscard]] candidates by_any_key() const {
    if (!request_.noms_number.empty())
      return people_.holders(request_.noms_number);
    return people_.by_surname(request_.surname);
  }

  [[nodiscard]] bool identifiers_fit(const delius_person& person) const {
    return !given_and_different(request_.noms_number, person.noms_number) &&
           !given_and_different(request_.cro, person.cro) &&
           (request_.pnc.empty() || same_pnc(request_.pnc, person.pnc));
  }

  [[nodiscard]] bool born_fits(date born) const { return !request_.born || *request_.born == born; }

  [[nodiscard]] bool own_name_fits(const delius_person& person) const {
    return !given_and_different(request_.surname, person.surname) &&
           !given_and_different(request_.first_name, person.first_name) && born_fits(person.born);
  }

  [[nodiscard]] bool alias_fits(const delius_person& person) const {
    return std::ranges::any_of(person.aliases, [this](const alias& other) {
      return !given_and_different(request_.surname, other.surname) &&
             !given_and_different(request_.first_name, other.first_name) && born_fits(other.born);
    });
  }

  [[nodiscard]] bool surname_or_born_fits(const delius_person& person) const {
    const auto one_fits = [this](std::string_view surname, date born) {
      return (!request_.surname.empty() && same(request_.surname, surname)) ||
             (request_.born && *request_.born == born);
    };
    return one_fits(person.surname, person.born) ||
           std::ranges::any_of(person.aliases, [&](const alias& other) {
             return one_fits(other.surname, other.born);
           });
  }

  [[nodiscard]] bool born_nearly(date born) const {
    if (!request_.born)
      return true;
    const std::chrono::year_month_day asked{*request_.born}, held{born};
    if (asked.year() != held.year())
      return false;
    const auto asked_day = static_cast<unsigned>(asked.day());
    const auto held_day = static_cast<unsigned>(held.day());
    const auto asked_month = static_cast<unsigned>(asked.month());
    const auto held_month = static_cast<unsigned>(held.month());
    const bool swapped = asked_day == held_month && asked_month == held_day;
    const bool near =
      asked_month == held_month && (asked_day == held_day + 1 || asked_day + 1 == held_day);
    return swapped || near || asked_day == held_day;
  }

  [[nodiscard]] candidates all_supplied() const {
    return keep(by_any_key(),
                [this](const auto& p) { return identifiers_fit(p) && own_name_fits(p); });
  }

  [[nodiscard]] candidates all_supplied_alias() const {
    return keep(by_any_key(),
                [this](const auto& p) { return identifiers_fit(p) && alias_fits(p); });
  }

  [[nodiscard]] candidates hmpps_key() const {
    return keep(people_.holders(request_.noms_number), [](const auto&) { return true; });
  }

  [[nodiscard]] candidates cro_key() const {
    return keep(people_.by_cro(request_.cro),
                [this](const auto& p) { return surname_or_born_fits(p); });
  }

  [[nodiscard]] candidates pnc_key() const {
    return keep(people_.by_pnc(request_.pnc),
                [this](const auto& p) { return surname_or_born_fits(p); });
  }

  [[nodiscard]] candidates full_name() const {
    return keep(people_.by_surname(request_.surname),
                [this](const auto& p) { return own_name_fits(p) || alias_fits(p); });
  }

  [[nodiscard]] candidates partial_name() const {
    return keep(people_.by_surname(request_.surname), [this](const auto& p) {
      return same(request_.surname, p.surname) && born_fits(p.born);
    });
  }

  [[nodiscard]] candidates lenient() const {
    return keep(people_.by_surname(request_.surname), [this](const auto& p) {
      const bool first_name = !given_and_different(request_.first_name, p.first_name) ||
                              std::ranges::any_of(p.aliases, [this](const alias& other) {
                                return !given_and_different(request_.first_name, other.first_name);
                              });
      return first_name && same(request_.surname, p.surname) && born_nearly(p.born);
    });
  }

  const delius& people_;
  const match_request& request_;
};

ordered_json nullable(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

ordered_json offender_json(const delius_person& person) {
  ordered_json aliases = ordered_json::array();
  for (const auto& other : person.aliases)
    aliases.push_back({{"dateOfBirth", iso(other.born)},
                       {"firstName", other.first_name},
                       {"middleNames", nullptr},
                       {"surname", other.surname},
                       {"gender", person.gender}});
  return {
    {"previousSurname", nullptr},
    {"offenderId", person.offender_id},
    {"title", nullptr},
    {"firstName", person.first_name},
    {"middleNames", ordered_json::array()},
    {"surname", person.surname},
    {"dateOfBirth", iso(person.born)},
    {"gender", person.gender},
    {"otherIds",
     {{"crn", person.crn},
      {"pncNumber", nullable(person.pnc)},
      {"croNumber", nullable(person.cro)},
      {"niNumber", nullptr},
      {"nomsNumber", nullable(person.noms_number)},
      {"immigrationNumber", nullptr},
      {"mostRecentPrisonerNumber", nullptr}}},
    {"offenderAliases", aliases},
    {"softDeleted", person.soft_deleted},
    {"currentDisposal", person.active_sentence() ? "1" : "0"},
    {"partitionArea", "National Data"},
    {"currentRestriction", false},
    {"currentExclusion", false},
  };
}

/// Missing, null and blank are all "not given".
std::string given(const nlohmann::json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string())
    return {};
  auto text = found->get<std::string>();
  return text.find_first_not_of(' ') == std::string::npos ? std::string{} : text;
}

} // namespace

match_answer match(const delius& people, const match_request& request) {
  return ladder{people, request}.climb();
}

reply post_match(const delius& people, const nlohmann::json& body) {
  if (!body.is_object())
    return problem(400, "the body is no JSON object");
  match_request request{given(body, "firstName"),
                        given(body, "surname"),
                        given(body, "nomsNumber"),
                        given(body, "pncNumber"),
                        given(body, "croNumber"),
                        std::nullopt,
                        body.value("activeSentence", nlohmann::json(false)) == true};
  if (request.surname.empty())
    return problem(400, "surname is required");
  const auto born = read_date(body, "dateOfBirth");
  if (!born.well_formed)
    return problem(400, "dateOfBirth is no date");
  request.born = born.value;
  const auto answer = match(people, request);
  ordered_json matches = ordered_json::array();
  for (const auto index : answer.people)
    matches.push_back({{"offender", offender_json(people.at(index))}});
  return {200, {{"matches", std::move(matches)}, {"matchedBy", answer.matched_by}}};
}

} // namespace sallyport::simulator
