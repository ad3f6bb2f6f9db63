#pragma once

#include "engine/core/error.hpp"
#include "engine/core/wall_time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// What the engine itself keeps in the rows of its lanes (calls, circuits, timers, counts), for
/// people who look at a running instance. As `committed_state` for the rows of operators: whoever
/// reads here disturbs no lane.
namespace sallyport {

/// A stage of a lane.
struct stage_place {
  std::string part;
  std::uint32_t partition = 0;
  std::string stage;

  friend auto operator<=>(const stage_place&, const stage_place&) = default;
};

enum class call_state : std::uint8_t {
  under_way, ///< a try is being made, or begins with the next commit
  behind,    ///< an earlier call of its key is open
  retrying,  ///< it waits for the time of its next try
  held,      ///< by the circuit of its peer
  paused     ///< a person holds it back
};
[[nodiscard]] std::string_view to_string(call_state of) noexcept;

struct open_call {
  stage_place at;
  std::string id; ///< of the stage: `<number>/<position>`
  std::string peer;
  std::string key;
  std::string request; ///< method, and the path up to what may be personal: its first segment
  bool read = false;
  call_state state = call_state::under_way;
  std::uint32_t tries = 0;
  bool in_doubt = false; ///< an earlier try had no clear answer: it may have been done
  wall_time asked{};
  std::optional<wall_time> next_try;
  std::optional<int> last_status; ///< of the last try; 0: no answer
};

struct set_timer {
  stage_place at;
  std::string name;
  wall_time due{};
  bool of_engine = false; ///< it repeats a callback that failed
};

/// What stands for one stage of one lane beside its calls and timers.
struct stage_figures_view {
  stage_place at;
  std::map<std::string, std::int64_t> terms; ///< of its records; those that are not 0
  std::map<std::string, std::uint64_t> discarded;
  std::map<std::string, std::uint64_t> dead;
  std::int64_t made = 0;
  std::uint64_t timers = 0;
  std::optional<wall_time> next_timer;
  std::map<std::string, wall_time> circuits_open; ///< by peer: until when
  bool paused_all = false;
  std::set<std::string, std::less<>> paused;
};

/// The lanes of one instance, as of one commit.
class lanes_at_once {
public:
  virtual ~lanes_at_once() = default;

  /// Visits until `visit` returns false. Calls come stage by stage in the order they were asked.
  [[nodiscard]] virtual status calls(const std::function<bool(open_call&&)>& visit) const = 0;
  /// Timers come stage by stage in the order they fall due; those of a stage end with the first for
  /// which `visit` returns false.
  [[nodiscard]] virtual status timers(const std::function<bool(set_timer&&)>& visit) const = 0;
  [[nodiscard]] virtual result<std::vector<stage_figures_view>> stages() const = 0;
};

class committed_lanes {
public:
  virtual ~committed_lanes() = default;

  /// Holds the moment's state until it is let go. `now` decides what waits still.
  [[nodiscard]] virtual std::unique_ptr<lanes_at_once> look(wall_time now) const = 0;
};

} // namespace sallyport
