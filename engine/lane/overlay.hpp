#pragma once

#include "engine/state/store.hpp"

#include <bitset>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
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

/// What one epoch wrote of one row.
struct cell {
  std::optional<std::string> value; ///< none: erased
  bool fresh = false;               ///< nothing is below: erasing it needs no tombstone
};

/// The rows that the open epoch wrote.
///
/// Problem: nearly all reads and writes name one key, and a sorted map finds it among tens of
/// thousands with a dozen cache misses. Idea: a hash table, and an order beside it only for the
/// kinds of rows (the first character of a key) that somebody scans.
class open_cells {
public:
  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept {
      return std::hash<std::string_view>{}(key);
    }
  };
  using table = std::unordered_map<std::string, cell, hash, std::equal_to<>>;
  using row = table::value_type;
  using node = table::node_type;
  struct by_key {
    using is_transparent = void;
    bool operator()(const row* a, const row* b) const { return a->first < b->first; }
    bool operator()(const row* a, std::string_view b) const { return a->first < b; }
    bool operator()(std::string_view a, const row* b) const { return a < b->first; }
  };
  using order = std::set<const row*, by_key>;

  [[nodiscard]] row* find(std::string_view key);
  [[nodiscard]] const cell* find(std::string_view key) const;
  row& add(std::string_view key, cell what);
  /// Takes the row out; its address stays the same until the node is gone.
  node take(const row& which);
  void put_back(node taken);

  /// The rows of the kinds between the bounds, in order.
  [[nodiscard]] const order& ordered(std::string_view from, std::string_view to) const;

  /// Gives up all rows.
  [[nodiscard]] table take_all();

private:
  static std::size_t kind_of(std::string_view key) {
    return key.empty() ? 0 : static_cast<unsigned char>(key.front());
  }

  table rows_;
  mutable order order_;
  mutable std::bitset<256> in_order_;
};

/// The rows that an epoch wrote, in order; never changed again, and read from several threads.
class sealed_cells {
public:
  using row = open_cells::row;

  explicit sealed_cells(open_cells::table rows);

  [[nodiscard]] const cell* find(std::string_view key) const {
    auto at = rows_.find(key);
    return at == rows_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] const cell& at(const std::string& key) const { return rows_.at(key); }
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
  [[nodiscard]] const std::vector<const row*>& in_order() const noexcept { return order_; }

  /// Gives the rows in order.
  class iterator {
  public:
    explicit iterator(const row* const* at) : at_(at) {}
    const row& operator*() const { return **at_; }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const iterator&) const = default;

  private:
    const row* const* at_;
  };
  [[nodiscard]] iterator begin() const { return iterator{order_.data()}; }
  [[nodiscard]] iterator end() const { return iterator{order_.data() + order_.size()}; }

private:
  open_cells::table rows_;
  std::vector<const row*> order_;
};

/// The rows of one stage as its next input must see them: what the open epoch wrote, over what the
/// epoch that is being committed wrote, over what the store has.
///
/// Problem: a stage goes on while its last epoch is committed, and an epoch that fails must leave
/// no trace. Idea: writes stay in memory, in one table an epoch, until the commit takes them; a
/// key's updates within an epoch meet in one cell. The writes of one callback can be taken back.
///
/// Confined to its stage. Throws `engine_failure` when the store fails.
///
/// Invariants:
/// 1. At most one sealed epoch: `seal` is called only when the one before is committed.
/// 2. The store is never written from here.
class overlay {
public:
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
  using sealed_rows = std::shared_ptr<const sealed_cells>;

  /// Ends the open epoch. @pre the epoch sealed before is committed
  [[nodiscard]] sealed_rows seal();
  /// The sealed epoch is in the store now.
  void committed() { sealed_ = nullptr; }

  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }

private:
  void write(std::string_view key, cell what);

  struct undo_entry {
    open_cells::row* at = nullptr;
    std::optional<cell> before; ///< none: the row was added
    open_cells::node taken;     ///< the row was taken out
  };

  const store& store_;
  std::string prefix_;
  mutable std::string name_; ///< of the row that is read, kept for its memory
  open_cells open_;
  sealed_rows sealed_;
  std::vector<undo_entry> undo_;
};

} // namespace sallyport::lane
