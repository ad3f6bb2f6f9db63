// Where this is set, glibc takes a jump to another stack for an attack.
#undef _FORTIFY_SOURCE

#include "engine/lane/fiber.hpp"

#include "engine/core/assert.hpp"

#include <csetjmp>
#include <cstdint>
#include <cstring>
#include <cxxabi.h>
#include <new>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
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

/// A stack with a page below it that cannot be touched.
class stack_memory {
public:
  stack_memory() : guard_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    begin_ = mmap(nullptr, guard_ + fiber::stack_bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (begin_ == MAP_FAILED)
      throw std::bad_alloc{};
    if (mprotect(begin_, guard_, PROT_NONE) != 0) {
      (void) munmap(begin_, guard_ + fiber::stack_bytes);
      throw std::bad_alloc{};
    }
  }
  ~stack_memory() { (void) munmap(begin_, guard_ + fiber::stack_bytes); }
  stack_memory(const stack_memory&) = delete;
  stack_memory& operator=(const stack_memory&) = delete;

  [[nodiscard]] void* bottom() const noexcept { return static_cast<char*>(begin_) + guard_; }

private:
  std::size_t guard_;
  void* begin_;
};

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

/// `swapcontext` saves the signal mask by two calls of the kernel; this does not.
void jump(jmp_buf& from, jmp_buf& to) {
  if (_setjmp(from) == 0) // NOLINT(cert-err52-cpp): no frame is skipped
    _longjmp(to, 1);      // NOLINT(cert-err52-cpp)
}

} // namespace

struct fiber::body {
  stack_memory stack;
  jmp_buf inside{};
  jmp_buf outside{};
  ucontext_t first_inside{}; ///< to get onto the stack for the first time
  ucontext_t first_outside{};
  exceptions_of_thread exceptions;
  std::function<void()> what;
  bool idle = true;
  bool over = false; ///< the stack is wanted no more

  // Where the address sanitizer keeps its own view of the stacks.
  void* marks_inside = nullptr;
  void* marks_outside = nullptr;
  const void* outer_bottom = nullptr;
  std::size_t outer_size = 0;

  void prepare();
  void enter();
  void leave();
  void run();
  void came_in();
  static void entry(unsigned int high, unsigned int low);
};

/// Goes onto the new stack and comes back at once: jumps lead there from then on.
void fiber::body::prepare() {
  const int made = getcontext(&first_inside);
  SALLYPORT_ASSERT(made == 0);
  first_inside.uc_stack.ss_sp = stack.bottom();
  first_inside.uc_stack.ss_size = stack_bytes;
  first_inside.uc_link = nullptr;
  const auto address = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&first_inside, reinterpret_cast<void (*)()>(&body::entry), 2,
              static_cast<unsigned int>(address >> 32U),
              static_cast<unsigned int>(address & 0xffffffffU));
#ifdef SALLYPORT_FIBER_ASAN
  __sanitizer_start_switch_fiber(&marks_outside, stack.bottom(), stack_bytes);
#endif
  const int switched = swapcontext(&first_outside, &first_inside);
  SALLYPORT_ASSERT(switched == 0);
#ifdef SALLYPORT_FIBER_ASAN
  __sanitizer_finish_switch_fiber(marks_outside, nullptr, nullptr);
#endif
}

void fiber::body::enter() {
  // Both sides of the switch are the same thread here, which cannot be said of the inside.
  const auto own = exceptions.exchange();
#ifdef SALLYPORT_FIBER_ASAN
  __sanitizer_start_switch_fiber(&marks_outside, stack.bottom(), stack_bytes);
#endif
  jump(outside, inside);
#ifdef SALLYPORT_FIBER_ASAN
  __sanitizer_finish_switch_fiber(marks_outside, nullptr, nullptr);
#endif
  exceptions = own.exchange();
}

void fiber::body::leave() {
#ifdef SALLYPORT_FIBER_ASAN
  __sanitizer_start_switch_fiber(over ? nullptr : &marks_inside, outer_bottom, outer_size);
#endif
  jump(inside, outside);
  came_in();
}

void fiber::body::came_in() {
#ifdef SALLYPORT_FIBER_ASAN
  __sanitizer_finish_switch_fiber(marks_inside, &outer_bottom, &outer_size);
#endif
}

void fiber::body::run() {
  came_in();
#ifdef SALLYPORT_FIBER_ASAN
  __sanitizer_start_switch_fiber(&marks_inside, outer_bottom, outer_size);
#endif
  if (_setjmp(inside) == 0) // NOLINT(cert-err52-cpp): no frame is skipped
    (void) swapcontext(&first_inside, &first_outside);
  came_in();
  while (!over) {
    what();
    what = nullptr;
    idle = true;
    leave();
  }
  leave(); // for good
}

/// `makecontext` hands on nothing but integers.
void fiber::body::entry(unsigned int high, unsigned int low) {
  const auto address =
    (static_cast<std::uintptr_t>(high) << 32U) | static_cast<std::uintptr_t>(low);
  reinterpret_cast<body*>(address)->run(); // NOLINT(performance-no-int-to-ptr)
}

fiber::fiber() : body_(std::make_unique<body>()) { body_->prepare(); }

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
