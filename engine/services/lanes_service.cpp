#include "engine/services/lanes_service.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sallyport {

namespace {

using namespace std::chrono_literals;

/// A look at the group costs a question to the cluster.
constexpr auto seats_good_for = 1s;

} // namespace

lanes_service::lanes_service(std::vector<lane_place> all, open_lanes here,
                             const lane_directory* directory)
  : all_(std::move(all)), here_(std::move(here)), directory_(directory) {}

void lanes_service::serve_on(http_server& server) {
  server.route({"GET",
                "/lanes",
                access::operators(),
                {"how it is",
                 "Which instance has which lane; of those here, whether it is open.",
                 {},
                 {{200, "all lanes"}, {503, "the log does not say"}}},
                [this](const http_request&) { return lanes(); }});
}

result<std::vector<lane_seat>> lanes_service::seats() const {
  if (directory_ == nullptr)
    return std::vector<lane_seat>{};
  std::lock_guard lock{guard_};
  auto now = std::chrono::steady_clock::now();
  if (now - last_at_ < seats_good_for)
    return last_;
  SALLYPORT_TRY(last_, directory_->seats());
  last_at_ = now;
  return last_;
}

http_response lanes_service::lanes() const {
  auto seats = this->seats();
  if (!seats)
    return error_response(503, seats.error().what);
  auto here = here_();
  auto out = nlohmann::ordered_json::array();
  for (const auto& lane : all_) {
    auto seat = std::ranges::find(*seats, lane.source, &lane_seat::source);
    bool open = std::ranges::find(here, std::pair{lane.part, lane.source.partition}) != here.end();
    nlohmann::ordered_json one{{"part", lane.part},
                               {"partition", lane.source.partition},
                               {"topic", lane.source.topic},
                               {"open_here", open}};
    if (seat != seats->end()) {
      one["instance"] = seat->instance;
      one["address"] = seat->address;
    }
    out.push_back(std::move(one));
  }
  http_response made;
  made.body = nlohmann::ordered_json{{"lanes", std::move(out)}}.dump(
                -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
              "\n";
  return made;
}

std::vector<std::string> lanes_service::others(const std::string& own) const {
  std::vector<std::string> addresses;
  if (auto seats = this->seats())
    for (const auto& seat : *seats)
      if (!seat.address.empty() && seat.address != own &&
          std::ranges::find(addresses, seat.address) == addresses.end())
        addresses.push_back(seat.address);
  return addresses;
}

bool lanes_service::owns(const std::string& part, std::uint32_t partition) const {
  auto here = here_();
  return std::ranges::find(here, std::pair{part, partition}) != here.end();
}

} // namespace sallyport
