#pragma once

#include "engine/runtime/messages.hpp"

#include <caf/typed_actor.hpp>

/// The interfaces of all actors in one place.
namespace sallyport::runtime {

using stage_actor = caf::typed_actor<
  // Notes that the door has spoken for a round.
  caf::reacts_to<enter>,
  // Notes the events of one edge; takes every round that is complete.
  caf::reacts_to<deliver>,
  // Drops the rows of the sealed epoch: the store has them.
  caf::reacts_to<epoch_committed>>;

using committer_actor = caf::typed_actor<
  // Writes one epoch of a host; answers the host with a `commit_report`.
  caf::reacts_to<commit_order>>;

using host_actor = caf::typed_actor<
  // A stage has passed a round.
  caf::reacts_to<stage_report>,
  // A stage cannot go on.
  caf::reacts_to<stage_failed>,
  // The committer is done.
  caf::reacts_to<commit_report>,
  // A try of a call has ended.
  caf::reacts_to<call_report>,
  // Looks for work.
  caf::reacts_to<nudge>,
  // Works on what it was told.
  caf::reacts_to<go_on>,
  // Looks for what has fallen due.
  caf::reacts_to<wake>,
  // Ends in order.
  caf::reacts_to<drain>,
  // Lets a person's order in.
  caf::reacts_to<order>>;

} // namespace sallyport::runtime
