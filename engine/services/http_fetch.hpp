#pragma once

#include "engine/core/error.hpp"
#include "engine/core/record.hpp"

#include <cstddef>
#include <string>

namespace sallyport {

struct fetch_limits {
  duration timeout{5'000};
  std::size_t body_bytes_max = 1U << 20U;
};

struct fetched {
  int status = 0;
  std::string body;
};

/// Gets an address by HTTP or HTTPS and waits for the answer; it follows no redirect. An error when
/// there is none, or it is too long. For what an instance reads for itself (keys, the rows of other
/// instances); calls of a topology go through a connector.
///
/// Thread safety: may be called from any thread.
[[nodiscard]] result<fetched> http_get(const std::string& url, const header_list& headers,
                                       const fetch_limits& limits);

} // namespace sallyport
