#pragma once

#include "engine/core/call.hpp"
#include "engine/core/record.hpp"
#include "engine/operators/verdict.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

/// The rows of one stage in one lane. Writes become durable with the epoch; reads see them at once.
class keyed_state {
public:
  virtual ~keyed_state() = default;
  [[nodiscard]] virtual std::optional<std::string> get(std::string_view key) = 0;
  virtual void put(std::string_view key, std::string value) = 0;
  virtual void erase(std::string_view key) = 0;
  /// Visits rows whose key starts with `prefix`, in order, until `visit` returns false. Must not
  /// write meanwhile.
  virtual void
  scan(std::string_view prefix,
       const std::function<bool(std::string_view key, std::string_view value)>& visit) = 0;
};

/// A durable timer that fell due.
struct timer {
  std::string name;
  wall_time due;
  std::string payload;
};

/// All that an operator may do and know. It has no clock, socket, file or random source: so the
/// same inputs give the same outputs, on any machine and on replay.
///
/// Confined to its stage. Valid during the callback it is handed to.
class context {
public:
  virtual ~context() = default;

  // -- what is known ------------------------------------------------------------

  /// The time of the input that caused this, given by the door.
  [[nodiscard]] virtual wall_time now() const = 0;

  /// The number of that input in its lane: grows with each input, the same on replay.
  [[nodiscard]] virtual std::uint64_t number() const = 0;

  /// Where the record in hand stood on the log, or nothing for what no record caused.
  [[nodiscard]] virtual std::optional<std::int64_t> offset() const = 0;

  // -- records --------------------------------------------------------------------

  /// Sends a further record by an output port. It is counted as made, and from then on carries a
  /// claim like one that was received.
  virtual void emit(std::string_view port, record r) = 0;

  /// Writes a record to a sink port or internal topic of the topology, visible with the commit. The
  /// partition is that of its key; without a key it is that of the lane.
  virtual void publish(std::string_view to, record r) = 0;

  /// Decides of one record that was kept earlier under `from`: the claim leaves that term and
  /// follows the verdict.
  virtual void settle(term from, verdict v) = 0;

  // -- state ------------------------------------------------------------------------

  [[nodiscard]] virtual keyed_state& state() = 0;

  /// Sets the timer called `name`, or moves it if it is set. It fires once, not before `at`, as an
  /// input of its own.
  virtual void timer_set(std::string_view name, wall_time at, std::string payload = {}) = 0;
  virtual void timer_cancel(std::string_view name) = 0;
  /// When the timer called `name` is due, if it is set.
  [[nodiscard]] virtual std::optional<wall_time> timer_due(std::string_view name) = 0;

  // -- calls ------------------------------------------------------------------------

  /// Asks for a call; the reply comes to `operator_base::on_reply`, also after a restart.
  virtual void call(sallyport::call what) = 0;

  /// Starts a conversation about `subject` under `key`, or queues it behind the one that is under
  /// way for the key. It runs `operator_base::converse` and ends in `operator_base::concluded`.
  virtual void converse(std::string_view key, std::string subject) = 0;

  /// Whether a conversation of the key is under way or queued.
  [[nodiscard]] virtual bool conversing(std::string_view key) = 0;

  // -- what people see --------------------------------------------------------------

  /// Adds to a counter of this operator, counted when the epoch commits. `label` is from a small
  /// fixed set.
  virtual void count(std::string_view counter, std::string_view label, std::uint64_t by = 1) = 0;

  /// Adds a value to a histogram of this operator, told when the epoch commits. The label is that
  /// of `count`, or `name=value` where a board wants another name than `type`.
  virtual void observe(std::string_view histogram, std::string_view label, double value) = 0;
};

/// A conversation seen from inside: a plain function that asks, waits and goes on, however long the
/// answers take and whatever restarts lie between. After a restart it is run again from its start
/// with the answers so far, so between two calls of `ask` it may use nothing but its arguments, the
/// answers and `now`. It may go on in another thread than it waited in.
class talk {
public:
  virtual ~talk() = default;

  /// Makes the call, waits and gives its reply, which lives as long as the conversation. (It leaves
  /// the function by an exception of its own when the lane closes: never catch with `catch (...)`
  /// around it.)
  virtual const call_reply& ask(sallyport::call what) = 0;

  /// The time of the input that carried the conversation to this point.
  [[nodiscard]] virtual wall_time now() const = 0;

  /// As `context::emit`, `publish` and `count`, once each however often the function is run.
  virtual void emit(std::string_view port, record r) = 0;
  virtual void publish(std::string_view to, record r) = 0;
  virtual void count(std::string_view counter, std::string_view label, std::uint64_t by = 1) = 0;
};

/// How a conversation ended.
struct conclusion {
  std::string key;
  std::string subject;
  std::string outcome; ///< what `converse` returned
  bool failed = false; ///< it threw instead: `outcome` is the message
};

} // namespace sallyport
