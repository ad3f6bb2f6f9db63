#pragma once

#include <cstdint>

/// How much memory one part of a process holds, whose objects live where it alone makes and
/// destroys them.
namespace sallyport::bench::heap {

/// While one lives, what its thread allocates and gives back is added up.
class counted {
public:
  counted();
  ~counted();
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
};

[[nodiscard]] std::int64_t counted_bytes();

} // namespace sallyport::bench::heap
