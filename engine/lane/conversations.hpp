#pragma once

#include "engine/core/call.hpp"
#include "engine/lane/input.hpp"
#include "engine/lane/overlay.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lane {

/// A conversation that is under way: its function is run again, with these replies, whenever one
/// more is there.
struct conversation {
  struct step {
    call_reply reply;
    wall_time now{};
    std::uint32_t asked =
      0; ///< hash of the request, to notice a function that asks otherwise when run again
  };

  std::string key;
  std::string subject;
  wall_time started{};
  std::uint64_t effects = 0; ///< emits, publishes and counts that were made already
  std::vector<step> steps;
};

/// Which conversations of a stage are under way, and which wait.
///
/// Problem: while a booking's sync waits for Delius, perhaps for days, its next records must wait
/// behind it, and a hundred thousand waiting bookings must not fill the memory. Idea: at most
/// `open_max` conversations are in memory; a key that may not open yet stands in a line of the
/// store, and a second conversation of a key in the key's queue.
///
/// Confined to its stage.
///
/// Invariants:
/// 1. A key has at most one conversation that is open or in the line; others are in its queue, in
/// order.
/// 2. Every conversation, open or not, is in the rows of the epoch that asked for it.
class conversations {
public:
  conversations(overlay& rows, std::size_t open_max) : rows_(rows), open_max_(open_max) {}

  /// `queued` and `in_line` as the stage's counts say.
  void open(std::uint64_t queued, std::uint64_t in_line);

  /// Whether a conversation of the key is under way or waits.
  [[nodiscard]] bool busy(std::string_view key) const;

  /// Adds one behind those that wait. It is opened by `next`.
  void add(std::string_view key, std::string_view subject, call_id order, wall_time now);

  /// Opens the next one of the line, if there is one and there is room.
  [[nodiscard]] conversation* next(wall_time now);

  [[nodiscard]] conversation* find(std::string_view key);

  void add_reply(conversation& to, conversation::step step);
  /// Writes how many effects were made.
  void save(const conversation& what);

  /// Takes the conversation out; the next of its key, if there is one, goes to the end of the line.
  conversation end(std::string_view key, call_id order);

  [[nodiscard]] std::size_t open_count() const noexcept { return open_.size(); }
  [[nodiscard]] std::uint64_t queued() const noexcept { return queued_; }
  [[nodiscard]] std::uint64_t in_line() const noexcept { return in_line_; }

  /// Puts back what `end` took out, when the rows were put back too.
  void restore(conversation what, std::uint64_t queued, std::uint64_t in_line);

private:
  static std::string encode(const conversation& what, bool lined);
  void next_of_key(std::string_view key, call_id order, wall_time now);
  void to_line(std::string_view key, std::string_view subject, call_id order, wall_time now);

  overlay& rows_;
  std::size_t open_max_;
  std::map<std::string, conversation, std::less<>> open_;
  std::uint64_t queued_ = 0;
  std::uint64_t in_line_ = 0;
  std::string line_low_mark_;
};

} // namespace sallyport::lane
