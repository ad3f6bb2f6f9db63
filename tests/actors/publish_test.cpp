#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

TEST(publish, a_record_is_written_as_it_is_and_done) {
  auto h = harness_of("publish", "to: telemetry");
  const auto r = record_of("k", "v", {{"a", "1"}, {"a", "2"}});
  h.feed(r);
  EXPECT_EQ(h.published("telemetry"), std::vector{r});
  EXPECT_EQ(h.count_of(term::done), 1u);
}

} // namespace
} // namespace sallyport::actors_test
