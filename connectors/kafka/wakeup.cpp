#include "connectors/kafka/wakeup.hpp"

#include "engine/core/assert.hpp"

#include <array>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace sallyport::kafka {

wakeup::wakeup() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { SALLYPORT_ASSERT(fd_ >= 0); }

wakeup::~wakeup() { (void) close(fd_); }

void wakeup::wake() const {
  std::uint64_t one = 1;
  (void) !write(fd_, &one, sizeof one);
}

void wakeup::wait(std::chrono::milliseconds at_most) const {
  pollfd p{fd_, POLLIN, 0};
  if (poll(&p, 1, static_cast<int>(at_most.count())) <= 0)
    return;
  std::uint64_t told = 0;
  (void) !read(fd_, &told, sizeof told);
}

} // namespace sallyport::kafka
