#pragma once

#include "engine/config/spec.hpp"
#include "engine/core/error.hpp"

#include <string_view>

namespace sallyport::prison_to_probation {

/// The flaws of the original (§10) that the setting `compatibility` can bring back, so that both
/// can be compared event by event. None is there by default.
///
/// Idea: one flag for each, named for what the original did. The rule that differs asks its flag at
/// the place where it differs. Left out are those that nobody can see from outside (a lock, table
/// scans), and those that would let in strangers or lose what is committed; the README of the
/// topology has the whole list.
struct flaws {
  /// §10.3: at deleteBy a record is gone, without an event, a counter or a dead letter.
  bool give_up_silently = false;
  /// §10.3, §7: of status changes every end is a success, and a failure is counted on its last day.
  bool original_counters = false;
  /// §10.4: a write without a clear answer is not remembered, and its domain event is never sent.
  bool forget_unanswered = false;
  /// §10.5: each attempt sends every merged number, and a 409 is told as not found.
  bool merge_conflict_not_found = false;
  /// §10.6: a 409 on book number, location or key dates is an exception.
  bool conflict_is_exception = false;
  /// §10.6: a change at a prison that takes no part stays NOT_VALID and is tried again for a month.
  bool retry_not_valid = false;
  /// §10.7: a status change of an inactive booking is COMPLETED.
  bool inactive_is_completed = false;
  /// §10.7: a movement, date or number change that Delius missed is COMPLETED.
  bool missed_is_completed = false;
  /// §10.8: a match by NOMS number takes the alphabetically first CRN, whatever its sentences.
  bool noms_match_skips_sentence = false;
  /// §10.9: a newer event holds no retry back, and a batch takes waiting records along.
  bool retries_join_batches = false;
  /// §10.10: the hold-back runs from the oldest untried record.
  bool hold_back_from_oldest = false;
  /// §10.11: a rejected event leaves nothing on telemetry.
  bool rejects_lost = false;
  /// §10.11: an event that passes its checks has its booking read again for the snapshot.
  bool booking_read_again = false;
  /// §10.11: the snapshot of the booking is never refreshed.
  bool snapshot_kept = false;
  /// §10.12: retryUntil takes the place of deleteBy, but only when a retry names it.
  bool retry_until_replaces = false;
  /// §10.12: deleteBy is the clock on London's wall, taken for UTC.
  bool delete_by_wall_clock = false;
  /// §10.12: a missing bookingId or movementSeq is 0.
  bool missing_is_zero = false;
  /// §10.13: whatever fails in a validation is received three times within a second, and then dead.
  bool three_receives = false;
  /// §10.13: each request is made once, also one whose token was refused.
  bool one_try = false;
  /// §10.14: a message that comes again is another event.
  bool repeats_pass = false;
  /// §10.14: the newest event is the one that arrived last.
  bool newest_by_arrival = false;

  friend bool operator==(const flaws&, const flaws&) = default;
};

/// What `compatibility` says: nothing, `original` for all of them, or names, comma-separated. An
/// error names a word that is none.
[[nodiscard]] result<flaws> parse_flaws(std::string_view words);

/// The field `compatibility` of the operators.
[[nodiscard]] config::field compatibility_field();
/// @pre the params have that field
[[nodiscard]] flaws flaws_of(const config::params& with);

} // namespace sallyport::prison_to_probation
