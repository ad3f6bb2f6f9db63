#pragma once

#include "engine/core/wall_time.hpp"
#include "topologies/prison_to_probation/message.hpp"

#include <cstddef>
#include <optional>
#include <vector>

/// Which messages of a booking are worked on, and when (§3, with the defaults of §10.9, §10.10 and
/// §10.14). Plain functions over the unprocessed messages of one booking.
namespace sallyport::prison_to_probation {

/// Whether `a` tells of a later change than `b`: the later eventDatetime, then the higher
/// movementSeq, then the later arrival, which also stands in for a missing eventDatetime (§10.14).
[[nodiscard]] bool newer(const message& a, const message& b);

/// §3 as the original has it, in compatibility.
struct original_batches {
  bool newest_by_arrival = false;     ///< §10.14: the later arrival is the newer one
  bool hold_back_from_oldest = false; ///< §10.10: the hold-back does not slide
  bool take_waiting = false;          ///< §10.9: a batch takes records along that wait for a retry
};

/// When the hold-back of the booking ends: each arrival starts it anew, but never beyond twice its
/// length after the oldest untried message (§10.10). Nothing when no message is held.
[[nodiscard]] std::optional<wall_time> hold_until(const std::vector<message>& unprocessed,
                                                  duration hold_back, original_batches as = {});

/// What becomes of the messages when the hold-back is over. Indexes into the list.
struct batch_plan {
  std::vector<std::size_t> work;       ///< one message a type at most, in the types' order
  std::vector<std::size_t> superseded; ///< a newer one of their type is held or waits
};

/// Of each type the newest message that is held or waits stays; the others are superseded. One that
/// waits for its retry goes on waiting (§10.9), also when a person has paused it. @pre no attempt
/// of the booking is under way
[[nodiscard]] batch_plan plan_batch(const std::vector<message>& unprocessed,
                                    original_batches as = {});

/// Whether the retries of `waiting` are held back, because a newer message of its type is held
/// (§10.9).
[[nodiscard]] bool is_held_back(const message& waiting, const std::vector<message>& unprocessed,
                                original_batches as = {});

} // namespace sallyport::prison_to_probation
