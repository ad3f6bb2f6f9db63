#include "tools/simulator/delius.hpp"

#include <algorithm>
#include <cctype>

namespace sallyport::simulator {

namespace {

struct pnc_parts {
  std::string year, rest; ///< rest: serial without leading zeros and check letter, lower case
};

std::optional<pnc_parts> split_pnc(std::string_view text) {
  const auto slash = text.find('/');
  if (slash != 2 && slash != 4)
    return std::nullopt;
  std::string rest = lower_case(text.substr(slash + 1));
  rest.erase(0, std::min(rest.find_first_not_of('0'), rest.size()));
  if (rest.empty())
    return std::nullopt;
  return pnc_parts{std::string{text.substr(0, slash)}, rest};
}

std::string short_pnc(std::string_view text) {
  const auto parts = split_pnc(text);
  if (!parts)
    return lower_case(text);
  return parts->year.substr(parts->year.size() - 2) + '/' + parts->rest;
}

template <class Map>
std::vector<std::size_t> look_up(const Map& map, const std::string& key) {
  const auto found = map.find(key);
  if (key.empty() || found == map.end())
    return {};
  return {found->second.begin(), found->second.end()};
}

nlohmann::json event_state(const delius_event& event) {
  nlohmann::json state{{"eventId", event.id},
                       {"active", event.active},
                       {"terminated", event.terminated},
                       {"sentenceStartDate", nullptr},
                       {"custody", nullptr}};
  if (event.sentence_start)
    state["sentenceStartDate"] = iso(*event.sentence_start);
  if (event.custodial) {
    nlohmann::json dates = nlohmann::json::object();
    for (const auto& [name, value] : event.custodial->key_dates)
      dates[name] = iso(value);
    state["custody"] = {{"bookingNumber", event.custodial->booking_number},
                        {"status", std::string(1, event.custodial->status)},
                        {"institution", event.custodial->institution},
                        {"keyDates", dates}};
  }
  return state;
}

nlohmann::json person_state(const delius_person& person) {
  nlohmann::json identifiers = nlohmann::json::array();
  for (const auto& [type, value] : person.additional_identifiers)
    identifiers.push_back({{"type", type}, {"value", value}});
  std::set<std::string> numbers;
  nlohmann::json events = nlohmann::json::array();
  std::vector<const delius_event*> ordered;
  for (const auto& event : person.events)
    ordered.push_back(&event);
  std::ranges::sort(ordered, {}, &delius_event::id);
  for (const auto* event : ordered) {
    events.push_back(event_state(*event));
    if (event->custodial && !event->custodial->booking_number.empty())
      numbers.insert(event->custodial->booking_number);
  }
  return {{"crn", person.crn},
          {"nomsNumber", person.noms_number},
          {"additionalIdentifiers", identifiers},
          {"prisonerNumbers", numbers},
          {"prisonOffenderManager", person.has_prison_manager},
          {"events", events}};
}

} // namespace

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& c : lower)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

bool same_pnc(std::string_view a, std::string_view b) {
  const auto left = split_pnc(a);
  const auto right = split_pnc(b);
  if (!left || !right)
    return !a.empty() && lower_case(a) == lower_case(b);
  if (left->rest != right->rest)
    return false;
  if (left->year.size() == right->year.size())
    return left->year == right->year;
  return left->year.substr(left->year.size() - 2) == right->year.substr(right->year.size() - 2);
}

bool delius_person::active_sentence() const {
  return std::ranges::any_of(events, [](const delius_event& event) {
    return event.active && !event.soft_deleted && !event.terminated && event.sentence_start;
  });
}

delius::delius(std::vector<delius_person> people) : people_(std::move(people)) {
  for (std::size_t i = 0; i < people_.size(); ++i) {
    const auto& person = people_[i];
    by_crn_.emplace(person.crn, i);
    if (!person.noms_number.empty())
      by_noms_[person.noms_number].insert(i);
    std::set<std::string> surnames{lower_case(person.surname)};
    for (const auto& other : person.aliases)
      surnames.insert(lower_case(other.surname));
    for (const auto& surname : surnames)
      by_surname_[surname].push_back(i);
    if (!person.cro.empty())
      by_cro_[lower_case(person.cro)].push_back(i);
    if (!person.pnc.empty())
      by_pnc_[short_pnc(person.pnc)].push_back(i);
  }
}

std::optional<std::size_t> delius::by_crn(const std::string& crn) const {
  const auto found = by_crn_.find(crn);
  if (found == by_crn_.end() || people_[found->second].soft_deleted)
    return std::nullopt;
  return found->second;
}

std::vector<std::size_t> delius::holders(const std::string& noms_number) const {
  return look_up(by_noms_, noms_number);
}

void delius::set_noms_number(std::size_t index, const std::string& noms_number) {
  auto& person = people_[index];
  if (!person.noms_number.empty()) {
    auto& old = by_noms_[person.noms_number];
    old.erase(index);
    if (old.empty())
      by_noms_.erase(person.noms_number);
  }
  person.noms_number = noms_number;
  if (!noms_number.empty())
    by_noms_[noms_number].insert(index);
}

std::vector<std::size_t> delius::by_surname(std::string_view surname) const {
  return look_up(by_surname_, lower_case(surname));
}

std::vector<std::size_t> delius::by_cro(std::string_view cro) const {
  return look_up(by_cro_, lower_case(cro));
}

std::vector<std::size_t> delius::by_pnc(std::string_view pnc) const {
  auto found = look_up(by_pnc_, short_pnc(pnc));
  std::erase_if(found, [&](std::size_t i) { return !same_pnc(people_[i].pnc, pnc); });
  return found;
}

std::string delius::canonical_state() const {
  std::vector<const delius_person*> ordered;
  for (const auto& person : people_)
    ordered.push_back(&person);
  std::ranges::sort(ordered, {}, &delius_person::crn);
  std::string state = "{\"people\":[";
  for (const auto* person : ordered) {
    state += person == ordered.front() ? "\n" : ",\n";
    state += person_state(*person).dump();
  }
  return state + "\n]}\n";
}

} // namespace sallyport::simulator
