#pragma once

#include "engine/log/log.hpp"

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace sallyport {

/// How a host asks for lanes.
struct membership_options {
  std::string application;
  std::size_t host = 0; ///< of `hosts` in this process
  std::size_t hosts = 1;
  std::vector<lane_place> lanes; ///< all of the application, in a stable order
  duration journal_retention{0};
  /// Is called, on any thread, when there are changes or records: it must only leave a note.
  std::function<void()> on_news;
};

/// The lane is this host's: its rows are in the store, its records are read from `position`.
struct lane_given {
  lane_place lane;
  std::int64_t position = 0;
  /// Another process may still wait for the answers of the lane's open calls: they are not repeated
  /// before this has passed.
  bool calls_in_doubt = false;
};

/// The lane shall go to another: the host ends its epoch with the mark `handed_over`, closes the
/// lane and calls `release`.
struct lane_wanted {
  lane_place lane;
};

/// The lane is another's already: nothing of its open epochs may be written. The host closes it and
/// calls `release`.
struct lane_lost {
  lane_place lane;
};

/// The lane is this host's, but its state cannot be had, so it stands still; the log of the process
/// says why. It is tried again; `lane_given` ends it, or `over`: the lane is another's.
struct lane_refused {
  lane_place lane;
  bool over = false;
};

/// The host cannot go on: a second process has its name, or the log refuses it for good.
struct membership_over {
  error why;
};

using lane_change = std::variant<lane_given, lane_wanted, lane_lost, lane_refused, membership_over>;

/// One host's part in the lanes of its application: which lanes are its own, their records, and the
/// commit of them all.
///
/// Problem: lanes move between processes that may be dead, slow or stopped, and no two may ever
/// write for one lane. Idea: only the log says whose a lane is. It gives a lane when its state
/// stands in the store, asks for it back, or tells that it is lost; and a commit holds only if the
/// host still owns all lanes that are in it.
///
/// Thread safety: `commit` from one thread; all others from another one, or the same.
///
/// Invariants:
/// 1. A lane is given to one host at a time in a process, and again only after `release`.
/// 2. A commit that returns without error is on the log and its rows are in the store. After one
/// that failed nothing is said of it: `again` finds out.
class membership {
public:
  virtual ~membership() = default;

  /// What has changed since the last call, in order.
  [[nodiscard]] virtual std::vector<lane_change> changes() = 0;

  /// The lane is closed here and no commit of it is under way.
  virtual void release(const lane_place& lane) = 0;

  /// After a failed commit: the lane is closed; it is given anew when the store has all that the
  /// log says of it.
  virtual void again(const lane_place& lane) = 0;

  /// Records of a lane that is given, from `from` on; empty when none is there now. Never waits.
  /// `out_of_range`: the log has lost them.
  [[nodiscard]] virtual result<std::vector<log_record>>
  read(const lane_place& lane, std::int64_t from, const read_limits& limits) = 0;

  /// Waits until it is done. What is committed may be taken apart meanwhile.
  [[nodiscard]] virtual status commit(const std::shared_ptr<log_commit>& what) = 0;

  /// How long calls may be started still, without a further commit: the log has confirmed so that
  /// nobody else has the lanes meanwhile.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point calls_until() const = 0;

  /// A stop cannot wait any longer: a commit that waits for the log fails now.
  virtual void hurry() {}

  /// Gives all lanes away; `lane_wanted` follows for each.
  virtual void leave() = 0;
};

} // namespace sallyport
