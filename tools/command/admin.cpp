#include "tools/command/admin.hpp"

#include "engine/lane/orders.hpp"
#include "engine/topology/load.hpp"

#include <algorithm>

namespace sallyport::command {

namespace {

const std::vector<waiting_records>& waiting_of(const topology::plan& plan) {
  static const std::vector<waiting_records> none;
  const auto* own = surface_registry::instance().find(plan.topology.name);
  return own == nullptr ? none : own->waiting;
}

lane::paused_ports ports_of(const control_board::wanted_pause& what) {
  return {what.all, what.peers};
}

control_board::stage_order order_for_call(const stage_place& at, const std::string& id,
                                          std::optional<int> status) {
  const auto call = lane::parse_call_id(id).value_or(lane::call_id{});
  return {at.part, at.partition, at.stage,
          std::string{status ? lane::orders::settle : lane::orders::try_now},
          status ? lane::orders::settle_payload({call, *status}) : id};
}

status_service::settings status_of(const admin::settings& with, const committed_lanes& lanes,
                                   const committed_state& state) {
  const auto& plan = with.in.plan;
  return {plan.application,
          SALLYPORT_VERSION,
          plan.state_folder,
          runtime::lanes_of(plan),
          dead_letter_topics(plan),
          lanes,
          state,
          waiting_of(plan),
          with.in.clock,
          with.control,
          *with.in.peers_seen,
          with.in.log,
          with.health,
          with.in.metrics,
          with.address,
          [here = with.in.lanes_here] { return here->list(); },
          with.draining,
          with.others};
}

} // namespace

admin::admin(const settings& with)
  : rows_(with.in.store, with.in.plan, with.owns),
    operator_rows_(with.in.store, with.in.plan, with.owns),
    status_(status_of(with, rows_, operator_rows_)),
    orders_({rows_, operator_rows_, waiting_of(with.in.plan), with.in.clock, with.control,
             order_for_call, with.drain, with.others}) {}

void admin::serve_on(http_server& server) {
  status_.serve_on(server);
  orders_.serve_on(server);
}

std::vector<control_board::calling_stage> calling_stages(const topology::plan& of) {
  std::vector<control_board::calling_stage> all;
  for (const auto& part : of.topology.parts)
    for (const auto& stage : part.stages) {
      auto peers = stage.op->calls;
      for (const auto& field : stage.op->calls_by)
        for (auto& port : topology::texts_of(stage.op->spec, stage.with, field))
          peers.push_back(std::move(port.text));
      if (!peers.empty())
        all.push_back({part.name, stage.name, std::move(peers)});
    }
  return all;
}

control_board::lanes lanes_of(const runtime::environment& in, runtime::instance& running) {
  control_board::lanes out;
  out.here = [here = in.lanes_here] { return here->list(); };
  out.paused_in = [&in](const stage_place& at) -> result<control_board::wanted_pause> {
    SALLYPORT_TRY(auto is, lane::committed_pauses(in.store, at));
    return control_board::wanted_pause{is.all, std::move(is.ports)};
  };
  out.set_pause = [&running](const stage_place& at, const control_board::wanted_pause& what) {
    running.command(at.part, at.partition, at.stage, std::string{lane::orders::pause},
                    lane::encode(ports_of(what)));
  };
  out.hand_over = [&running](const control_board::stage_order& o) {
    running.command(o.part, o.partition, o.stage, o.name, o.payload);
  };
  return out;
}

std::vector<std::string> dead_letter_topics(const topology::plan& plan) {
  std::vector<std::string> topics;
  for (const auto& part : plan.topology.parts)
    for (const auto& stage : part.stages)
      if (stage.op->spec.name == "dead_letter") {
        const auto topic = plan.topics.find(stage.with.text("to"));
        if (topic != plan.topics.end() &&
            std::ranges::find(topics, topic->second.name) == topics.end())
          topics.push_back(topic->second.name);
      }
  return topics;
}

} // namespace sallyport::command
