#pragma once

#include "engine/config/spec.hpp"
#include "engine/connectors/caller.hpp"
#include "engine/connectors/ingress.hpp"
#include "engine/time/clock.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

namespace observe {
class metrics;
}

/// What a log is made for.
struct log_environment {
  std::string application;
  std::string config_name; ///< of the file, for the name of an instance that has none
  /// Where this process serves HTTP, for the other instances; known when the first host joins.
  std::function<std::string()> address;
  store& state;
  const wall_clock& clock;
  observe::metrics& metrics;
};

/// What a connector can be: a kind it does not offer is left empty.
struct connector_entry {
  std::string name; ///< as a binding of a config names it: `http`, `file`, `generate`
  std::string summary;

  struct caller_kind {
    config::spec spec{""};
    std::function<result<std::unique_ptr<caller>>(const config::params&)> make;
  };
  struct ingress_kind {
    config::spec spec{""};
    std::function<result<std::unique_ptr<ingress>>(const config::params&)> make;
  };
  struct egress_kind {
    config::spec spec{""};
    std::function<result<std::unique_ptr<egress>>(const config::params&)> make;
  };
  /// A log that hosts can run on, beside the embedded one.
  struct log_kind {
    config::spec spec{""};
    /// Finds, without a connection, what a single field's check cannot.
    std::function<void(const config::params&, config::findings&)> check;
    std::function<result<std::unique_ptr<log>>(const config::params&, const log_environment&)> make;
  };
  std::shared_ptr<const caller_kind> as_caller;
  std::shared_ptr<const ingress_kind> as_ingress;
  std::shared_ptr<const egress_kind> as_egress;
  std::shared_ptr<const log_kind> as_log;
};

/// The connectors that a config may bind. Filled before the first config is read, read-only from
/// then on.
class connector_registry {
public:
  static connector_registry& instance();

  /// @pre no connector has that name yet
  void add(connector_entry entry);
  [[nodiscard]] const connector_entry* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;

private:
  std::vector<connector_entry> entries_;
};

struct connector_registration {
  explicit connector_registration(connector_entry entry) {
    connector_registry::instance().add(std::move(entry));
  }
};

} // namespace sallyport

/// `SALLYPORT_CONNECTOR(file, entry());` at the end of a connector's file makes it known by its
/// name.
#define SALLYPORT_CONNECTOR(identifier, ...)                                                       \
  static const ::sallyport::connector_registration sallyport_connector_##identifier { __VA_ARGS__ }
