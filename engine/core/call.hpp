#pragma once

#include "engine/core/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport {

/// What is asked of a peer. Shaped after HTTP, which every peer of ours speaks; a caller for
/// another protocol reads `method` and `path` as its own operation and address.
struct call_request {
  std::string method; ///< GET, PUT, POST, …
  std::string path;   ///< below the peer's base address, query included
  header_list headers;
  std::string body;

  friend bool operator==(const call_request&, const call_request&) = default;
};

/// How one try of a call ended. `status` 0: no answer, and it is not known whether the peer did it.
struct call_answer {
  int status = 0;
  header_list headers;
  std::string body;
  std::string error;       ///< why there is no answer; for people, without personal data
  bool never_sent = false; ///< no answer, and it is certain that the peer has not seen the call

  friend bool operator==(const call_answer&, const call_answer&) = default;
};

/// How tries follow each other. All of it is the engine's; a connector makes one try.
struct call_policy {
  std::uint32_t tries_max = 4;
  duration backoff_initial{500};
  duration backoff_max{5'000};
  double backoff_factor = 2.0;
  /// The part of each pause that is drawn by lot, 0 to 1: so that many calls do not come back at
  /// once.
  double jitter = 0.3;
  /// No further try starts later than this after the first one started.
  duration give_up_after{10'000};
  /// One try takes this long at most.
  duration timeout{10'000};

  friend bool operator==(const call_policy&, const call_policy&) = default;
};

/// A call as an operator asks for it.
struct call {
  std::string port; ///< the call port of the topology, bound to a caller by the config
  call_request request;
  std::string key; ///< calls of one key go out one at a time, in order; empty: no order
  bool read =
    false;         ///< has no effect to guard: may start before the commit and is simply made again
  std::string tag; ///< comes back with the reply, for the operator's own use
  call_policy policy;
};

enum class call_outcome : std::uint8_t {
  answered, ///< the peer has spoken: status, headers and body are its last answer
  unknown   ///< given up without a clear answer: the peer may or may not have done it
};

/// What the operator learns of a call, once.
struct call_reply {
  std::string port;
  std::string key;
  std::string tag;
  call_outcome outcome = call_outcome::unknown;
  call_answer answer; ///< the last one; for `unknown` it may be a 5xx, or status 0
  std::uint32_t tries = 1;
  bool earlier_unanswered = false; ///< an earlier try of this call had no clear answer

  [[nodiscard]] bool ok() const noexcept {
    return outcome == call_outcome::answered && answer.status >= 200 && answer.status < 300;
  }
};

} // namespace sallyport
