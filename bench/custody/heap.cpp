#include "bench/custody/heap.hpp"

#include <atomic>
#include <cstdlib>
#include <malloc.h>
#include <new>

namespace {

thread_local bool counting = false;
std::atomic<std::int64_t> bytes{0};

} // namespace

// NOLINTBEGIN(misc-new-delete-overloads): the other forms of the library call these.
void* operator new(std::size_t size) {
  void* made = std::malloc(size == 0 ? 1 : size);
  if (made == nullptr)
    throw std::bad_alloc{};
  if (counting)
    bytes.fetch_add(static_cast<std::int64_t>(malloc_usable_size(made)), std::memory_order_relaxed);
  return made;
}

void operator delete(void* what) noexcept {
  if (counting && what != nullptr)
    bytes.fetch_sub(static_cast<std::int64_t>(malloc_usable_size(what)), std::memory_order_relaxed);
  std::free(what);
}

void operator delete(void* what, std::size_t /*size*/) noexcept { operator delete(what); }
// NOLINTEND(misc-new-delete-overloads)

namespace sallyport::bench::heap {

counted::counted() { counting = true; }
counted::~counted() { counting = false; }

std::int64_t counted_bytes() { return bytes.load(); }

} // namespace sallyport::bench::heap
