#pragma once

// Problem: a caller under test holds dozens of connections open, wants answers that are late,
// missing or cut off, and shares a small machine with the simulator.
// Idea: one thread, epoll, a heap of answers that wait for their time. A handler decides at once
// what will be answered and when; it never blocks.
//
// Thread safety: `run` belongs to one thread, which is also the one that calls the handler; `stop`
// may be called from any thread and from a signal handler.
//
// Invariants
// 1. A connection has at most one request in the handler's hands; the next one waits in its buffer.
// 2. An idle server sleeps: no timer ticks while no answer waits.
// 3. Connections, header and body sizes are bounded by the constants below.

#include "engine/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::simulator {

inline constexpr std::size_t connections_max = 4'096;
inline constexpr std::size_t header_bytes_max = 64U << 10U;
inline constexpr std::size_t body_bytes_max = 16U << 20U;

struct http_request {
  std::string method;
  std::string target;                                       ///< path and query as they came
  std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
  std::string body;

  /// Empty when it is not there.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// What becomes of a request.
enum class ending : std::uint8_t {
  answer,
  close, ///< the connection is closed without a byte
  hang   ///< no byte, and the connection stays open until the client gives up
};

struct http_answer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::microseconds delay{0};
  ending end = ending::answer;
};

class http_server {
public:
  using handler = std::function<http_answer(const http_request&)>;

  explicit http_server(handler handle);
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// Port 0: any free one. @returns the port
  [[nodiscard]] result<std::uint16_t> listen(const std::string& address, std::uint16_t port);

  /// Serves until `stop`. @pre listen succeeded
  void run();
  void stop() noexcept;

private:
  class loop;
  std::unique_ptr<loop> loop_;
};

} // namespace sallyport::simulator
