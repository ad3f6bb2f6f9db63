#pragma once

#include "engine/lane/alignment.hpp"
#include "engine/lane/stage.hpp"
#include "engine/lane/wiring.hpp"
#include "engine/runtime/actors.hpp"

#include <caf/stateful_actor.hpp>

#include <memory>
#include <vector>

namespace sallyport::runtime {

/// The actor around a `lane::stage`: puts rounds together, lets the stage take them, hands on what
/// it gave.
struct stage_shell_state {
  static inline const char* name = "stage";

  explicit stage_shell_state(stage_actor::pointer self) : self(self) {}

  // -- initialization -----------------------------------------------------------------

  struct target {
    stage_actor to;
    std::size_t edge = 0;
  };
  struct place {
    std::uint64_t incarnation = 0;
    std::size_t lane = 0;
    std::size_t stage = 0;
    std::size_t edges = 0;
  };

  void init(std::shared_ptr<lane::stage> hosted, place at, std::vector<std::vector<target>> readers,
            host_actor host);
  stage_actor::behavior_type make_behavior();

  // -- behaviour ----------------------------------------------------------------------

  void take_complete_rounds();
  void pass(lane::alignment::complete round);
  void hand_on(std::uint64_t round, lane::stage_output& output, std::vector<std::size_t>& counts);

  // -- properties ---------------------------------------------------------------------

  stage_actor::pointer self;
  std::shared_ptr<lane::stage> stage;
  place at;
  std::vector<std::vector<target>> readers;
  host_actor host;
  std::unique_ptr<lane::alignment> rounds;
  bool failed = false;
};

stage_actor::behavior_type stage_shell(stage_actor::stateful_pointer<stage_shell_state> self,
                                       std::shared_ptr<lane::stage> hosted,
                                       stage_shell_state::place at,
                                       std::vector<std::vector<stage_shell_state::target>> readers,
                                       host_actor host);

} // namespace sallyport::runtime
