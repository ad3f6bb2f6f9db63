#pragma once

#include "engine/core/error.hpp"
#include "engine/core/record.hpp"
#include "engine/services/tls.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

using query_parameters = std::multimap<std::string, std::string>;

struct http_request {
  std::string method;
  std::string path; ///< decoded
  query_parameters query;
  header_list headers; ///< names in lower case
  std::string body;
  std::string remote; ///< address of the other side
  std::string user;   ///< who asks, if the guard found out
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

/// Reads `a=1&b=2`, as it stands behind the `?` of an address.
[[nodiscard]] query_parameters parse_query(std::string_view text);

/// `{"error": what}`.
[[nodiscard]] http_response error_response(int status, std::string_view what);
/// The same of an error value; who can mend it decides the status.
[[nodiscard]] http_response error_response(const error& why);

/// Who may use a route; the guard of the server knows how to find out (see `gate`).
struct access {
  enum class kind : std::uint8_t {
    everyone,  ///< it says nothing that would be worth a token
    operators, ///< ingress, log and the like: whoever runs the instance
    metrics,   ///< Prometheus
    role       ///< who brings a token with the role
  };
  kind who = kind::operators;
  std::string role;
  /// Of a role: without a guard that knows tokens nobody may, however near he is.
  bool never_without = false;

  static access everyone() { return {kind::everyone, {}, false}; }
  static access operators() { return {kind::operators, {}, false}; }
  static access metrics() { return {kind::metrics, {}, false}; }
  static access with_role(std::string role) { return {kind::role, std::move(role), false}; }
  static access only_with_role(std::string role) { return {kind::role, std::move(role), true}; }
};

/// What is told of a route in the API document.
struct route_description {
  struct parameter {
    std::string name;
    std::string in = "query";    ///< or `path`, `header`
    std::string type = "string"; ///< or `integer`
    std::string format;          ///< of JSON Schema, if there is one
    std::string text;
    std::string default_value;
  };
  struct answer {
    int status = 200;
    std::string text;
    std::string content_type = "application/json";
  };
  std::string group;
  std::string summary;
  std::vector<parameter> parameters;
  std::vector<answer> answers;
};

/// The one HTTP server of an instance: ingress, log, admin and metrics hang their routes on it.
///
/// Thread safety: routes are added before `start`; handlers run on several threads at once. `stop`
/// may be called from any thread but a handler's.
///
/// Invariants:
/// 1. After `stop` no handler runs.
/// 2. A handler that throws is answered 500; the server goes on.
/// 3. No handler sees a request that the guard has not let pass.
class http_server {
public:
  struct limits {
    std::size_t body_bytes_max = 64ULL << 20U;
    /// A connection that is kept alive holds its thread.
    std::size_t threads = 32;
    duration keep_alive{10'000};
    duration read_timeout{10'000};
    duration write_timeout{10'000};
    /// With a certificate it speaks TLS, and nothing else.
    tls_identity::files tls{};
  };
  /// A handler may move the body out of its request.
  using handler = std::function<http_response(http_request&)>;

  /// One line of the table of routes: what answers, who may ask, and what is told of it.
  struct endpoint {
    std::string method;
    std::string pattern; ///< a path in which a segment may be `{name}`: any one segment
    access who;
    route_description about;
    handler serve;
  };
  /// Refuses a request, or lets it pass (and may note its user). It sees the request before its
  /// body is read; `asked` is null when no route is meant.
  using guard = std::function<std::optional<http_response>(const endpoint* asked, http_request&)>;

  http_server();
  explicit http_server(limits with);
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  void route(endpoint what);
  /// For operators, without description.
  void route(std::string method, std::string_view pattern, handler serve);
  /// The table of routes, in the order in which they were added.
  [[nodiscard]] const std::vector<endpoint>& endpoints() const noexcept;
  /// Answers a GET without a network, and asks no guard: for a tool that holds what is served.
  [[nodiscard]] http_response answer(const std::string& target) const;
  /// Without one everybody may do everything. @pre the server is not started
  void set_guard(guard with);

  /// @returns the port; it differs from `port` if that is 0
  [[nodiscard]] result<std::uint16_t> start(const std::string& bind, std::uint16_t port);
  /// Ends idle connections at once and waits for the requests under way.
  void stop();

private:
  class listener;
  std::unique_ptr<listener> listener_;
};

} // namespace sallyport
