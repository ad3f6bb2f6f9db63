#include "engine/lane/committed_rows.hpp"

#include "engine/core/assert.hpp"
#include "engine/lane/rows.hpp"

#include <vector>

namespace sallyport::lane {

namespace {

class rows_at_once final : public stage_rows {
public:
  rows_at_once(std::unique_ptr<row_reader> from, std::vector<std::string> lanes,
               const config::params& with)
    : from_(std::move(from)), lanes_(std::move(lanes)), with_(with) {}

  [[nodiscard]] status scan(std::string_view prefix, const row_visitor& visit) const override {
    bool goes_on = true;
    for (const auto& lane : lanes_) {
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

  [[nodiscard]] const config::params& with() const override { return with_; }

private:
  static constexpr std::size_t stored_before = 1;

  std::unique_ptr<row_reader> from_;
  std::vector<std::string> lanes_; ///< prefixes of the stage's own rows
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
        lanes.push_back(rows::stage_prefix(part, i, stage) + rows::key(rows::kind::state));
  }
  SALLYPORT_ASSERT(with != nullptr);
  return std::make_unique<rows_at_once>(from_.snapshot(), std::move(lanes), *with);
}

} // namespace sallyport::lane
