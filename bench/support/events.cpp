#include "bench/support/events.hpp"

#include <array>

namespace sallyport::bench {

std::uint64_t mixed(std::uint64_t n) {
  n += 0x9e3779b97f4a7c15ULL;
  n = (n ^ (n >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  n = (n ^ (n >> 27U)) * 0x94d049bb133111ebULL;
  return n ^ (n >> 31U);
}

std::string event_json(std::size_t n, std::size_t booking) {
  static constexpr std::array types{"SENTENCE_DATES-CHANGED", "EXTERNAL_MOVEMENT_RECORD-INSERTED",
                                    "IMPRISONMENT_STATUS-CHANGED",
                                    "CONFIRMED_RELEASE_DATE-CHANGED"};
  auto dice = mixed(n);
  std::string out = R"({"eventType":")";
  out += types[n % types.size()];
  out += R"(","eventDatetime":"2020-02-12T15:14:)" + std::to_string(10 + n % 50) + "." +
         std::to_string(100 + n % 900) + R"(","bookingId":)" + std::to_string(1'000'000 + booking) +
         R"(,"movementSequence":)" + std::to_string(1 + n % 7);
  out += R"(,"from":{"agencyId":"LEI","description":"Leeds","active":true,"capacity":1212})";
  out += R"(,"to":{"agencyId":"MDI","description":"Moorland","active":true,"capacity":990})";
  out += R"(,"codes":[17,4,9,12.5,-3],"alerts":[{"code":"XA","since":"2019-11-30"}])";
  out += R"(,"reason":null,"notes":")";
  std::string tail = R"(","nomisEventType":"M1_RESULT","offenderNo":"A)" +
                     std::to_string(1000 + dice % 9000) + R"(DY"})";
  while (out.size() + tail.size() + 17 <= event_bytes) {
    dice = mixed(dice);
    out += std::to_string(100'000'000'000'000 + dice % 900'000'000'000'000) + ", ";
  }
  out.append(event_bytes - out.size() - tail.size(), '.');
  return out + tail;
}

} // namespace sallyport::bench
