#include "engine/lane/committed_rows.hpp"

#include "engine/core/assert.hpp"
#include "engine/lane/lane_rows_view.hpp"
#include "engine/lane/rows.hpp"

#include <vector>

namespace sallyport::lane {

namespace {

class rows_at_once final : public stage_rows {
public:
  rows_at_once(std::unique_ptr<row_reader> from, std::vector<std::string> stages,
               const config::params& with)
    : from_(std::move(from)), stages_(std::move(stages)), with_(with) {}

  [[nodiscard]] status scan(std::string_view prefix, const row_visitor& visit) const override {
    bool goes_on = true;
    for (const auto& stage : stages_) {
      const auto lane = stage + rows::key(rows::kind::state);
      const auto first = lane + std::string{prefix};
      SALLYPORT_CHECK(from_->scan(family::state, first, after_prefix(first),
                                  [&](std::string_view key, std::string_view value) {
                                    // Behind the version of the row's form stands the operator's.
                                    goes_on =
                                      visit(key.substr(lane.size()), value.substr(stored_before));
                                    return goes_on;
                                  }));
      if (!goes_on)
        break;
    }
    return {};
  }

  [[nodiscard]] result<std::optional<wall_time>> timer_due(std::string_view name) const override {
    for (const auto& stage : stages_) {
      SALLYPORT_TRY(const auto due, committed_timer(*from_, stage, name));
      if (due)
        return due;
    }
    return std::nullopt;
  }

  [[nodiscard]] const config::params& with() const override { return with_; }

private:
  static constexpr std::size_t stored_before = 1;

  std::unique_ptr<row_reader> from_;
  std::vector<std::string> stages_; ///< prefixes of the stage's rows, one a lane
  const config::params& with_;
};

} // namespace

std::unique_ptr<stage_rows> committed_rows::rows_of(std::string_view part,
                                                    std::string_view stage) const {
  std::vector<std::string> lanes;
  const config::params* with = nullptr;
  for (const auto& p : plan_.topology.parts) {
    if (p.name != part)
      continue;
    for (const auto& s : p.stages)
      if (s.name == stage)
        with = &s.with;
    const auto partitions = plan_.topics.at(p.reads).partitions;
    for (std::uint32_t i = 0; i < partitions; ++i)
      if (!owns_ || owns_(p.name, i))
        lanes.push_back(rows::stage_prefix(part, i, stage));
  }
  SALLYPORT_ASSERT(with != nullptr);
  return std::make_unique<rows_at_once>(from_.snapshot(), std::move(lanes), *with);
}

} // namespace sallyport::lane
