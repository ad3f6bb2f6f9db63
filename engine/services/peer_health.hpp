#pragma once

#include "engine/observe/health.hpp"

#include <string>

namespace sallyport {

/// A component of `/health` that is another service: up when a GET of the address is answered with
/// 200 within five seconds. One that is down tells why, and what it answered.
///
/// Thread safety: the probe may be asked from any thread.
[[nodiscard]] observe::health::probe health_of_peer(std::string url);

} // namespace sallyport
