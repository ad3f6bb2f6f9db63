#pragma once

#include "engine/lane/door.hpp"
#include "engine/lane/epoch.hpp"
#include "engine/lane/stage.hpp"
#include "engine/lane/wiring.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::lane {

/// A whole lane in one thread: its door and its stages, without actors. What the driver of
/// `engine/testing` runs, and the reference for what the actors of `engine/runtime` do in parallel.
///
/// Confined to one thread.
class lane {
public:
  lane(lane_name name, const topology::part& part, const store& committed,
       const topology::limits& limits, const topic_map& topics, bool keeps_places = true);

  /// Reads door and stages from the store. `position`: where the log says the lane stands.
  void open(std::int64_t position);

  [[nodiscard]] door& entry() noexcept { return door_; }
  [[nodiscard]] const lane_name& name() const noexcept { return name_; }
  [[nodiscard]] const topology::part& part() const noexcept { return part_; }
  [[nodiscard]] const std::vector<std::unique_ptr<stage>>& stages() const noexcept {
    return stages_;
  }

  struct passage {
    std::vector<call_start> reads;
    std::optional<wall_time> next_due;
    std::size_t failures = 0;
  };
  /// Takes the inputs through all stages.
  [[nodiscard]] passage run(std::vector<event> events, std::vector<signal> signals);

  [[nodiscard]] lane_epoch seal();
  void committed();

  /// received + made - all terms: 0.
  [[nodiscard]] std::int64_t difference() const;

private:
  lane_name name_;
  const topology::part& part_;
  wiring wiring_;
  door door_;
  std::vector<std::unique_ptr<stage>> stages_;
};

/// The signals of a round by the stages that they concern: every tick concerns all of them, an
/// answer or a command one.
[[nodiscard]] std::vector<std::vector<signal>> by_stage(std::vector<signal> all,
                                                        std::size_t stages);

/// The key under which a peer can notice that a call is a repetition: the same for every try, on
/// any machine.
[[nodiscard]] std::string idempotency_key(const lane_name& lane, std::uint64_t generation,
                                          std::string_view stage, call_id call);

} // namespace sallyport::lane
