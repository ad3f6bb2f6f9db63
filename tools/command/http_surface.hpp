#pragma once

#include "engine/lane/committed_rows.hpp"
#include "engine/log/log.hpp"
#include "engine/services/api_docs.hpp"
#include "engine/services/dead_letter_service.hpp"
#include "engine/services/gate.hpp"
#include "engine/services/gauge_board.hpp"
#include "engine/services/http_server.hpp"
#include "engine/services/state_service.hpp"
#include "engine/services/tokens.hpp"
#include "engine/state/store.hpp"
#include "engine/time/clock.hpp"
#include "engine/topology/plan.hpp"

#include <memory>

namespace sallyport::command {

/// What an instance serves because of its topology, and who may use it all: reports, gauges, dead
/// letters, the API document, the guard.
///
/// Thread safety: made and put on the server by one thread; what it serves is thread-safe.
class http_surface {
public:
  /// All outlive it, and the server ends before it.
  /// `owns`: the lanes whose rows are told of here, all without it; `others`: the instances that
  /// have the rest.
  http_surface(const topology::plan& plan, const store& state, log& of, const wall_clock& clock,
               observe::metrics& metrics, lane::lane_filter owns, other_instances others);

  /// Adds its routes, and the guard of all. @pre the other routes are there, the server is not
  /// started
  void serve_on(http_server& server);

  /// Sets the gauges of the topology, if they are due. By one thread at a time.
  void refresh_gauges();

private:
  const topology::plan& plan_;
  lane::committed_rows rows_;
  state_service reports_;
  std::unique_ptr<gauge_board> gauges_; ///< none without a surface
  std::unique_ptr<dead_letter_service> dead_letters_;
  std::unique_ptr<token_verifier> tokens_;
  std::unique_ptr<gate> gate_;
  std::unique_ptr<api_docs> docs_;
};

} // namespace sallyport::command
