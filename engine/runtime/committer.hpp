#pragma once

#include "engine/log/membership.hpp"
#include "engine/runtime/actors.hpp"

#include <caf/stateful_actor.hpp>

namespace sallyport::runtime {

/// Writes a host's epochs, one at a time, on a thread of its own: a commit waits for the disk.
struct committer_state {
  static inline const char* name = "committer";

  explicit committer_state(committer_actor::pointer self) : self(self) {}

  committer_actor::behavior_type make_behavior();
  commit_report write(const commit_order& what);

  committer_actor::pointer self;
  membership* to = nullptr;
  host_actor host;
};

/// `to` outlives the actor.
committer_actor::behavior_type committer(committer_actor::stateful_pointer<committer_state> self,
                                         membership* to, host_actor host);

} // namespace sallyport::runtime
