#pragma once

#include "engine/core/call.hpp"
#include "engine/core/record.hpp"
#include "topologies/prison_to_probation/message.hpp"
#include "topologies/prison_to_probation/snapshot_header.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What the tests of this topology share: the sample messages, and peers that answer as the sample
/// replies say unless a test gives them other answers.
namespace sallyport::prison_to_probation::testing {

inline std::filesystem::path data_folder() {
  return std::filesystem::path{SALLYPORT_SOURCE_DIR} / "tests/data/prison_to_probation";
}

inline std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream in{path};
  if (!in)
    throw std::runtime_error("cannot read " + path.string());
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A sample message: an envelope of SNS.
inline record sample(std::string_view name) {
  record r;
  r.value = text_of_file(data_folder() / "messages" / (std::string{name} + ".json"));
  return r;
}

/// A message without an envelope.
inline record message_record(std::string_view type, std::string_view json) {
  record r;
  r.value = bytes{json};
  r.set("eventType", std::string{type});
  return r;
}

inline call_answer answer(int status, std::string body = {}) {
  call_answer a;
  a.status = status;
  a.body = std::move(body);
  return a;
}

inline call_answer no_answer() {
  call_answer a;
  a.error = "timed out";
  return a;
}

/// prison-api, community-api and the search service.
class world {
public:
  world() {
    for (const auto& file : std::filesystem::directory_iterator(data_folder() / "mappings"))
      add(nlohmann::json::parse(text_of_file(file.path())));
  }

  /// From now on.
  void on(const std::string& what, call_answer with) { fixed_.insert_or_assign(what, with); }
  /// Once, before what is answered else.
  void once(const std::string& what, call_answer with) { once_[what].push_back(std::move(with)); }
  /// A field of a sample reply that is an object, changed from now on; null removes nothing but
  /// reads as null.
  void change(const std::string& what, const std::string& field, const nlohmann::json& to) {
    auto body = nlohmann::json::parse(fixed_.at(what).body);
    body[field] = to;
    fixed_.at(what).body = body.dump();
  }

  /// `GET /api/bookings/1200835`: without the query, unless it matters (`prisoners`).
  static std::string name_of(const call_request& request) {
    auto path = request.path;
    if (!path.starts_with("/api/prisoners"))
      path = path.substr(0, path.find('?'));
    return request.method + " " + path;
  }

  call_answer reply(const call_request& request) {
    const auto name = name_of(request);
    requests.push_back(request);
    names.push_back(name);
    if (auto it = once_.find(name); it != once_.end() && !it->second.empty()) {
      auto first = it->second.front();
      it->second.erase(it->second.begin());
      return first;
    }
    const auto it = fixed_.find(name);
    return it == fixed_.end() ? answer(404, "{}") : it->second;
  }

  /// The body of the last request called so, as JSON.
  nlohmann::json body_of(const std::string& name) const {
    for (std::size_t i = requests.size(); i-- > 0;)
      if (names[i] == name)
        return nlohmann::json::parse(requests[i].body);
    throw std::runtime_error("no request " + name);
  }

  std::size_t times(const std::string& name) const {
    return static_cast<std::size_t>(std::ranges::count(names, name));
  }

  std::vector<std::string> names;
  std::vector<call_request> requests;

private:
  void add(const nlohmann::json& mapping) {
    const auto& asked = mapping.at("request");
    const auto& given = mapping.at("response");
    const auto path = asked.contains("urlPath") ? asked.at("urlPath") : asked.at("url");
    on(asked.at("method").get<std::string>() + " " + path.get<std::string>(),
       answer(given.at("status").get<int>(), given.at("jsonBody").dump()));
  }

  std::map<std::string, call_answer> fixed_;
  std::map<std::string, std::vector<call_answer>> once_;
};

/// The names of telemetry records, in order.
inline std::vector<std::string> names_of(const std::vector<record>& telemetry) {
  std::vector<std::string> names;
  for (const auto& r : telemetry)
    names.push_back(nlohmann::json::parse(r.value.view()).at("name").get<std::string>());
  return names;
}

/// The properties of the last telemetry record of that name.
inline std::map<std::string, std::string> properties_of(const std::vector<record>& telemetry,
                                                        std::string_view name) {
  for (auto it = telemetry.rbegin(); it != telemetry.rend(); ++it) {
    const auto json = nlohmann::json::parse(it->value.view());
    if (json.at("name") == name)
      return json.at("properties").get<std::map<std::string, std::string>>();
  }
  throw std::runtime_error("no telemetry event " + std::string{name});
}

// -- the calls of the sample booking -----------------------------------------------------------

namespace calls {
inline const std::string booking = "GET /api/bookings/1200835";
inline const std::string sentence_detail = "GET /api/bookings/1200835/sentenceDetail";
inline const std::string sentence_terms =
  "GET /api/offender-sentences/booking/1200835/sentenceTerms";
inline const std::string movement = "GET /api/bookings/1200835/movement/1";
inline const std::string identifiers = "GET /api/bookings/1200835/identifiers";
inline const std::string prisoner = "GET /api/prisoners?offenderNo=A5089DY";
inline const std::string match = "POST /match";
inline const std::string convictions_1 = "GET /secure/offenders/crn/X142620/convictions";
inline const std::string convictions_2 = "GET /secure/offenders/crn/X181002/convictions";
inline const std::string noms_number = "PUT /secure/offenders/crn/X142620/nomsNumber";
inline const std::string replace = "PUT /secure/offenders/nomsNumber/A9999DY/nomsNumber";
inline const std::string booking_number =
  "PUT /secure/offenders/nomsNumber/A5089DY/custody/bookingNumber";
inline const std::string location =
  "PUT /secure/offenders/nomsNumber/A5089DY/custody/bookingNumber/38339A";
inline const std::string key_dates =
  "POST /secure/offenders/nomsNumber/A5089DY/bookingNumber/38339A/custody/keyDates";
} // namespace calls

} // namespace sallyport::prison_to_probation::testing
