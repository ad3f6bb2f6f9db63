#pragma once

#include "engine/connectors/caller.hpp"
#include "engine/core/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sallyport::http {

/// OAuth2 client credentials: how a caller proves who it is.
struct auth_options {
  std::string token_url;
  std::string client_id;
  std::string client_secret;
  std::string scope;        ///< empty: none is asked for
  duration timeout{10'000}; ///< of one fetch of a token
};

struct caller_options {
  std::string url; ///< base address of the peer, without a slash at its end
  std::size_t concurrency = 32;
  duration connect_timeout{2'000};
  std::uint64_t reply_bytes_max = 8ULL << 20U;
  std::string ca_file; ///< empty: the certificates of the system
  std::string proxy;   ///< empty: none, whatever the environment says
  header_list headers; ///< sent with every call
  std::optional<auth_options> auth;
};

/// Makes HTTP calls to one peer.
///
/// Problem: thousands of calls a second through few threads, where each try must be one try: a
/// library that repeats a request on its own hides from the engine that the peer may have seen it
/// twice. Idea: libcurl's multi interface in one thread, with pooled connections and handles; a
/// request that libcurl is about to send a second time is ended instead, unless it is a read.
///
/// Thread safety: as `caller` says; `done` runs on the one thread of this object and must not call
/// `stop`.
///
/// Invariants:
/// 1. At most `concurrency` tries are under way; first tries leave before repeated ones.
/// 2. A request with an effect leaves at most once for each `start`.
/// 3. No text of an error holds a path, a query, a header or a body.
/// 4. A token is fetched by one request at a time, and all tries that need it wait for that one.
class http_caller final : public caller {
public:
  [[nodiscard]] static result<std::unique_ptr<http_caller>> make(caller_options options);
  ~http_caller() override;
  http_caller(const http_caller&) = delete;
  http_caller& operator=(const http_caller&) = delete;

  void start(attempt what, std::function<void(call_answer)> done) override;
  /// Returns when every `done` was called. Tries that have not left end at once, as never sent.
  void stop(duration within) override;
  [[nodiscard]] load current_load() const override;

private:
  struct body;
  explicit http_caller(std::unique_ptr<body> of);
  std::unique_ptr<body> body_;
};

} // namespace sallyport::http
