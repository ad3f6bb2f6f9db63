#include "engine/lane/lane.hpp"

namespace sallyport::lane {

lane::lane(lane_name name, const topology::part& part, const store& committed,
           const topology::limits& limits, const topic_map& topics, bool keeps_places)
  : name_(std::move(name)), part_(part), wiring_(wiring::of(part)), door_(name_, part, committed) {
  for (std::size_t i = 0; i < part.stages.size(); ++i)
    stages_.push_back(std::make_unique<stage>(
      stage::environment{name_, part_, i, committed, limits, topics, keeps_places}));
}

void lane::open(std::int64_t position) {
  door_.open(position);
  for (auto& s : stages_)
    s->open();
}

lane::passage lane::run(std::vector<event> events, std::vector<signal> signals) {
  passage total;
  auto own_signals = by_stage(std::move(signals), stages_.size());
  std::vector<std::vector<std::vector<event>>> inputs(stages_.size());
  for (std::size_t s = 0; s < stages_.size(); ++s)
    inputs[s].resize(part_.stages[s].inputs.size());
  auto deliver = [&](const wiring::target& to, std::vector<event>&& what) {
    inputs[to.stage][to.input] = std::move(what);
  };
  hand_out(std::move(events), wiring_.source_readers, deliver);
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    auto out = stages_[s]->step(inputs[s], own_signals[s]);
    for (std::size_t port = 0; port < out.by_port.size(); ++port)
      hand_out(std::move(out.by_port[port]), wiring_.readers[s][port], deliver);
    total.reads.insert(total.reads.end(), std::make_move_iterator(out.reads.begin()),
                       std::make_move_iterator(out.reads.end()));
    if (out.next_due && (!total.next_due || *out.next_due < *total.next_due))
      total.next_due = out.next_due;
    total.failures += out.failures;
  }
  return total;
}

lane_epoch lane::seal() {
  lane_epoch e;
  e.lane = &name_;
  e.entry = door_.seal();
  for (auto& s : stages_)
    e.parts.push_back(s->seal());
  return e;
}

void lane::committed() {
  for (auto& s : stages_)
    s->committed();
}

std::int64_t lane::difference() const {
  auto difference = door_.received();
  for (const auto& s : stages_)
    difference += s->counts().made - s->counts().sum();
  return difference;
}

std::vector<std::vector<signal>> by_stage(std::vector<signal> all, std::size_t stages) {
  std::vector<std::vector<signal>> mine(stages);
  for (auto& s : all)
    if (const auto* a = std::get_if<answer>(&s.what))
      mine[a->stage].push_back(std::move(s));
    else if (const auto* c = std::get_if<command>(&s.what))
      mine[c->stage].push_back(std::move(s));
    else
      for (auto& each : mine)
        each.push_back(s);
  return mine;
}

std::string idempotency_key(const lane_name& lane, std::uint64_t generation, std::string_view stage,
                            call_id call) {
  return lane.application + "/" + std::to_string(generation) + "/" + lane.text() + "/" +
         std::string{stage} + "/" + std::to_string(call.number) + "/" +
         std::to_string(call.position);
}

} // namespace sallyport::lane
