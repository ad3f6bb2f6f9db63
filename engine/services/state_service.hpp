#pragma once

#include "engine/services/state_query.hpp"
#include "engine/time/clock.hpp"

#include <functional>
#include <mutex>
#include <semaphore>
#include <string>
#include <vector>

namespace sallyport {

/// Where the other instances of the application answer (`http://10.0.0.7:8080`), if there are any.
using other_instances = std::function<std::vector<std::string>()>;

/// Answers state queries: `GET <path of the query>`, and for other instances
/// `GET /internal/rows/<name of the query>`, which gives what this instance has collected as lines
/// of JSON, `{"order":…,"text":…}`.
///
/// Thread safety: handlers run on the threads of the server.
///
/// Invariants:
/// 1. The rows of an instance are of one commit.
/// 2. An answer holds the rows of all instances, or is an error.
/// 3. What is collected for an answer has `bytes_max` bytes at most, and `at_once` answers are made
///    at the same time.
class state_service {
public:
  struct limits {
    std::size_t bytes_max = 256U << 20U;
    duration wait_max{10'000}; ///< for one of `at_once` to end
    duration instance_timeout{30'000};
  };
  static constexpr std::ptrdiff_t at_once = 2;

  /// All outlive the service.
  state_service(const committed_state& state, const wall_clock& clock, limits with,
                other_instances others = {});

  /// Adds the routes of the queries. @pre the server is not started; the queries outlive it
  void serve_on(http_server& server, const std::vector<state_query>& queries);

  /// As the routes answer.
  [[nodiscard]] http_response answer(const state_query& to, const http_request& request);
  [[nodiscard]] http_response own_rows(const state_query& of, const http_request& request);

private:
  [[nodiscard]] result<std::vector<query_row>> collect(const state_query& of,
                                                       const query_input& asked) const;
  [[nodiscard]] status add_others(const state_query& of, const query_input& asked,
                                  const http_request& request, std::vector<query_row>& to) const;

  const committed_state& state_;
  const wall_clock& clock_;
  const limits limits_;
  other_instances others_;
  std::counting_semaphore<at_once> free_{at_once};
};

} // namespace sallyport
