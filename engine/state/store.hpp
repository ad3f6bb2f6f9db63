#pragma once

#include "engine/core/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// The parts of a store that live apart, because they are written and read differently.
enum class family : std::uint8_t {
  state,   ///< stores, timers, calls, conversations and counts of the lanes
  journal, ///< what the doors let in, written once and read on replay
  meta     ///< who owns the folder: application, formats, generation
};

inline constexpr std::size_t family_count = 3;

/// One row to write; no value erases the row.
struct store_change {
  family where = family::state;
  std::string key;
  std::optional<std::string> value;

  friend bool operator==(const store_change&, const store_change&) = default;
};

/// Rows that become visible together. A later change of the same key wins.
struct store_batch {
  std::vector<store_change> changes;
  /// Whole ranges [from, to) of `family::journal` to drop before the changes: retention of the
  /// journal.
  struct range {
    family where = family::journal;
    std::string from;
    std::string to;
  };
  std::vector<range> drops;

  void put(family where, std::string key, std::string value) {
    changes.push_back({where, std::move(key), std::move(value)});
  }
  void erase(family where, std::string key) {
    changes.push_back({where, std::move(key), std::nullopt});
  }
  [[nodiscard]] bool empty() const noexcept { return changes.empty() && drops.empty(); }
};

/// Sees the rows of a scan in the order of their keys; returns false to end it. The views hold
/// during the call only.
using row_visitor = std::function<bool(std::string_view key, std::string_view value)>;

/// Reads rows. Of a store: as they are now, each call by itself. Of a snapshot: as they were at one
/// moment.
///
/// Thread safety: all functions may be called from any thread.
class row_reader {
public:
  virtual ~row_reader() = default;

  [[nodiscard]] virtual result<std::optional<std::string>> get(family where,
                                                               std::string_view key) const = 0;

  /// Visits the rows with from <= key < to in order; an empty `to` means to the end.
  [[nodiscard]] virtual status scan(family where, std::string_view from, std::string_view to,
                                    const row_visitor& visit) const = 0;
};

/// Ordered rows by byte strings: one per instance, the memory of all its lanes.
///
/// Who writes: only a commit (`log::commit`), so that rows and log never disagree; `write` is for
/// tools and tests.
///
/// Thread safety: all functions may be called from any thread.
///
/// Invariants:
/// 1. A batch is seen whole or not at all, also after a crash.
/// 2. What a `write` or commit has acknowledged survives `kill -9` and, where it was asked to sync,
/// a power cut.
/// 3. All reads of a snapshot see the same batches, whole, whatever is written meanwhile.
class store : public row_reader {
public:
  /// The rows as they are now, for reads that must agree with each other while the engine runs.
  /// What it sees cannot be cleaned up, so hold it for one answer and no longer than the store.
  [[nodiscard]] virtual std::unique_ptr<row_reader> snapshot() const = 0;

  [[nodiscard]] virtual status write(const store_batch& batch, bool sync) = 0;

  /// Bytes on disk (or in memory), for the metrics.
  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
};

/// The least key that is greater than all keys with the prefix; empty if there is none.
[[nodiscard]] inline std::string after_prefix(std::string_view prefix) {
  std::string end{prefix};
  while (!end.empty()) {
    if (static_cast<unsigned char>(end.back()) != 0xffU) {
      end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1U);
      return end;
    }
    end.pop_back();
  }
  return end;
}

} // namespace sallyport
