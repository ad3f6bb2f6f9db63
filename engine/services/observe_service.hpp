#pragma once

#include "engine/core/wall_time.hpp"
#include "engine/observe/health.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/services/http_server.hpp"

#include <string>

namespace sallyport {

/// What an instance is.
struct instance_info {
  std::string version;
  std::string application;
  wall_time started{};
  std::string config; ///< as text, secrets masked
};

/// How an instance is: `/metrics` for Prometheus; `/health` with the parts
/// `/health/liveness`, `/health/readiness`, `/health/ping`; `/info`.
///
/// Thread safety: handlers run on the threads of the server.
class observe_service {
public:
  /// `metrics` and `health` outlive the service.
  observe_service(observe::metrics& metrics, observe::health& health, instance_info info)
    : metrics_(metrics), health_(health), info_(std::move(info)) {}

  /// Adds the routes. @pre the server is not started
  void serve_on(http_server& server);

private:
  [[nodiscard]] http_response health();
  [[nodiscard]] http_response info() const;

  observe::metrics& metrics_;
  observe::health& health_;
  instance_info info_;
};

} // namespace sallyport
