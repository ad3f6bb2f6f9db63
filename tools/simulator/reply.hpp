#pragma once

// An answer of one of the peers, before faults and sockets.

#include <nlohmann/json.hpp>

#include <string>
#include <utility>

namespace sallyport::simulator {

struct reply {
  int status = 200;
  nlohmann::ordered_json body;
};

/// The error form that the peers share.
[[nodiscard]] inline reply problem(int status, const std::string& text) {
  return {status, {{"status", status}, {"userMessage", text}, {"developerMessage", text}}};
}

} // namespace sallyport::simulator
