#include "engine/runtime/stage_shell.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>

namespace sallyport::runtime {

void stage_shell_state::init(std::shared_ptr<lane::stage> hosted, place where,
                             std::vector<std::vector<target>> outputs, host_actor of) {
  stage = std::move(hosted);
  at = where;
  readers = std::move(outputs);
  host = std::move(of);
  rounds = std::make_unique<lane::alignment>(at.edges);
}

stage_actor::behavior_type stage_shell_state::make_behavior() {
  return {
    [this](const enter& e) {
      rounds->from_door(e.round, std::move(*e.signals), e.barrier);
      take_complete_rounds();
    },
    [this](const deliver& d) {
      rounds->from_edge(d.round, d.edge, std::move(*d.events));
      take_complete_rounds();
    },
    [this](const epoch_committed&) { stage->committed(); },
  };
}

void stage_shell_state::take_complete_rounds() {
  try {
    while (!failed)
      if (auto round = rounds->take())
        pass(std::move(*round));
      else
        return;
  } catch (const lane::engine_failure& e) {
    failed = true;
    self->send(host, stage_failed{at.incarnation, at.lane, at.stage, e.why()});
  } catch (const std::exception& e) {
    failed = true;
    self->send(host, stage_failed{at.incarnation, at.lane, at.stage, error::internal(e.what())});
  }
}

void stage_shell_state::pass(lane::alignment::complete round) {
  auto report = std::make_shared<stage_figures>();
  auto begun = std::chrono::steady_clock::now();
  report->output = stage->step(round.inputs, round.signals);
  hand_on(round.round, report->output, report->out);
  report->counters = stage->take_counters();
  report->observations = stage->take_observations();
  if (round.barrier) {
    report->part = stage->seal();
    report->calls = stage->calls();
    report->conversations_open = stage->open_conversations();
    report->call_outcomes = stage->take_call_outcomes();
  }
  report->busy_seconds =
    std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  self->send(host, stage_report{at.incarnation, at.lane, at.stage, round.round, report});
}

void stage_shell_state::hand_on(std::uint64_t round, lane::stage_output& output,
                                std::vector<std::size_t>& counts) {
  for (std::size_t port = 0; port < output.by_port.size(); ++port) {
    auto& events = output.by_port[port];
    counts.push_back(events.size());
    const auto& to = readers[port];
    auto send_to = [&](const target& reader, std::vector<lane::event>&& share) {
      self->send(reader.to, deliver{round, reader.edge,
                                    std::make_shared<std::vector<lane::event>>(std::move(share))});
    };
    for (std::size_t i = 0; i + 1 < to.size(); ++i)
      send_to(to[i], std::vector<lane::event>{events});
    if (!to.empty())
      send_to(to.back(), std::move(events));
  }
  output.by_port.clear();
}

stage_actor::behavior_type stage_shell(stage_actor::stateful_pointer<stage_shell_state> self,
                                       std::shared_ptr<lane::stage> hosted,
                                       stage_shell_state::place at,
                                       std::vector<std::vector<stage_shell_state::target>> readers,
                                       host_actor host) {
  self->state.init(std::move(hosted), at, std::move(readers), std::move(host));
  return self->state.make_behavior();
}

} // namespace sallyport::runtime
