#include "engine/lane/alignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sallyport::lane {
namespace {

event numbered(std::uint64_t number) {
  event e;
  e.number = number;
  return e;
}

TEST(alignment, a_round_is_complete_when_the_door_and_all_edges_spoke) {
  alignment a{2};
  EXPECT_FALSE(a.take().has_value());
  a.from_edge(1, 1, {numbered(5)});
  a.from_door(1, {{7, {}, tick{}}}, 3);
  EXPECT_FALSE(a.take().has_value());
  a.from_edge(1, 0, {});
  auto round = a.take();
  ASSERT_TRUE(round.has_value());
  EXPECT_EQ(round->round, 1U);
  EXPECT_EQ(round->barrier, 3U);
  EXPECT_EQ(round->signals.size(), 1U);
  EXPECT_TRUE(round->inputs[0].empty());
  EXPECT_EQ(round->inputs[1][0].number, 5U);
  EXPECT_FALSE(a.take().has_value());
}

TEST(alignment, rounds_are_taken_in_order_however_their_parts_arrive) {
  constexpr std::uint64_t rounds = 8;
  constexpr std::size_t edges = 3;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    std::vector<std::pair<std::uint64_t, std::size_t>> parts; // round, edge (or `edges`: the door)
    for (std::uint64_t r = 1; r <= rounds; ++r)
      for (std::size_t e = 0; e <= edges; ++e)
        parts.emplace_back(r, e);
    std::ranges::shuffle(parts, random);
    alignment a{edges};
    std::uint64_t next = 1;
    for (auto [round, edge] : parts) {
      if (edge == edges)
        a.from_door(round, {}, round % 2 == 0 ? std::optional{round} : std::nullopt);
      else
        a.from_edge(round, edge, {numbered(round * 10 + edge)});
      while (auto done = a.take()) {
        ASSERT_EQ(done->round, next);
        ASSERT_EQ(done->barrier.has_value(), next % 2 == 0);
        for (std::size_t e = 0; e < edges; ++e)
          ASSERT_EQ(done->inputs[e][0].number, next * 10 + e);
        ++next;
      }
    }
    ASSERT_EQ(next, rounds + 1);
  }
}

} // namespace
} // namespace sallyport::lane
