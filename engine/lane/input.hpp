#pragma once

#include "engine/core/call.hpp"
#include "engine/core/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The heart of the engine, free of threads and of the actor library: a lane as a deterministic
/// state machine. The same classes run under the actors of `engine/runtime` and under the driver of
/// `engine/testing`.
namespace sallyport::lane {

/// Identifies a call in its stage: the door number of the input that caused it, and which call of
/// that input it was.
struct call_id {
  std::uint64_t number = 0;
  std::uint32_t position = 0;

  friend auto operator<=>(const call_id&, const call_id&) = default;
};

/// A record at its place in a lane.
struct event {
  std::uint64_t number = 0; ///< given by the door; what a record causes keeps its number
  wall_time now{};          ///< given by the door
  std::int64_t offset = -1; ///< where the record stood on the log; -1: no record caused this
  record rec;
};

/// Timers and tries that fell due may go on. The first input after a lane was opened is a tick too:
/// from it on the calls that were open are made again.
struct tick {
  bool opened = false;
};

/// One try of a call has ended.
struct answer {
  std::size_t stage = 0;
  call_id call;
  call_answer what;
};

/// A person's order to a stage.
struct command {
  std::size_t stage = 0;
  std::string name;
  std::string payload;
};

/// An input that is no record.
struct signal {
  std::uint64_t number = 0;
  wall_time now{};
  std::variant<tick, answer, command> what;
};

/// What the door lets in for one passage through the graph, in the order of the numbers.
struct round {
  std::uint64_t id = 0;
  std::vector<event> events;
  std::vector<signal> signals;
  std::optional<std::uint64_t> barrier; ///< the epoch that ends behind this round

  [[nodiscard]] bool empty() const noexcept { return events.empty() && signals.empty(); }
};

} // namespace sallyport::lane
