#include "bench/custody/events.hpp"

#include "bench/support/events.hpp"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

namespace sallyport::bench::custody {

namespace {

/// Of the population's; coprime to any number of bookings below it.
constexpr std::size_t stride = 1'000'003;

std::string wrapped(std::size_t n, const std::string& type, const std::string& fields) {
  char id[40];
  std::snprintf(id, sizeof id, "%08zx-0000-4000-8000-%012zx", n,
                static_cast<std::size_t>(mixed(n) & 0xffffffffffffU));
  char at[40];
  std::snprintf(at, sizeof at, "2026-01-%02zuT%02zu:%02zu:%02zu.%06zu", 5 + n / 2'000'000 % 20,
                n / 100'000 % 20, n / 2'000 % 50, n / 40 % 50, n % 40);
  std::string out = R"({"Type":"Notification","MessageId":")";
  out += id;
  out += R"(","TopicArn":"arn:aws:sns:eu-west-2:000000000000:simulated-offender-events",)"
         R"("Message":"{\"eventType\":\")" +
         type + R"(\",\"eventDatetime\":\")" + at + R"(\",)" + fields +
         R"(}","Timestamp":"2026-01-05T08:00:00.000Z","SignatureVersion":"1","Signature":")";
  out.append(342, 'x');
  out += R"(==","MessageAttributes":{"eventType":{"Type":"String","Value":")" + type +
         R"("},"contentType":{"Type":"String","Value":"text/plain;charset=UTF-8"}}})";
  return out;
}

record event_of(std::size_t n, const std::string& type, std::int64_t booking,
                const std::string& more = {}) {
  record r;
  r.value = bytes{wrapped(n, type, R"(\"bookingId\":)" + std::to_string(booking) + more)};
  return r;
}

} // namespace

event_stream::event_stream(const simulator::population& of) {
  bookings_.reserve(of.prison.prisoners.size());
  for (const auto& person : of.prison.prisoners) {
    const auto& latest = of.prison.bookings[person.booking];
    booking b{latest.id, 0};
    for (const auto& move : latest.movements)
      if (move.type == "ADM")
        b.admission = move.sequence;
    bookings_.push_back(b);
  }
}

record event_stream::status_change(std::int64_t booking, std::size_t n) {
  return event_of(n, "IMPRISONMENT_STATUS-CHANGED", booking);
}

record event_stream::at(std::size_t n) const {
  const auto which = n % bookings_.size() * stride % bookings_.size();
  const auto& b = bookings_[which];
  switch (n / bookings_.size()) {
  case 0: return status_change(b.id, n);
  case 1:
    return event_of(n, "EXTERNAL_MOVEMENT_RECORD-INSERTED", b.id,
                    R"(,\"movementSeq\":)" + std::to_string(b.admission));
  case 2: return event_of(n, "SENTENCE_DATES-CHANGED", b.id);
  case 3: return event_of(n, "CONFIRMED_RELEASE_DATE-CHANGED", b.id);
  default:
    return which % 2 == 1 ? status_change(b.id, n) : event_of(n, "BOOKING_NUMBER-CHANGED", b.id);
  }
}

std::size_t not_up_to_date(const simulator::population& people, const std::string& state) {
  struct wanted {
    std::string number, institution;
  };
  std::map<std::string, wanted> open; // by NOMS number
  for (const auto& person : people.prison.prisoners) {
    const auto& latest = people.prison.bookings[person.booking];
    open.emplace(person.number, wanted{latest.number, latest.agency});
  }
  std::istringstream lines{state};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("{\"additionalIdentifiers\""))
      continue; // the frame around the people
    const auto person = nlohmann::json::parse(line.substr(0, line.rfind('}') + 1));
    const auto at = open.find(person.at("nomsNumber").get<std::string>());
    if (at == open.end())
      continue;
    for (const auto& event : person.at("events")) {
      const auto custody = event.find("custody");
      if (custody != event.end() && custody->is_object() &&
          custody->value("bookingNumber", "") == at->second.number &&
          custody->value("institution", "") == at->second.institution) {
        open.erase(at);
        break;
      }
    }
  }
  return open.size();
}

} // namespace sallyport::bench::custody
