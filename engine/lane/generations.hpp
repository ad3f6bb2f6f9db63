#pragma once

#include "engine/state/store.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::lane {

/// Of which generation the idempotency key of a call is.
///
/// Problem: after a backup was restored, doors give numbers again that they gave before, to other
/// inputs, and a peer that honours keys would answer the call of one with its answer to the other.
/// But a call that was open in the backup must keep its key, as it may have been made. Idea: a
/// restore asks for a new generation, and it begins, lane by lane, at the number that the door
/// would give next.
///
/// Thread safety: a value; it does not change after `open`.
///
/// Invariants:
/// 1. A call has the same generation for ever.
/// 2. Two restores of one backup have different ones.
class generations {
public:
  /// Without a restore there is but the first.
  static constexpr std::uint64_t first = 1;

  generations() = default;

  /// Reads them, and begins the one that a restore asked for. @pre no lane is open
  [[nodiscard]] static result<generations> open(store& in);

  /// @param number that the door gave to the input by which the call was made
  [[nodiscard]] std::uint64_t of(const std::string& part, std::uint32_t partition,
                                 std::uint64_t number) const;

private:
  using lane = std::pair<std::string, std::uint32_t>;

  struct generation {
    std::uint64_t number = 0;
    std::map<lane, std::uint64_t> begins; ///< lanes that were there; others begin with it
  };

  [[nodiscard]] std::string text() const;
  [[nodiscard]] static result<generations> parse(std::string_view text);

  std::vector<generation> all_; ///< without the first, from old to new
};

} // namespace sallyport::lane
