#pragma once

#include "engine/services/http_server.hpp"
#include "engine/services/state_service.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace sallyport {

/// What the other instances of an application answer to the request that this one was asked.
///
/// Problem: an operator asks one instance and wants to know of all lanes. Idea: it asks the others
/// the same with `here=1`, by which each tells of its own lanes only; one that does not answer is
/// named, so that nobody takes a part for the whole.
///
/// Thread safety: from any thread.
class instance_answers {
public:
  static constexpr duration patience{5'000};
  static constexpr std::size_t bytes_max = 64U << 20U;

  explicit instance_answers(other_instances others) : others_(std::move(others)) {}

  struct answered {
    std::vector<nlohmann::ordered_json> all;
    /// `{"instance":…,"why":…}` of each that did not answer.
    std::vector<nlohmann::ordered_json> missing;
  };
  /// Asks with the parameters and the token of `request`. Nobody is asked if it says `here`.
  [[nodiscard]] answered ask(const http_request& request, const std::string& path) const;

private:
  other_instances others_;
};

} // namespace sallyport
