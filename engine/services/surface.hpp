#pragma once

#include "engine/core/record.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/services/state_query.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// What an operator of the instance has done with dead letters.
struct dead_letter_news {
  enum class kind : std::uint8_t { retried, purged };
  kind what = kind::retried;
  std::string topic;
  std::uint64_t found = 0;
  std::uint64_t retried = 0;
  wall_time at{};
};

/// Gauges that are computed from the committed rows of a stage, not kept: of the lanes of one
/// instance.
struct state_gauges {
  struct value {
    std::string name;
    observe::labels with;
    double is = 0;
  };
  struct family {
    std::string name;
    std::string help;
  };

  std::string part;
  std::string stage;
  std::vector<family> families; ///< the names that `measure` gives
  /// Gives every value each time, 0 where there is nothing: what is not given stays as it was.
  std::function<result<std::vector<value>>(const stage_rows& of, wall_time now)> measure;
};

/// What a topology adds to the HTTP surface of the instance that runs it.
struct surface {
  std::string topology; ///< its name
  std::vector<state_query> queries;
  std::vector<state_gauges> gauges;
  /// Who may administer its dead letters, and use the engine's own routes from elsewhere, unless
  /// the config names another role.
  std::string operator_role;
  /// The record that tells of `dead_letter_news`, and the sink port that it goes to; none: only the
  /// log of the process tells.
  std::string tells_to;
  std::function<record(const dead_letter_news&)> tell;
};

/// The surfaces of all topologies. Filled before `main`, read-only from then on.
class surface_registry {
public:
  static surface_registry& instance();

  /// @pre the topology has none yet
  void add(surface what);
  [[nodiscard]] const surface* find(std::string_view topology) const;

private:
  std::vector<surface> all_;
};

struct surface_registration {
  explicit surface_registration(surface what) { surface_registry::instance().add(std::move(what)); }
};

} // namespace sallyport

/// `SALLYPORT_SURFACE(my_topology, my_surface());` at the end of a file makes it known.
#define SALLYPORT_SURFACE(identifier, ...)                                                         \
  static const ::sallyport::surface_registration sallyport_surface_##identifier { __VA_ARGS__ }
