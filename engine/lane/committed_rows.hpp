#pragma once

#include "engine/services/state_query.hpp"
#include "engine/topology/plan.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport::lane {

/// Whether a lane is this instance's: with several of them, each has the rows of lanes that it has
/// given away too.
using lane_filter = std::function<bool(const std::string& part, std::uint32_t partition)>;

/// The committed rows of the operators, read from a store while the lanes write it.
///
/// Thread safety: all functions may be called from any thread.
class committed_rows final : public committed_state {
public:
  /// Both outlive it. Without a filter all lanes are this instance's.
  committed_rows(const store& from, const topology::plan& of, lane_filter owns = {})
    : from_(from), plan_(of), owns_(std::move(owns)) {}

  [[nodiscard]] std::unique_ptr<stage_rows> rows_of(std::string_view part,
                                                    std::string_view stage) const override;

private:
  const store& from_;
  const topology::plan& plan_;
  lane_filter owns_;
};

} // namespace sallyport::lane
