#include "engine/lane/fiber.hpp"

#include "engine/core/assert.hpp"

#include <boost/context/fiber.hpp>
#include <boost/context/preallocated.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>

#include <cstring>
#include <cxxabi.h>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define SALLYPORT_FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SALLYPORT_FIBER_ASAN 1
#endif
#endif

#ifdef SALLYPORT_FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace sallyport::lane {

namespace {

/// What the C++ runtime knows of a thread's exceptions: those being handled, and how many are on
/// their way. The form is fixed by the Itanium C++ ABI.
struct exceptions_of_thread {
  void* handled = nullptr;
  unsigned int under_way = 0;

  /// Puts this in the place of the thread's own, and gives that.
  [[nodiscard]] exceptions_of_thread exchange() const {
    constexpr auto bytes = sizeof handled + sizeof under_way;
    void* place = abi::__cxa_get_globals();
    exceptions_of_thread before;
    std::memcpy(static_cast<void*>(&before), place, bytes);
    std::memcpy(place, static_cast<const void*>(this), bytes);
    return before;
  }
};

/// Tells the address sanitizer of the stacks; without it, nothing.
class stack_marks {
public:
#ifdef SALLYPORT_FIBER_ASAN
  explicit stack_marks(const boost::context::stack_context& of)
    : bottom_(static_cast<const char*>(of.sp) - of.size), size_(of.size) {}

  void before_enter() { __sanitizer_start_switch_fiber(&outside_, bottom_, size_); }
  void after_leave() { __sanitizer_finish_switch_fiber(outside_, nullptr, nullptr); }
  void after_enter() { __sanitizer_finish_switch_fiber(inside_, &outer_bottom_, &outer_size_); }
  void before_leave(bool for_good) {
    __sanitizer_start_switch_fiber(for_good ? nullptr : &inside_, outer_bottom_, outer_size_);
  }

private:
  const void* bottom_;
  std::size_t size_;
  void* inside_ = nullptr;
  void* outside_ = nullptr;
  const void* outer_bottom_ = nullptr;
  std::size_t outer_size_ = 0;
#else
  explicit stack_marks(const boost::context::stack_context& /*of*/) {}
  void before_enter() {}
  void after_leave() {}
  void after_enter() {}
  void before_leave(bool /*for_good*/) {}
#endif
};

} // namespace

struct fiber::body {
  body() : body(boost::context::protected_fixedsize_stack{stack_bytes}) {}

  boost::context::fiber inside;  ///< set while it stands still
  boost::context::fiber outside; ///< set while it runs
  stack_marks marks;
  exceptions_of_thread exceptions;
  std::function<void()> what;
  bool idle = true;
  bool over = false; ///< the stack is wanted no more

  void enter();
  void leave();

private:
  explicit body(boost::context::protected_fixedsize_stack stacks)
    : body(stacks, stacks.allocate()) {}
  body(boost::context::protected_fixedsize_stack stacks, boost::context::stack_context stack);
  [[nodiscard]] boost::context::fiber run(boost::context::fiber&& from);
};

fiber::body::body(boost::context::protected_fixedsize_stack stacks,
                  boost::context::stack_context stack)
  : inside(std::allocator_arg, boost::context::preallocated{stack.sp, stack.size, stack}, stacks,
           [this](boost::context::fiber&& from) { return run(std::move(from)); }),
    marks(stack) {}

void fiber::body::enter() {
  // Both sides of the switch are the same thread here, which cannot be said of the inside.
  const auto own = exceptions.exchange();
  marks.before_enter();
  inside = std::move(inside).resume();
  marks.after_leave();
  exceptions = own.exchange();
}

void fiber::body::leave() {
  marks.before_leave(false);
  outside = std::move(outside).resume();
  marks.after_enter();
}

boost::context::fiber fiber::body::run(boost::context::fiber&& from) {
  outside = std::move(from);
  marks.after_enter();
  while (!over) {
    what();
    what = nullptr;
    idle = true;
    leave();
  }
  marks.before_leave(true);
  return std::move(outside);
}

fiber::fiber() : body_(std::make_unique<body>()) {}

fiber::~fiber() {
  SALLYPORT_ASSERT(body_->idle);
  body_->over = true;
  body_->enter();
}

void fiber::start(std::function<void()> what) {
  SALLYPORT_ASSERT(body_->idle);
  body_->what = std::move(what);
  body_->idle = false;
  body_->enter();
}

void fiber::resume() {
  SALLYPORT_ASSERT(!body_->idle);
  body_->enter();
}

void fiber::suspend() { body_->leave(); }

bool fiber::idle() const noexcept { return body_->idle; }

} // namespace sallyport::lane
