#pragma once

#include "engine/state/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lane {

/// The store (or the log) did not do what it must: the lane closes and opens again from its last
/// commit.
class engine_failure : public std::runtime_error {
public:
  explicit engine_failure(error why) : std::runtime_error(why.what), why_(std::move(why)) {}
  [[nodiscard]] const error& why() const noexcept { return why_; }

private:
  error why_;
};

/// The rows of one stage as its next input must see them: what the open epoch wrote, over what the
/// epoch that is being committed wrote, over what the store has.
///
/// Problem: a stage goes on while its last epoch is committed, and an epoch that fails must leave
/// no trace. Idea: writes stay in memory, in one map an epoch, until the commit takes them; a key's
/// updates within an epoch meet in one cell. The writes of one callback can be taken back.
///
/// Confined to its stage. Throws `engine_failure` when the store fails.
///
/// Invariants:
/// 1. At most one sealed epoch: `seal` is called only when the one before is committed.
/// 2. The store is never written from here.
class overlay {
public:
  struct cell {
    std::optional<std::string> value; ///< none: erased
    bool fresh = false;               ///< nothing is below: erasing it needs no tombstone
  };
  using cells = std::map<std::string, cell, std::less<>>;

  /// `prefix` stands before every key on its way to the store.
  overlay(const store& committed, std::string prefix)
    : store_(committed), prefix_(std::move(prefix)) {}

  [[nodiscard]] std::optional<std::string> get(std::string_view key) const;
  void put(std::string_view key, std::string value);
  /// @pre no row of that key exists
  void put_new(std::string_view key, std::string value);
  void erase(std::string_view key);

  /// Visits from <= key < to in order (an empty `to`: to the end of the stage's rows) until `visit`
  /// returns false. `visit` must not write.
  void scan(std::string_view from, std::string_view to, const row_visitor& visit) const;
  void scan_prefix(std::string_view prefix, const row_visitor& visit) const {
    scan(prefix, after_prefix(prefix), visit);
  }

  // -- one callback: all or nothing ------------------------------------------------

  void begin_callback() { undo_.clear(); }
  void undo_callback();

  // -- epochs ----------------------------------------------------------------------

  /// What one epoch wrote; shared with the commit, never changed again.
  using sealed_rows = std::shared_ptr<const cells>;

  /// Ends the open epoch. @pre the epoch sealed before is committed
  [[nodiscard]] sealed_rows seal();
  /// The sealed epoch is in the store now.
  void committed() { sealed_ = nullptr; }

  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }

private:
  void write(std::string_view key, cell what);

  struct undo_entry {
    std::string key;
    std::optional<cell> before;
  };

  const store& store_;
  std::string prefix_;
  cells open_;
  sealed_rows sealed_;
  std::vector<undo_entry> undo_;
};

} // namespace sallyport::lane
