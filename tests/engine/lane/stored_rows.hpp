#pragma once

#include "engine/lane/overlay.hpp"
#include "engine/state/memory_store.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::lane {

/// The rows of a stage over a store in memory, with the commits that a log would make.
struct stored_rows {
  memory_store store;
  std::string prefix = "part/0/stage/";

  [[nodiscard]] overlay fresh() const { return overlay{store, prefix}; }

  void write(const overlay::sealed_rows& sealed) {
    store_batch batch;
    for (const auto& [key, cell] : *sealed)
      batch.changes.push_back({family::state, prefix + key, cell.value});
    ASSERT_TRUE(store.write(batch, false).has_value());
  }

  /// Ends an epoch whole.
  void commit(overlay& rows) {
    write(rows.seal());
    rows.committed();
  }

  void wipe() {
    store_batch batch;
    for (const auto& [key, value] : store.dump(family::state))
      batch.erase(family::state, key);
    ASSERT_TRUE(store.write(batch, false).has_value());
  }

  /// The stage's rows of a kind.
  [[nodiscard]] std::size_t count(char kind) const {
    std::size_t n = 0;
    for (const auto& [key, value] : store.dump(family::state))
      n += key.starts_with(prefix + kind) ? 1U : 0U;
    return n;
  }
};

} // namespace sallyport::lane
