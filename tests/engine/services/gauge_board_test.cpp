#include "engine/services/gauge_board.hpp"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using namespace std::chrono_literals;

/// State without rows: the gauges of these tests do not look at it.
class no_rows final : public committed_state {
public:
  [[nodiscard]] std::unique_ptr<stage_rows> rows_of(std::string_view,
                                                    std::string_view) const override {
    struct none final : stage_rows {
      config::params params;
      [[nodiscard]] status scan(std::string_view, const row_visitor&) const override { return {}; }
      [[nodiscard]] result<std::optional<wall_time>> timer_due(std::string_view) const override {
        return std::nullopt;
      }
      [[nodiscard]] const config::params& with() const override { return params; }
    };
    return std::make_unique<none>();
  }
};

/// Gauges that say how often they were measured, and take `cost_` for it.
class gauge_board_test : public ::testing::Test {
protected:
  [[nodiscard]] double shown() {
    return metrics_.add_gauge("waiting", "", {{"kind", "all"}}).value();
  }

  no_rows state_;
  manual_clock clock_{wall_time{std::chrono::seconds{1'700'000'000}}};
  observe::metrics metrics_;
  std::chrono::steady_clock::time_point now_{1h};
  std::chrono::milliseconds cost_{0};
  int measured_ = 0;
  bool fails_ = false;
  std::vector<state_gauges> gauges_{
    {"part",
     "stage",
     {{"waiting", "What waits."}},
     [this](const stage_rows&, wall_time) -> result<std::vector<state_gauges::value>> {
       ++measured_;
       now_ += cost_;
       if (fails_)
         return fail(error::user(errc::invalid_data, "a row cannot be read"));
       return std::vector<state_gauges::value>{
         {"waiting", {{"kind", "all"}}, static_cast<double>(measured_)}};
     }}};
  gauge_board board_{gauges_, state_, clock_, metrics_, [this] { return now_; }};
};

TEST_F(gauge_board_test, scrapes_within_fifteen_seconds_share_one_scan) {
  board_.refresh();
  EXPECT_EQ(shown(), 1);
  now_ += 14'999ms;
  board_.refresh();
  EXPECT_EQ(shown(), 1);
  now_ += 1ms;
  board_.refresh();
  EXPECT_EQ(shown(), 2);
}

TEST_F(gauge_board_test, a_long_scan_is_followed_by_a_rest_of_twenty_times_its_length) {
  cost_ = 2s;
  board_.refresh();
  now_ += 39'999ms;
  board_.refresh();
  EXPECT_EQ(measured_, 1);
  now_ += 1ms;
  board_.refresh();
  EXPECT_EQ(measured_, 2);
}

TEST_F(gauge_board_test, rows_that_cannot_be_read_leave_the_values_as_they_were) {
  board_.refresh();
  fails_ = true;
  now_ += 15s;
  board_.refresh();
  EXPECT_EQ(measured_, 2);
  EXPECT_EQ(shown(), 1);
}

} // namespace
} // namespace sallyport
