#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace sallyport::lane {

/// A stack of its own for a plain function that stops in its middle and goes on later.
///
/// Problem: a conversation's function stops at each call that has no reply yet; to leave it by an
/// exception and to run it again from its start costs more with each reply. Idea: it stands still
/// on a stack of its own. What it does is still a function of its inputs alone, so this stack is
/// only a shortcut: whoever loses it runs the function again.
///
/// One thread at a time; it may go on in another thread than it stopped in.
///
/// Invariants:
/// 1. A stack ends at a page that cannot be touched: who outgrows it ends the process, and harms
///    nothing.
/// 2. The exceptions that are being handled inside are not those of the thread around it.
class fiber {
public:
  /// How deep a function may go: far more than one that asks and waits needs. Only the pages that
  /// it touches are memory.
  static constexpr std::size_t stack_bytes = 512U * 1024U;

  fiber();
  /// @pre idle
  ~fiber();
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;

  /// Runs `what` until it suspends or ends. It must not throw. @pre idle
  void start(std::function<void()> what);
  /// Goes on with it. @pre it has suspended
  void resume();
  /// Leaves `start` or `resume`; returns in the next `resume`. @pre called from inside
  void suspend();

  /// It has ended, or nothing was started yet.
  [[nodiscard]] bool idle() const noexcept;

private:
  struct body;
  std::unique_ptr<body> body_;
};

} // namespace sallyport::lane
