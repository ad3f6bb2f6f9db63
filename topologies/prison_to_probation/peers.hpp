#pragma once

#include "engine/core/error.hpp"
#include "engine/operators/context.hpp"
#include "topologies/prison_to_probation/booking.hpp"
#include "topologies/prison_to_probation/delius.hpp"
#include "topologies/prison_to_probation/matching.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::prison_to_probation {

/// How a write to Delius was answered (§4.6).
struct write_answer {
  enum class kind : std::uint8_t {
    done,     ///< 200
    missed,   ///< 404
    conflict, ///< 409
    refused,  ///< another clear no
    unclear   ///< no answer, or one that does not tell whether it was done
  };
  kind what = kind::unclear;
  std::string body;
  bool earlier_unanswered = false; ///< an earlier try of the same call may have been done
  bool withheld = false;           ///< effects are off: nothing was sent
  error why;                       ///< of refused and unclear

  /// It may have been done although nobody said so (§10.4).
  [[nodiscard]] bool may_be_done() const noexcept {
    return what == kind::unclear || (what != kind::done && earlier_unanswered);
  }
};

/// The three peers, as a conversation about one booking asks them.
///
/// Problem: every rule of §4 begins with a call whose failures all mean the same. Idea: each read
/// gives what it read or an error, so that the rules show what they do with good answers only. The
/// engine has made its quick repeats by then (§10.13).
///
/// The hint of an error tells what may help: `never` when the peer has clearly said no (a 4xx other
/// than 401, 408 and 429), `backoff` otherwise.
///
/// Confined to the conversation.
class peers {
public:
  /// `one_try`: without the quick repeats, in compatibility (§10.13)
  peers(talk& with, std::int64_t booking_id, bool one_try = false)
    : with_(with), booking_id_(booking_id), one_try_(one_try) {}

  // -- prison-api (§1) ----------------------------------------------------------

  [[nodiscard]] result<booking> read_booking();
  [[nodiscard]] result<sentence_detail> read_sentence_detail();
  [[nodiscard]] result<std::vector<sentence_term>> read_sentence_terms();
  /// Nothing when there is no such movement.
  [[nodiscard]] result<std::optional<movement>> read_movement(std::int64_t seq);
  [[nodiscard]] result<std::vector<std::string>> read_merged_numbers();
  [[nodiscard]] result<prisoner> read_prisoner(std::string_view offender_no);

  // -- the search service and community-api (§4.2, §4.6) ----------------------------------

  [[nodiscard]] result<match_reply> match(const booking& of, const prisoner& known_as);
  [[nodiscard]] result<std::vector<conviction>> read_convictions(std::string_view crn);
  [[nodiscard]] write_answer write(call_request request, std::string_view what);

private:
  struct answered {
    int status = 0;
    std::string body;
  };
  [[nodiscard]] const call_reply& ask(std::string_view port, call_request request, bool read);
  [[nodiscard]] result<answered> read(std::string_view port, call_request request,
                                      std::string_view what, bool may_be_absent = false);

  talk& with_;
  std::int64_t booking_id_;
  bool one_try_;
};

} // namespace sallyport::prison_to_probation
