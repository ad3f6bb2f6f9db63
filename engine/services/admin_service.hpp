#pragma once

#include "engine/services/control_board.hpp"
#include "engine/services/instance_answers.hpp"
#include "engine/services/surface.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sallyport {

/// What an operator asks of a running instance and orders it: `/admin/…`, which the verbs
/// `timers`, `waiting`, `calls`, `pause`, `resume` and `drain` use.
///
/// Idea: answers come from committed rows, so that they disturb no lane, and tell of all instances.
/// Orders go through the control board, so that they are on the log first; what became of one is
/// seen by looking at the rows again.
///
/// Thread safety: handlers run on the threads of the server.
///
/// Invariants:
/// 1. An answer has `limit` rows at most, the oldest or soonest, and says how many there were.
/// 2. An order has a reason, and is on the log before it is carried out.
class admin_service {
public:
  static constexpr std::uint64_t limit_by_default = 100;
  static constexpr std::uint64_t limit_max = 10'000;
  static constexpr std::uint64_t orders_max = 1'000; ///< records or calls of one order
  static constexpr std::uint64_t keys_max = 100;     ///< that an order names
  static constexpr std::size_t reason_bytes_max = 500;
  static constexpr std::size_t by_bytes_max = 100;
  static constexpr duration effect_within{3'000}; ///< an order that has had none is handed over

  struct settings {
    const committed_lanes& lanes;
    const committed_state& state;
    const std::vector<waiting_records>& waiting;
    const wall_clock& clock;
    control_board& control;
    /// How a call is settled (200 or another status) or tried again (nothing) by a command.
    std::function<control_board::stage_order(const stage_place& at, const std::string& id,
                                             std::optional<int> status)>
      order_for_call;
    /// Begins to give the lanes away and to stop; returns at once.
    std::function<void()> drain;
    other_instances others;
  };

  /// All that the settings refer to outlives it.
  explicit admin_service(settings with);

  /// Adds the routes. @pre the server is not started
  void serve_on(http_server& server);

  [[nodiscard]] http_response timers(const http_request& request) const;
  [[nodiscard]] http_response calls(const http_request& request) const;
  [[nodiscard]] http_response waiting(const http_request& request) const;
  [[nodiscard]] http_response pauses() const;
  [[nodiscard]] http_response resolve(const http_request& request);
  [[nodiscard]] http_response order_waiting(const http_request& request);
  [[nodiscard]] http_response pause(const http_request& request, bool on);
  [[nodiscard]] http_response drain(const http_request& request);

private:
  /// Waiting records by key, each as JSON.
  using records = std::map<std::string, std::string>;
  [[nodiscard]] result<records> records_like(const http_request& list) const;
  [[nodiscard]] status give_orders(const std::string& what, const records& to,
                                   const order_cause& why);

  const settings with_;
  const instance_answers others_;
};

} // namespace sallyport
