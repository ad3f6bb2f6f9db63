#include "engine/lane/circuit.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::lane {
namespace {

wall_time at(std::int64_t seconds) { return wall_time{std::chrono::seconds{seconds}}; }

constexpr circuit::settings three_keys{3, duration{15'000}};

circuit opened() {
  circuit c{three_keys};
  for (const char* key : {"a", "b", "c"})
    c.failed(key, at(0));
  return c;
}

TEST(circuit, opens_when_calls_of_many_keys_failed_and_never_for_one) {
  circuit c{three_keys};
  for (int i = 0; i < 100; ++i)
    c.failed("a", at(0));
  EXPECT_TRUE(c.allows(at(0)));
  c.failed("b", at(0));
  EXPECT_FALSE(c.open());
  c.failed("c", at(1));
  EXPECT_TRUE(c.open());
  EXPECT_EQ(c.open_until(), at(16));
  EXPECT_FALSE(c.allows(at(15)));
}

TEST(circuit, a_success_between_failures_begins_the_count_anew) {
  circuit c{three_keys};
  c.failed("a", at(0));
  c.failed("b", at(0));
  c.succeeded();
  c.failed("c", at(0));
  c.failed("a", at(0));
  EXPECT_FALSE(c.open());
}

TEST(circuit, lets_one_call_through_after_its_time_and_goes_by_its_answer) {
  auto c = opened();
  ASSERT_TRUE(c.allows(at(15)));
  c.started();
  EXPECT_TRUE(c.probing());
  EXPECT_FALSE(c.allows(at(100)));
  c.failed("d", at(20));
  EXPECT_FALSE(c.allows(at(34)));
  ASSERT_TRUE(c.allows(at(35)));
  c.started();
  c.succeeded();
  EXPECT_FALSE(c.open());
  EXPECT_TRUE(c.allows(at(35)));
  c.started();
  EXPECT_TRUE(c.allows(at(35))) << "closed again: not one call only";
}

TEST(circuit, a_call_that_started_before_it_opened_keeps_it_open) {
  auto c = opened();
  c.failed("late", at(10));
  EXPECT_EQ(c.open_until(), at(25));
}

TEST(circuit, comes_back_from_its_row_but_for_the_probe) {
  circuit closed{three_keys};
  closed.failed("a", at(0));
  closed.failed("b", at(0));
  auto again = circuit::load(closed.save(), three_keys);
  EXPECT_FALSE(again.open());
  again.failed("c", at(7));
  EXPECT_EQ(again.open_until(), at(22));

  auto c = opened();
  c.started();
  again = circuit::load(c.save(), three_keys);
  EXPECT_EQ(again.open_until(), at(15));
  EXPECT_FALSE(again.probing());
  EXPECT_TRUE(again.allows(at(15)));
  EXPECT_EQ(again.save(), c.save());
}

} // namespace
} // namespace sallyport::lane
