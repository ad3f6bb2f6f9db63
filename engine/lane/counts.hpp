#pragma once

#include "engine/operators/verdict.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sallyport::lane {

/// Where the records of a stage stand: state of the lane, committed and moved with it.
///
/// received + made = the sum of all terms: `received` is the door's, `made` counts the records that
/// operators emit beside those they were given, and the copies for a port with several readers.
struct stage_counts {
  std::array<std::int64_t, term_count> terms{};
  std::int64_t made = 0;
  std::map<std::string, std::uint64_t> discarded; ///< by reason
  std::map<std::string, std::uint64_t> dead;      ///< by cause
  std::uint64_t timers = 0;                       ///< that are set
  std::uint64_t queued = 0;                       ///< conversations behind one of their key
  std::uint64_t in_line = 0;                      ///< conversations that wait for room

  [[nodiscard]] std::int64_t& at(term t) { return terms[static_cast<std::size_t>(t)]; }
  [[nodiscard]] std::int64_t at(term t) const { return terms[static_cast<std::size_t>(t)]; }

  [[nodiscard]] std::int64_t sum() const {
    std::int64_t all = 0;
    for (auto n : terms)
      all += n;
    return all;
  }

  friend bool operator==(const stage_counts&, const stage_counts&) = default;

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static stage_counts decode(std::string_view row);
};

} // namespace sallyport::lane
