#pragma once

#include "engine/core/call.hpp"
#include "engine/lane/input.hpp"
#include "engine/lane/overlay.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::lane {

/// A conversation's function that stands still where it asked. It holds nothing that the replies do
/// not give again.
class suspended {
public:
  virtual ~suspended() = default;
};

/// A conversation that is under way: its function goes on whenever one more reply is there, or is
/// run again with all of them when it stands still no more.
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
  bool followed = false;     ///< others of its key may be in the queue
  std::deque<step> steps;    ///< the function holds references to them
  std::unique_ptr<suspended> at;
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
/// 3. Who waits behind one of its key does not stand in the line as well: it takes the other's
/// place.
class conversations {
public:
  conversations(overlay& rows, std::size_t open_max) : rows_(rows), open_max_(open_max) {}

  /// `queued` and `in_line` as the stage's counts say.
  void open(std::uint64_t queued, std::uint64_t in_line);

  /// Whether a conversation of the key is under way or waits.
  [[nodiscard]] bool busy(std::string_view key) const;

  /// Adds one behind those that wait. It is opened by `next`.
  void add(std::string_view key, std::string_view subject, call_id order, wall_time now);

  /// Opens the one behind that which ended last, or the next one of the line if there is room.
  [[nodiscard]] conversation* next(wall_time now);

  [[nodiscard]] conversation* find(std::string_view key);

  void add_reply(conversation& to, conversation::step step);
  /// Gives up where functions stand still. They are run again with their next replies.
  void forget_places();
  /// Writes how many effects were made.
  void save(const conversation& what);

  /// Takes the conversation out; the next of its key, if there is one, takes its place with `next`.
  conversation end(std::string_view key);

  [[nodiscard]] std::size_t open_count() const noexcept { return open_.size(); }
  [[nodiscard]] std::uint64_t queued() const noexcept { return queued_; }
  [[nodiscard]] std::uint64_t in_line() const noexcept { return in_line_; }

  /// Puts back what `end` took out, when the rows were put back too.
  void restore(conversation what, std::uint64_t queued, std::uint64_t in_line);

private:
  /// A key's place in the line.
  struct placed {
    std::string row;
    std::string key;
  };

  static std::string encode(const conversation& what, bool lined);
  void note_followed(std::string_view key);
  void read_front_of_line();
  void find_successor(std::string_view key);
  void to_line(conversation c, call_id order);
  conversation* open_now(conversation c, wall_time now);

  overlay& rows_;
  std::size_t open_max_;
  std::map<std::string, conversation, std::less<>> open_;
  std::uint64_t queued_ = 0;
  std::uint64_t in_line_ = 0;
  std::string line_low_mark_;
  std::deque<placed> front_; ///< of the line, in order, as far as it was read
  /// Of the key whose conversation has just ended: to be opened before the input is over.
  std::optional<conversation> successor_;
};

} // namespace sallyport::lane
