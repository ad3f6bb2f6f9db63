#include "engine/topology/limits.hpp"

#include "engine/time/duration.hpp"

#include <array>
#include <string>
#include <utility>
#include <variant>

namespace sallyport::topology {

namespace {

using config::field;

struct row {
  std::string_view name;
  std::variant<std::size_t limits::*, duration limits::*> member;
  std::int64_t least;
  std::string_view doc;
};

/// A count, unless the name says bytes.
constexpr std::array<row, 20> rows{{
  {"batch_records_max", &limits::batch_records_max, 1, "Records that a lane takes in at once."},
  {"batch_bytes_max", &limits::batch_bytes_max, 1, "Bytes that a lane takes in at once."},
  {"credit_rounds_max", &limits::credit_rounds_max, 1,
   "Rounds of a lane that are between its door and its last stage."},
  {"epoch_records_max", &limits::epoch_records_max, 1, "Records that an epoch takes in."},
  {"epoch_bytes_max", &limits::epoch_bytes_max, 1, "Bytes that an epoch takes in."},
  {"commit_interval", &limits::commit_interval, 1,
   "An epoch with anything in it ends after this, at the latest."},
  {"commit_linger", &limits::commit_linger, 0,
   "It ends after this already when only records wait for it."},
  {"timers_per_tick_max", &limits::timers_per_tick_max, 1,
   "Timers of a stage that fire under one input."},
  {"conversations_open_max", &limits::conversations_open_max, 1,
   "Conversations of a stage in a lane that are open; more wait in the store."},
  {"calls_in_flight_max", &limits::calls_in_flight_max, 1,
   "Calls of a stage in a lane that are under way; more wait in the ledger."},
  {"record_bytes_max", &limits::record_bytes_max, 1, "A bigger output is rejected."},
  {"stop_within", &limits::stop_within, 0, "What calls under way get at a stop."},
  {"lane_restart_initial", &limits::lane_restart_initial, 1,
   "The first pause before a failed lane is opened again."},
  {"lane_restart_max", &limits::lane_restart_max, 1, "The longest such pause."},
  {"journal_retention", &limits::journal_retention, 1, "The journal is kept for so long."},
  {"circuit_failing_keys", &limits::circuit_failing_keys, 1,
   "Keys whose calls fail in a row before a circuit opens."},
  {"circuit_open_for", &limits::circuit_open_for, 1,
   "How long a circuit stays open until one call is let through again."},
  {"hand_over_within", &limits::hand_over_within, 0,
   "What calls under way get when their lane goes to another instance."},
  {"call_in_doubt", &limits::call_in_doubt, 0,
   "How long the calls that a lost owner left open wait before they are repeated."},
  {"hosts", &limits::hosts, 0, "Groups of lanes that commit together; 0 means one per core."},
}};

bool is_size(const row& r) { return r.name.find("_bytes_") != std::string_view::npos; }

field field_of(const row& r) {
  const limits defaults;
  std::string name{r.name};
  if (const auto* time = std::get_if<duration limits::*>(&r.member))
    return field::duration(name).by_default(format_duration(defaults.*(*time)));
  const auto value = defaults.*std::get<std::size_t limits::*>(r.member);
  return is_size(r) ? field::size(name).by_default(format_size(value))
                    : field::number(name).by_default(std::to_string(value));
}

} // namespace

const config::spec& limits_spec() {
  static const auto made = [] {
    auto s = config::spec{"limits"}.summary("Every bound of the engine.");
    for (const auto& r : rows)
      s.fields.push_back(field_of(r).doc(std::string{r.doc}).min(r.least));
    return s;
  }();
  return made;
}

limits read_limits(const config::params& from, config::findings& out) {
  limits made;
  for (const auto& r : rows) {
    if (const auto* time = std::get_if<duration limits::*>(&r.member))
      made.*(*time) = from.duration(r.name);
    else
      made.*std::get<std::size_t limits::*>(r.member) =
        is_size(r) ? static_cast<std::size_t>(from.size(r.name))
                   : static_cast<std::size_t>(from.number(r.name));
  }
  // A value below its least was told already.
  if (made.commit_interval.count() > 0 && made.commit_linger > made.commit_interval)
    out.push_back({from.where("commit_linger"), "commit_linger is longer than commit_interval",
                   "an epoch would never wait for it"});
  if (made.lane_restart_max.count() > 0 && made.lane_restart_initial > made.lane_restart_max)
    out.push_back({from.where("lane_restart_initial"),
                   "lane_restart_initial is longer than lane_restart_max", "write a shorter one"});
  return made;
}

std::vector<std::pair<std::string_view, double>> limit_values(const limits& of) {
  std::vector<std::pair<std::string_view, double>> all;
  for (const auto& r : rows) {
    if (const auto* time = std::get_if<duration limits::*>(&r.member))
      all.emplace_back(r.name, static_cast<double>((of.*(*time)).count()) / 1'000.0);
    else
      all.emplace_back(r.name, static_cast<double>(of.*std::get<std::size_t limits::*>(r.member)));
  }
  return all;
}

} // namespace sallyport::topology
