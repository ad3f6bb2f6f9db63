#pragma once

#include "engine/log/log.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace sallyport {

/// Offsets of a partition, as ranges.
class offset_set {
public:
  [[nodiscard]] bool contains(std::int64_t offset) const;
  void add(std::int64_t begin, std::int64_t end);
  /// The first offset from `from` on that is not in it.
  [[nodiscard]] std::int64_t first_missing(std::int64_t from) const;
  /// Takes out all below.
  void forget_below(std::int64_t offset);
  /// Each begin with its end.
  [[nodiscard]] const std::map<std::int64_t, std::int64_t>& ranges() const noexcept {
    return ranges_;
  }

private:
  std::map<std::int64_t, std::int64_t> ranges_;
};

/// Which dead letters were handled beyond the position of their partition.
///
/// Problem: letters are sent back by key or cause, so what was handled is no prefix of the
/// partition, which is all that a position can say. Idea: each commit that handles letters appends
/// a note to a topic of its own, with all offsets beyond the positions; the last note counts. It
/// says who did what and why, so the topic is the record of it too.
///
/// Confined to one thread at a time.
///
/// Invariants:
/// 1. There are at most `ranges_max` ranges, so that a note stays small.
class handled_letters {
public:
  static constexpr std::size_t ranges_max = 50'000;
  /// Old notes are dropped; the last one stays, as it is smaller.
  static constexpr std::uint64_t retention_bytes = 64U << 20U;

  [[nodiscard]] static std::string topic_of(const std::string& application) {
    return application + ".dead-letters-handled";
  }

  /// Reads the last note; none without the topic.
  [[nodiscard]] static result<handled_letters> read(const log& from, const std::string& topic);

  [[nodiscard]] offset_set& in(const partition_id& of) { return sets_[of]; }
  [[nodiscard]] std::size_t ranges() const;
  /// As it stands in a note: `{"dead/0":[[3,4],[7,9]]}`.
  [[nodiscard]] std::string text() const;

private:
  std::map<partition_id, offset_set> sets_;
};

} // namespace sallyport
