#pragma once

#include "engine/log/lane_directory.hpp"
#include "engine/log/membership.hpp"
#include "engine/services/http_server.hpp"

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sallyport {

/// `GET /lanes`: which instance has which lane, asked of any of them; and for the services that
/// need it, where the other instances answer.
///
/// Thread safety: handlers run on the threads of the server.
class lanes_service {
public:
  /// Lanes that are open in this process, as (part, partition).
  using open_lanes = std::function<std::vector<std::pair<std::string, std::uint32_t>>()>;

  /// `directory`: none where no other process shares the log. It outlives the service.
  lanes_service(std::vector<lane_place> all, open_lanes here, const lane_directory* directory);

  /// @pre the server is not started
  void serve_on(http_server& server);

  /// Addresses of the instances that have lanes; `own` is left out. As of a second ago at most.
  [[nodiscard]] std::vector<std::string> others(const std::string& own) const;

  /// Whether the lane is open in this process.
  [[nodiscard]] bool owns(const std::string& part, std::uint32_t partition) const;

private:
  [[nodiscard]] http_response lanes() const;
  [[nodiscard]] result<std::vector<lane_seat>> seats() const;

  const std::vector<lane_place> all_;
  const open_lanes here_;
  const lane_directory* directory_;
  mutable std::mutex guard_;
  mutable std::vector<lane_seat> last_;
  mutable std::chrono::steady_clock::time_point last_at_{};
};

} // namespace sallyport
