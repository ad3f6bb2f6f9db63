#pragma once

#include "engine/state/store.hpp"

#include <array>
#include <map>
#include <mutex>
#include <utility>

namespace sallyport {

/// A store in memory: for the driver of tests and for replay.
///
/// Idea: one ordered map a family.
///
/// Thread safety: all functions may be called from any thread. One recursive mutex guards all, so
/// that a visitor may read the store it is visiting.
///
/// Invariants:
/// 1. A batch is seen whole or not at all, by scans too: a scan holds the lock until it ends.
class memory_store final : public store {
public:
  [[nodiscard]] result<std::optional<std::string>> get(family where,
                                                       std::string_view key) const override;
  [[nodiscard]] status scan(family where, std::string_view from, std::string_view to,
                            const row_visitor& visit) const override;
  /// A copy of all rows: this is a store of tests.
  [[nodiscard]] std::unique_ptr<row_reader> snapshot() const override;
  [[nodiscard]] status write(const store_batch& batch, bool sync) override;
  [[nodiscard]] std::uint64_t size_bytes() const override;

  /// All rows of a family, in order.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> dump(family where) const;

private:
  using row_map = std::map<std::string, std::string, std::less<>>;

  [[nodiscard]] const row_map& rows(family where) const;
  [[nodiscard]] row_map& rows(family where);

  mutable std::recursive_mutex guard_;
  std::array<row_map, family_count> families_;
};

} // namespace sallyport
