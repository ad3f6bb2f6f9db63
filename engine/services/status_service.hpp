#pragma once

#include "engine/log/log.hpp"
#include "engine/observe/health.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/services/control_board.hpp"
#include "engine/services/instance_answers.hpp"
#include "engine/services/peer_board.hpp"
#include "engine/services/surface.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace sallyport {

/// `GET /admin/status`: is the application well, and if not, what is wrong and what helps.
///
/// Idea: each instance tells figures of its own lanes, one sums them up, and the problems are read
/// off the sum by a list of rules (`problems_of`), so that what is called a problem stands in one
/// place and can be tested without an engine.
///
/// Thread safety: handlers run on the threads of the server.
///
/// Invariants:
/// 1. What costs a scan of rows is measured again after `rest_factor` times what it took.
/// 2. An instance that does not answer is a problem, not a gap.
class status_service {
public:
  static constexpr int rest_factor = 10;
  static constexpr std::size_t letters_looked_at = 1'000; ///< of a topic, for their causes

  struct settings {
    std::string application;
    std::string version;
    std::string state_folder;
    std::vector<lane_place> all_lanes;
    std::vector<std::string> dead_letter_topics;
    const committed_lanes& lanes;
    const committed_state& state;
    const std::vector<waiting_records>& waiting;
    const wall_clock& clock;
    const control_board& control;
    const peer_board& peers;
    const log& of;
    observe::health& health;
    observe::metrics& metrics;
    std::function<std::string()> address;
    std::function<std::vector<std::pair<std::string, std::uint32_t>>()> lanes_here;
    std::function<bool()> draining;
    other_instances others;
  };

  explicit status_service(settings with);

  /// Adds the route. @pre the server is not started
  void serve_on(http_server& server);
  [[nodiscard]] http_response answer(const http_request& request);

private:
  struct costly;
  [[nodiscard]] nlohmann::ordered_json own();
  [[nodiscard]] nlohmann::ordered_json measured(wall_time now);
  [[nodiscard]] nlohmann::ordered_json instance_json(const std::string& page, wall_time now);

  const settings with_;
  const instance_answers others_;
  const wall_time started_;
  const std::chrono::steady_clock::time_point started_steady_;
  std::mutex measuring_;
  std::string measured_; ///< JSON of the last measurement
  std::chrono::steady_clock::time_point measure_again_{};
};

/// What the figures of one more instance add.
void add_status(nlohmann::ordered_json& to, const nlohmann::ordered_json& more);

/// What is wrong by the figures of all instances, worst first: `{"severity","what","means","do",
/// "page"}`. `severity` is `error`, `warning` or `note`.
[[nodiscard]] std::vector<nlohmann::ordered_json> problems_of(const nlohmann::ordered_json& status,
                                                              wall_time now);

} // namespace sallyport
