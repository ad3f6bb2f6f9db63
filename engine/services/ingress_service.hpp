#pragma once

#include "engine/log/log.hpp"
#include "engine/services/http_server.hpp"
#include "engine/time/clock.hpp"

#include <atomic>
#include <cstdint>

namespace sallyport {

/// `POST /ingress/<topic>`: puts what it is sent on the log, and answers when it is there.
///
/// The body is one JSON value, or one a line (NDJSON); as `application/octet-stream` it is taken as
/// it is. `?key=…&header.NAME=…` give key and headers of all its records. A key finds its partition
/// as everywhere; posts without one go to the partitions in turn, each post as a whole.
///
/// An `Idempotency-Key` stands for one body: a repeat of the post writes nothing and is answered as
/// the first was. A post whose answer was lost half-way can so be made again.
///
/// Thread safety: handlers run on the threads of the server.
///
/// Invariants:
/// 1. 200 means that every record is on the log.
/// 2. A body with a mistake anywhere writes nothing.
class ingress_service {
public:
  struct limits {
    std::size_t record_bytes_max = 8ULL << 20U;
    std::size_t records_max = 1'000'000; ///< of one post
  };

  /// All outlive the service.
  ingress_service(log& to, const wall_clock& clock);
  ingress_service(log& to, const wall_clock& clock, limits with);

  /// Adds the route. @pre the server is not started
  void serve_on(http_server& server);

  [[nodiscard]] http_response post(http_request& request);

private:
  log& to_;
  const wall_clock& clock_;
  const limits limits_;
  std::atomic<std::uint32_t> turn_{0};
};

} // namespace sallyport
