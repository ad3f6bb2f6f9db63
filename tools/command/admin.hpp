#pragma once

#include "engine/lane/lane_rows_view.hpp"
#include "engine/runtime/environment.hpp"
#include "engine/runtime/instance.hpp"
#include "engine/services/admin_service.hpp"
#include "engine/services/control_board.hpp"
#include "engine/services/lanes_service.hpp"
#include "engine/services/status_service.hpp"

#include <functional>
#include <memory>
#include <string>

namespace sallyport::command {

/// The part of an instance's surface that is for its operators: what it looks at, and how orders
/// reach the lanes.
///
/// Thread safety: made and put on the server by one thread; what it serves is thread-safe.
class admin {
public:
  struct settings {
    const runtime::environment& in;
    const lanes_service& lanes;
    control_board& control;
    observe::health& health;
    lane::lane_filter owns; ///< as `http_surface`
    std::function<std::string()> address;
    std::function<bool()> draining;
    std::function<void()> drain;
    other_instances others;
  };

  /// All that the settings refer to outlives it, and the server ends before it.
  explicit admin(const settings& with);

  /// @pre the server is not started
  void serve_on(http_server& server);

private:
  lane::lane_rows_view rows_;
  lane::committed_rows operator_rows_;
  status_service status_;
  admin_service orders_;
};

/// The stages that call, with the ports that they use.
[[nodiscard]] std::vector<control_board::calling_stage> calling_stages(const topology::plan& of);

/// How the control board reaches the lanes of this process.
[[nodiscard]] control_board::lanes lanes_of(const runtime::environment& in,
                                            runtime::instance& running);

/// The topics to which the topology's stages write dead letters.
[[nodiscard]] std::vector<std::string> dead_letter_topics(const topology::plan& of);

} // namespace sallyport::command
