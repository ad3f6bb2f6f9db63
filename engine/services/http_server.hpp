#pragma once

#include "engine/core/error.hpp"
#include "engine/core/record.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

struct http_request {
  std::string method;
  std::string path; ///< decoded
  std::multimap<std::string, std::string> query;
  header_list headers; ///< names in lower case
  std::string body;
  std::string remote; ///< address of the other side
  /// What stood in the place of each `{name}` of the route's pattern.
  std::map<std::string, std::string, std::less<>> captures;

  /// The first value of a parameter.
  [[nodiscard]] std::optional<std::string_view> parameter(const std::string& name) const;
};

struct http_response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  header_list headers;
  /// For a long body, in place of `body`: gives the next part, empty at the end. An error breaks
  /// the connection, so that the other side does not take a part for the whole.
  std::function<result<std::string>()> next_part;
};

/// `{"error": what}`.
[[nodiscard]] http_response error_response(int status, std::string_view what);
/// The same of an error value; who can mend it decides the status.
[[nodiscard]] http_response error_response(const error& why);

/// The one HTTP server of an instance: ingress, log, admin and metrics hang their routes on it.
///
/// Thread safety: routes are added before `start`; handlers run on several threads at once. `stop`
/// may be called from any thread but a handler's.
///
/// Invariants:
/// 1. After `stop` no handler runs.
/// 2. A handler that throws is answered 500; the server goes on.
class http_server {
public:
  struct limits {
    std::size_t body_bytes_max = 64ULL << 20U;
    /// A connection that is kept alive holds its thread.
    std::size_t threads = 32;
    duration keep_alive{10'000};
    duration read_timeout{10'000};
    duration write_timeout{10'000};
  };
  /// A handler may move the body out of its request.
  using handler = std::function<http_response(http_request&)>;

  http_server();
  explicit http_server(limits with);
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// `pattern` is a path in which a segment may be `{name}`: any one segment.
  void route(std::string method, std::string_view pattern, handler serve);

  /// @returns the port; it differs from `port` if that is 0
  [[nodiscard]] result<std::uint16_t> start(const std::string& bind, std::uint16_t port);
  /// Ends idle connections at once and waits for the requests under way.
  void stop();

private:
  class listener;
  std::unique_ptr<listener> listener_;
};

} // namespace sallyport
