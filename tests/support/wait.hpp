#pragma once

#include <chrono>
#include <poll.h>

namespace sallyport::test {

/// Asks until the condition holds; false if it does not within the bound.
template <class Condition>
[[nodiscard]] bool eventually(Condition holds,
                              std::chrono::milliseconds within = std::chrono::seconds{30},
                              std::chrono::milliseconds every = std::chrono::milliseconds{10}) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end)
      return false;
    ::poll(nullptr, 0, static_cast<int>(every.count()));
  }
  return true;
}

} // namespace sallyport::test
