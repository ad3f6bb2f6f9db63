#pragma once

namespace sallyport::detail {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
} // namespace sallyport::detail

/// On in every build. For mistakes of ours only: no input, file, peer or config may reach one.
#define SALLYPORT_ASSERT(expression)                                                               \
  ((expression) ? static_cast<void>(0)                                                             \
                : ::sallyport::detail::assertion_failed(#expression, __FILE__, __LINE__))
