#include "engine/services/peer_health.hpp"

#include "engine/services/http_fetch.hpp"

#include <utility>

namespace sallyport {

namespace {

/// Whoever looks wants to know that it is down, not to read all that it says.
constexpr std::size_t body_bytes_shown = 1'000;
constexpr int ok = 200;

} // namespace

observe::health::probe health_of_peer(std::string url) {
  return [url = std::move(url)] {
    observe::health_report made;
    const auto came = http_get(url, {}, {});
    made.up = came && came->status == ok;
    if (made.up) {
      made.details["HttpStatus"] = "OK";
    } else if (!came) {
      made.details["error"] = came.error().what;
      made.details["body"] = "";
    } else {
      made.details["error"] = "it answered " + std::to_string(came->status);
      made.details["body"] = came->body.substr(0, body_bytes_shown);
    }
    return made;
  };
}

} // namespace sallyport
