#pragma once

#include "engine/config/spec.hpp"
#include "engine/operators/operator_base.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// What the engine and people know of an operator without building one.
struct operator_entry {
  config::spec spec{""};
  /// Output ports beside `rejected`, which every operator has.
  std::vector<std::string> outputs{"out"};
  /// Fields of the spec that name a sink port or an internal topic of the topology (`publish.to`).
  std::vector<std::string> publishes_by;
  /// Sink ports that the operator writes to under fixed names (a domain operator's `telemetry`).
  std::vector<std::string> publishes;
  /// Call ports that it uses under fixed names, and fields of the spec that name one.
  std::vector<std::string> calls;
  std::vector<std::string> calls_by;
  /// What it keeps in its store, and what its timers are for, in a few words for people; empty: it
  /// has none.
  std::string keeps;
  std::string timers;
  std::function<std::unique_ptr<operator_base>(const config::params&)> make;
  /// Checks that need more than one field; adds findings.
  std::function<void(const config::params&, config::findings&)> lint;
};

/// The operators that a topology may name. Filled before the first topology is read, read-only from
/// then on.
///
/// Thread safety: `add` before threads start; the rest from any thread.
class operator_registry {
public:
  /// The registry of the process, which `SALLYPORT_OPERATOR` fills.
  static operator_registry& instance();

  /// @pre no operator has that name yet
  void add(operator_entry entry);

  [[nodiscard]] const operator_entry* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;

private:
  std::vector<operator_entry> entries_;
};

struct operator_registration {
  explicit operator_registration(operator_entry entry) {
    operator_registry::instance().add(std::move(entry));
  }
};

} // namespace sallyport

/// `SALLYPORT_OPERATOR(filter, entry());` at the end of an operator's file makes it known by its
/// spec's name.
#define SALLYPORT_OPERATOR(identifier, ...)                                                        \
  static const ::sallyport::operator_registration sallyport_operator_##identifier { __VA_ARGS__ }
