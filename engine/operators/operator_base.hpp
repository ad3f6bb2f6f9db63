#pragma once

#include "engine/operators/context.hpp"

#include <string>
#include <string_view>

namespace sallyport {

/// A step of a topology: plain code that turns records, timers and replies into records, state,
/// timers and calls. The engine makes one for each lane and calls it from one thread at a time.
///
/// Invariants:
/// 1. What a callback did counts as a whole or not at all: if it throws, its emits, writes, timers
///    and calls are thrown away. A record in hand is rejected with the cause `internal`, a timer,
///    reply or conclusion comes again. A conversation that throws fails; what it let out stays.
/// 2. Members hold configuration, or a cache of what the state says; what must outlive a restart is
/// in `state()`.
class operator_base {
public:
  virtual ~operator_base() = default;

  /// Once, before any input: caches may be filled from the state. No emits, timers or calls here.
  virtual void open(context& /*ctx*/) {}

  /// A record came in by the input port; exactly one verdict answers it.
  virtual verdict process(record&& r, context& ctx) = 0;

  virtual void on_timer(const timer& /*fired*/, context& /*ctx*/) {}

  /// A person's order to this stage.
  virtual void on_command(const std::string& /*name*/, const std::string& /*payload*/,
                          context& /*ctx*/) {}

  virtual void on_reply(const call_reply& /*reply*/, context& /*ctx*/) {}

  /// The body of a conversation; the text that it returns is handed to `concluded`.
  virtual std::string converse(talk& /*with*/, const std::string& /*key*/,
                               const std::string& /*subject*/) {
    return {};
  }

  virtual void concluded(const conclusion& /*end*/, context& /*ctx*/) {}
};

} // namespace sallyport
