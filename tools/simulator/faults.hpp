#pragma once

// Problem: a run with faults must be comparable with the next one, though requests come in another
// order and some are repeated after a crash.
// Idea: what happens to a request is drawn from (seed, the request itself, how often it was made);
// neither time, nor order, nor an idempotency key plays a part. A peer that is switched off draws
// nothing, so an outage does not shift the draws after it.
//
// Thread safety: confined to the server's thread.

#include "engine/core/error.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sallyport::simulator {

enum class peer : std::uint8_t { prison_api, community_api, offender_search, oauth, none };
inline constexpr std::size_t peer_count = 4;

[[nodiscard]] const char* to_string(peer value);
/// Nothing for a name that is none of the four.
[[nodiscard]] std::optional<peer> parse_peer(std::string_view name);

struct latency {
  std::chrono::microseconds middle{0};
  std::chrono::microseconds spread{0};
};

/// `20ms`, `20ms±5`, `20ms±5ms`, `20ms+-5`; units us, ms, s. The spread takes the unit of the
/// middle when it has none.
[[nodiscard]] result<latency> parse_latency(std::string_view text);

/// `1%` or `0.01`
[[nodiscard]] result<double> parse_share(std::string_view text);

/// A peer that does not work.
struct outage {
  enum class form : std::uint8_t { status, hang, close };
  form how = form::status;
  int status = 503;
  std::optional<std::uint64_t> left;       ///< so many requests, then it is over
  std::string path;                        ///< only requests whose path holds this
  std::optional<std::int64_t> retry_after; ///< seconds, sent as a header
};

struct peer_faults {
  latency late;
  double errors = 0; ///< share answered 5xx, undone
  double drops = 0;  ///< share done and then not answered, or answered 503
  std::optional<outage> down;
};

/// What is to happen to one request.
struct fate {
  std::chrono::microseconds delay{0};
  std::uint32_t attempt = 0; ///< 1 for the first; 0 when nothing was drawn
  std::optional<outage> down;
  int error = 0;                  ///< answer this without doing anything
  bool close_after = false;       ///< do it, then close the connection
  bool unavailable_after = false; ///< do it, then answer 503
};

class faults {
public:
  explicit faults(std::uint64_t seed) : seed_(seed) {}

  [[nodiscard]] peer_faults& of(peer which) { return peers_[static_cast<std::size_t>(which)]; }

  /// @pre which != peer::none
  [[nodiscard]] fate draw(peer which, std::string_view method, std::string_view target,
                          std::string_view body, bool writes);

  /// Applies `{"peer":…,"status":…,"latency":…,"errors":…,"drop":…}`, all of it or nothing.
  [[nodiscard]] status apply(const nlohmann::json& change);
  [[nodiscard]] nlohmann::ordered_json shown() const;

  void forget_attempts() { attempts_.clear(); }

private:
  std::uint64_t seed_;
  std::array<peer_faults, peer_count> peers_;
  std::unordered_map<std::uint64_t, std::uint32_t> attempts_;
};

} // namespace sallyport::simulator
