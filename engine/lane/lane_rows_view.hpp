#pragma once

#include "engine/lane/call_row.hpp"
#include "engine/lane/committed_rows.hpp"
#include "engine/services/committed_lanes.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace sallyport::lane {

/// What the engine keeps for the lanes of an instance, read from a store while they write it.
///
/// Thread safety: all functions may be called from any thread.
class lane_rows_view final : public committed_lanes {
public:
  /// Both outlive it. Without a filter all lanes are this instance's.
  lane_rows_view(const store& from, const topology::plan& of, lane_filter owns = {})
    : from_(from), plan_(of), owns_(std::move(owns)) {}

  [[nodiscard]] std::unique_ptr<lanes_at_once> look(wall_time now) const override;

private:
  const store& from_;
  const topology::plan& plan_;
  lane_filter owns_;
};

/// What is paused in a stage of a lane by its last commit.
[[nodiscard]] result<paused_ports> committed_pauses(const row_reader& in, const stage_place& of);

/// When a timer of an operator is due, if it is set. `stage_rows`: the prefix of the stage's rows.
[[nodiscard]] result<std::optional<wall_time>>
committed_timer(const row_reader& in, std::string_view stage_rows, std::string_view name);

} // namespace sallyport::lane
