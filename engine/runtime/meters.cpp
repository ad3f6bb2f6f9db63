#include "engine/runtime/meters.hpp"

namespace sallyport::runtime {

namespace {

double seconds(duration d) { return static_cast<double>(d.count()) / 1000.0; }

/// A name that Prometheus takes.
std::string metric_name(std::string_view text) {
  std::string name{text};
  for (auto& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != ':')
      c = '_';
  return name;
}

/// The label of an operator's counter: `name=value`, or a value of `type`.
observe::labels label_of(const std::string& label) {
  auto equals = label.find('=');
  if (equals == std::string::npos)
    return {{"type", label}};
  return {{label.substr(0, equals), label.substr(equals + 1)}};
}

observe::counter& commit_failures(observe::metrics& in, const observe::labels& host) {
  return in.add_counter("sallyport_commit_failures_total", "Commits that the log did not take.",
                        host);
}

observe::counter& epochs_dropped(observe::metrics& in, const observe::labels& host) {
  return in.add_counter("sallyport_epochs_dropped_total",
                        "Times that open epochs were thrown away.", host);
}

observe::counter& lane_failures(observe::metrics& in, const observe::labels& lane) {
  return in.add_counter("sallyport_lane_failures_total",
                        "How often a lane was closed by a failure.", lane);
}

observe::counter& lanes_lost(observe::metrics& in, const observe::labels& lane) {
  return in.add_counter("sallyport_lanes_lost_total",
                        "How often a lane was another's before it was handed over.", lane);
}

} // namespace

meters::meters(observe::metrics& all, std::size_t host)
  : all_(all), host_({{"host", std::to_string(host)}}) {
  // A counter that is not there before its first event tells nothing of that event.
  (void) commit_failures(all_, host_);
  (void) epochs_dropped(all_, host_);
}

observe::labels meters::labels_of(const lane::lane_name& lane) {
  return {{"part", lane.part}, {"lane", std::to_string(lane.partition)}};
}

observe::gauge& meters::lane_gauge(const lane::lane_name& lane, const std::string& name,
                                   const std::string& help, const observe::labels& with) {
  auto& gauge = all_.add_gauge(name, help, with);
  of_lanes_[lane.text()].insert(&gauge);
  return gauge;
}

void meters::lane_gone(const lane::lane_name& lane) {
  for (auto* gauge : of_lanes_[lane.text()])
    gauge->set(0);
}

meters::stage_meters& meters::of(const lane::lane_name& lane, const topology::stage& stage) {
  auto [it, fresh] = stages_.try_emplace({lane.text(), stage.name});
  if (!fresh)
    return it->second;
  auto& m = it->second;
  auto labels = labels_of(lane);
  labels["stage"] = stage.name;
  labels["operator"] = stage.op->spec.name;
  m.in =
    &all_.add_counter("sallyport_stage_records_in_total", "Records that a stage took in.", labels);
  auto ports = stage.op->outputs;
  ports.emplace_back("rejected");
  for (const auto& port : ports) {
    auto with_port = labels;
    with_port["port"] = port;
    m.out.push_back(&all_.add_counter("sallyport_stage_records_out_total",
                                      "Records that left a stage by a port.", with_port));
  }
  m.failures = &all_.add_counter("sallyport_stage_failures_total",
                                 "Callbacks of an operator that threw.", labels);
  m.timers_fired = &all_.add_counter("sallyport_timers_fired_total", "Timers that fired.", labels);
  m.timers = &lane_gauge(lane, "sallyport_timers_set", "Durable timers that are set.", labels);
  m.calls_open = &lane_gauge(lane, "sallyport_calls_open", "Calls in the effect ledger.", labels);
  m.calls_in_flight =
    &lane_gauge(lane, "sallyport_calls_in_flight", "Calls of which a try is being made.", labels);
  m.calls_retrying =
    &lane_gauge(lane, "sallyport_calls_retrying", "Calls that wait for their next try.", labels);
  m.calls_held = &lane_gauge(lane, "sallyport_calls_held",
                             "Calls that an open circuit or a pause holds back.", labels);
  m.circuits_open =
    &lane_gauge(lane, "sallyport_circuits_open", "Peers to which no call goes now.", labels);
  m.conversations =
    &lane_gauge(lane, "sallyport_conversations_open", "Conversations under way.", labels);
  m.conversations_waiting = &lane_gauge(lane, "sallyport_conversations_waiting",
                                        "Conversations that wait for room or their key.", labels);
  // Histograms have many series: one a stage, over all lanes.
  observe::labels stage_only{{"part", lane.part}, {"stage", stage.name}};
  m.batch = &all_.add_histogram("sallyport_stage_batch_records", "Records in a batch of a stage.",
                                observe::metrics::size_bounds(), stage_only);
  m.busy =
    &all_.add_histogram("sallyport_stage_batch_seconds", "Time that a stage worked on a batch.",
                        observe::metrics::latency_bounds(), stage_only);
  m.lateness = &all_.add_histogram("sallyport_timer_lateness_seconds",
                                   "How late the latest timer of a batch fired.",
                                   observe::metrics::latency_bounds(), stage_only);
  return m;
}

void meters::passed(const lane::lane_name& lane, const topology::stage& stage,
                    const stage_figures& what) {
  auto& m = of(lane, stage);
  const auto& out = what.output;
  if (out.records_in > 0) {
    m.in->add(static_cast<double>(out.records_in));
    m.batch->observe(static_cast<double>(out.records_in));
    m.busy->observe(what.busy_seconds);
  }
  for (std::size_t port = 0; port < what.out.size(); ++port)
    if (what.out[port] > 0)
      m.out[port]->add(static_cast<double>(what.out[port]));
  if (out.failures > 0)
    m.failures->add(static_cast<double>(out.failures));
  if (out.timers_fired > 0) {
    m.timers_fired->add(static_cast<double>(out.timers_fired));
    m.lateness->observe(seconds(out.lateness_max));
  }
  if (!what.part)
    return;
  m.calls_open->set(static_cast<double>(what.calls.open));
  m.calls_in_flight->set(static_cast<double>(what.calls.in_flight));
  m.calls_retrying->set(static_cast<double>(what.calls.retrying));
  m.calls_held->set(static_cast<double>(what.calls.held));
  m.circuits_open->set(static_cast<double>(what.calls.circuits_open));
  m.conversations->set(static_cast<double>(what.conversations_open));
  for (const auto& [key, times] : what.call_outcomes)
    all_
      .add_counter("sallyport_calls_total", "Calls and further tries by how they ended.",
                   {{"peer", key.first}, {"outcome", key.second}})
      .add(static_cast<double>(times));
}

void meters::committed(const lane::lane_name& lane, const std::vector<lane::epoch_part>& parts,
                       const topology::part& part, std::int64_t received) {
  auto labels = labels_of(lane);
  std::array<std::int64_t, term_count> terms{};
  std::int64_t made = 0;
  for (const auto& p : parts) {
    made += p.counts.made;
    for (std::size_t t = 0; t < term_count; ++t)
      terms[t] += p.counts.terms[t];
    auto& m = of(lane, part.stages[p.stage]);
    m.timers->set(static_cast<double>(p.counts.timers));
    m.conversations_waiting->set(static_cast<double>(p.counts.queued + p.counts.in_line));
    auto tell = [&](const char* name, const char* help,
                    const std::map<std::string, std::uint64_t>& reasons) {
      for (const auto& [reason, count] : reasons) {
        auto with_reason = labels;
        with_reason["reason"] = reason;
        with_reason["stage"] = part.stages[p.stage].name;
        lane_gauge(lane, name, help, with_reason).set(static_cast<double>(count));
      }
    };
    tell("sallyport_discarded", "Records discarded so far, by reason.", p.counts.discarded);
    tell("sallyport_dead", "Records that became dead letters so far, by cause.", p.counts.dead);
  }
  std::int64_t difference = received + made;
  for (std::size_t t = 0; t < term_count; ++t) {
    auto with_term = labels;
    with_term["term"] = to_string(static_cast<term>(t));
    lane_gauge(lane, "sallyport_records", "Where the records stand that the lane's door let in.",
               with_term)
      .set(static_cast<double>(terms[t]));
    difference -= terms[t];
  }
  lane_gauge(lane, "sallyport_records_received", "Records that the lane's door let in so far.",
             labels)
    .set(static_cast<double>(received));
  lane_gauge(lane, "sallyport_records_made", "Records that operators made beside those received.",
             labels)
    .set(static_cast<double>(made));
  lane_gauge(lane, "sallyport_conservation_difference",
             "received + made - all terms: anything but 0 is a lost or doubled record.", labels)
    .set(static_cast<double>(difference));
}

void meters::epoch(double epoch_seconds, double commit_seconds) {
  all_
    .add_histogram("sallyport_epoch_seconds", "From an epoch's first input to its commit.",
                   observe::metrics::latency_bounds(), host_)
    .observe(epoch_seconds);
  all_
    .add_histogram("sallyport_commit_seconds", "Time that a commit took.",
                   observe::metrics::latency_bounds(), host_)
    .observe(commit_seconds);
}

void meters::counted(const lane::counters& by_operators) {
  for (const auto& [key, times] : by_operators)
    all_
      .add_counter(metric_name(key.first) + "_total", "Counted by an operator.",
                   label_of(key.second))
      .add(static_cast<double>(times));
}

void meters::observed(const std::vector<lane::observation>& by_operators) {
  static const std::vector<double> counts{1, 2, 3, 5, 7, 10, 15, 20, 30, 50};
  // From a second to a month: operators wait for people and for the clock on the wall.
  static const std::vector<double> seconds{1,      5,      15,      60,     300,   900,
                                           1800,   3600,   7200,    14400,  43200, 86400,
                                           259200, 604800, 1209600, 2592000};
  for (const auto& o : by_operators)
    all_
      .add_histogram(metric_name(o.histogram), "Observed by an operator.",
                     o.histogram.ends_with("_seconds") ? seconds : counts, label_of(o.label))
      .observe(o.value);
}

void meters::admitted(const lane::lane_name& lane, std::size_t records, double age_seconds) {
  all_
    .add_histogram("sallyport_door_batch_records", "Records that a door let in at once.",
                   observe::metrics::size_bounds(), {{"part", lane.part}})
    .observe(static_cast<double>(records));
  all_
    .add_histogram("sallyport_door_record_age_seconds",
                   "Age of the oldest record of a batch when the door let it in.",
                   observe::metrics::latency_bounds(), {{"part", lane.part}})
    .observe(age_seconds);
}

void meters::credit(const lane::lane_name& lane, std::size_t rounds_free) {
  all_
    .add_gauge("sallyport_credit_rounds", "Rounds that the lane may still take in.",
               labels_of(lane))
    .set(static_cast<double>(rounds_free));
}

void meters::lane_open(const lane::lane_name& lane, bool open) {
  all_
    .add_gauge("sallyport_lane_open", "1 while the lane works, 0 while it waits to be reopened.",
               labels_of(lane))
    .set(open ? 1 : 0);
  (void) lane_failures(all_, labels_of(lane));
  (void) lanes_lost(all_, labels_of(lane));
}

void meters::lane_failed(const lane::lane_name& lane) {
  lane_failures(all_, labels_of(lane)).add();
}

void meters::lane_lost(const lane::lane_name& lane) { lanes_lost(all_, labels_of(lane)).add(); }

void meters::commit_failed() { commit_failures(all_, host_).add(); }

void meters::rolled_back() { epochs_dropped(all_, host_).add(); }

} // namespace sallyport::runtime
