#pragma once

#include "engine/core/error.hpp"
#include "topologies/prison_to_probation/event.hpp"
#include "topologies/prison_to_probation/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// One attempt to bring an event to Delius: what goes into it and what comes out. Both cross the
/// conversation as text, so both have a row form with a version.
namespace sallyport::prison_to_probation {

/// A write to Delius that is not settled for good, or must not be made again (§10.4, §10.5). It is
/// kept by booking and event type, so that a record that supersedes another knows of it.
struct progress {
  /// The NOMS number was sent to Delius and no clear answer came.
  struct unanswered_noms_number {
    std::string crn;
    std::string noms_number;
    std::string booking_number;
    friend bool operator==(const unanswered_noms_number&, const unanswered_noms_number&) = default;
  };
  std::optional<unanswered_noms_number> noms_number;

  /// What Delius said of a merged number that was sent to it.
  enum class replace_answer : std::uint8_t {
    none,     ///< nothing clear: it may have been done
    replaced, ///< done
    nobody,   ///< done, for a list of nobody
    missed    ///< nobody holds the old number, or somebody the new one
  };
  struct replace {
    std::string old_number;
    std::string new_number;
    replace_answer answer = replace_answer::none;
    friend bool operator==(const replace&, const replace&) = default;
  };
  std::vector<replace> replaces;

  [[nodiscard]] const replace* find(std::string_view old_number, std::string_view new_number) const;
  void set(std::string_view old_number, std::string_view new_number, replace_answer answer);

  [[nodiscard]] bool empty() const noexcept { return !noms_number && replaces.empty(); }

  /// A new record begins: values that were missed are sent again for it. @returns whether there
  /// were any
  bool forget_missed();
  /// The record is done: what was answered is over, what was not is remembered still.
  void forget_answered();

  friend bool operator==(const progress&, const progress&) = default;
};
[[nodiscard]] std::string encode(const progress& p);
[[nodiscard]] result<progress> decode_progress(std::string_view bytes);

/// What an attempt is told.
struct attempt_input {
  std::string message_id; ///< of the message record
  event what;
  progress remembered;
  bool is_retry = false; ///< a tick of its band or a person asked for it, not a batch
};
[[nodiscard]] std::string encode(const attempt_input& input);
[[nodiscard]] result<attempt_input> decode_attempt_input(std::string_view bytes);

/// How an attempt ended when it did not end in an exception (§4).
struct attempt_result {
  bool done = false; ///< or it is tried again in its band
  message_status status = message_status::error;
  /// Supplied by the outcomes that the tables name, and then it replaces what was there; an empty
  /// list clears it.
  std::optional<std::vector<std::string>> crns;
  std::optional<sys_days> retry_until;

  static attempt_result ended(message_status status) { return {true, status, {}, {}}; }
  static attempt_result try_later(message_status status, std::vector<std::string> crns,
                                  std::optional<sys_days> retry_until = {}) {
    return {false, status, std::move(crns), retry_until};
  }
};

/// All that the attempt leaves behind.
struct attempt_report {
  attempt_result end;    ///< of an exception: try later, with ERROR
  std::string exception; ///< what went wrong; empty: it was none
  progress remembered;
  std::optional<booking_snapshot> refreshed; ///< the attempt passed its checks (§10.11)
  bool wrote = false;                        ///< Delius took a write
};
[[nodiscard]] std::string encode(const attempt_report& report);
[[nodiscard]] result<attempt_report> decode_attempt_report(std::string_view bytes);

} // namespace sallyport::prison_to_probation
