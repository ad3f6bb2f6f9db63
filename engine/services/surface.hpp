#pragma once

#include "engine/core/record.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/services/state_query.hpp"

#include <cstdint>
#include <functional>
#include <optional>
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

/// A record that is not done yet, as the topology's stage keeps it.
struct waiting_record {
  std::string key;    ///< what orders name it by: `<key>` or `<key>/<more>`
  std::string state;  ///< `held`, `in_call` or `waiting`
  std::string status; ///< how its last attempt ended; a word of the topology
  wall_time since{};
  std::uint32_t attempts = 0;
  std::optional<wall_time> next;     ///< its next attempt
  std::optional<wall_time> until;    ///< when it is given up
  std::optional<std::string> paused; ///< a person stopped its attempts; why
};

/// How a stage tells of the records that it has not done yet, and what may be ordered for them.
struct waiting_records {
  std::string part;
  std::string stage;
  /// Commands of the stage, with the payload `{"key":…,"reason":…,"by":…}`. One that comes twice
  /// changes nothing more.
  std::vector<std::string> orders;
  /// Visits until `visit` returns false.
  std::function<status(const stage_rows& of, const std::function<bool(waiting_record&&)>& visit)>
    list;
};

/// What a topology adds to the HTTP surface of the instance that runs it.
struct surface {
  std::string topology; ///< its name
  std::vector<state_query> queries;
  std::vector<state_gauges> gauges;
  std::vector<waiting_records> waiting;
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
