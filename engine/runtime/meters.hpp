#pragma once

#include "engine/lane/lane.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/runtime/messages.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sallyport::runtime {

/// What a host tells of its lanes. Observed per batch and per commit, never per record.
///
/// Confined to its host; the metrics behind it are thread-safe.
class meters {
public:
  meters(observe::metrics& all, std::size_t host);

  /// A stage has passed a round; `peer` names are the topology's call ports.
  void passed(const lane::lane_name& lane, const topology::stage& stage, const stage_figures& what);

  /// The counts of a lane after a commit.
  void committed(const lane::lane_name& lane, const std::vector<lane::epoch_part>& parts,
                 const topology::part& part, std::int64_t received);

  void epoch(double seconds, double commit_seconds);
  void counted(const lane::counters& by_operators);
  void observed(const std::vector<lane::observation>& by_operators);
  void admitted(const lane::lane_name& lane, std::size_t records, double age_seconds);
  void credit(const lane::lane_name& lane, std::size_t rounds_free);
  void lane_open(const lane::lane_name& lane, bool open);
  void lane_failed(const lane::lane_name& lane);
  void lane_lost(const lane::lane_name& lane);
  /// The lane is another's: what was told of its records is told there from now on, and 0 here, so
  /// that a sum over all instances counts each record once.
  void lane_gone(const lane::lane_name& lane);
  void rolled_back();
  void commit_failed();

private:
  struct stage_meters {
    observe::counter* in = nullptr;
    std::vector<observe::counter*> out;
    observe::histogram* batch = nullptr;
    observe::histogram* busy = nullptr;
    observe::counter* failures = nullptr;
    observe::counter* timers_fired = nullptr;
    observe::histogram* lateness = nullptr;
    observe::gauge* timers = nullptr;
    observe::gauge* calls_open = nullptr;
    observe::gauge* calls_in_flight = nullptr;
    observe::gauge* calls_retrying = nullptr;
    observe::gauge* calls_held = nullptr;
    observe::gauge* circuits_open = nullptr;
    observe::gauge* conversations = nullptr;
    observe::gauge* conversations_waiting = nullptr;
  };

  stage_meters& of(const lane::lane_name& lane, const topology::stage& stage);
  /// A gauge that tells of a lane's state.
  observe::gauge& lane_gauge(const lane::lane_name& lane, const std::string& name,
                             const std::string& help, const observe::labels& with);
  static observe::labels labels_of(const lane::lane_name& lane);

  observe::metrics& all_;
  observe::labels host_;
  std::map<std::pair<std::string, std::string>, stage_meters> stages_;
  std::map<std::string, std::set<observe::gauge*>> of_lanes_; ///< by the lane's text
};

} // namespace sallyport::runtime
