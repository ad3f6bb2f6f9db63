#pragma once

#include "bench/support/bench.hpp"

#include <cstddef>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sallyport::bench::custody {

/// The simulator as a process of its own.
class simulator_process {
public:
  explicit simulator_process(const std::vector<std::string>& options);
  ~simulator_process();
  simulator_process(const simulator_process&) = delete;
  simulator_process& operator=(const simulator_process&) = delete;

  [[nodiscard]] const std::string& url() const noexcept { return url_; }

private:
  pid_t id_ = -1;
  std::string url_;
};

/// A request as the simulator has recorded it.
struct seen_request {
  std::string method, path, body, idempotency_key;
};

/// All that were made, those for tokens left out.
[[nodiscard]] std::vector<seen_request> requests_of(const simulator_process& at);
/// Back to the state after its start.
void reset(const simulator_process& at);

/// The limit: libcurl's multi interface in one loop that makes the requests in their order, so many
/// at once, and throws the answers away. It judges nothing, orders nothing and keeps nothing.
[[nodiscard]] cost make_again(const simulator_process& at, const std::vector<seen_request>& all,
                              std::size_t at_once);

} // namespace sallyport::bench::custody
