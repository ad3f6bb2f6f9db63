#include "engine/core/murmur2.hpp"

#include <array>
#include <cstdint>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace sallyport {
namespace {

std::int32_t hash(std::string_view text) { return static_cast<std::int32_t>(murmur2(text)); }

TEST(murmur2_hash, it_is_that_of_kafkas_clients) {
  EXPECT_EQ(hash("21"), -973932308);
  EXPECT_EQ(hash("foobar"), -790332482);
  EXPECT_EQ(hash("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(hash("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(hash("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(hash("abc"), 479470107);
}

TEST(murmur2_hash, bytes_above_127_are_not_signed) {
  // All lengths of the tail, so that a sign would spill into the upper bits of each.
  std::set<std::uint32_t> seen;
  for (std::size_t size = 0; size <= 8; ++size)
    seen.insert(murmur2(std::string(size, '\xff')));
  EXPECT_EQ(seen.size(), 9U);
}

TEST(murmur2_hash, a_key_finds_its_partition_without_the_sign) {
  EXPECT_EQ(partition_of("21", 10), static_cast<std::uint32_t>(-973932308 & 0x7fffffff) % 10);
  for (std::uint32_t partitions : {1U, 2U, 7U, 64U})
    for (int key = 0; key < 100; ++key)
      EXPECT_LT(partition_of(std::to_string(key), partitions), partitions);
}

TEST(murmur2_hash, keys_spread_over_partitions) {
  std::array<int, 8> counts{};
  for (int key = 0; key < 8000; ++key)
    ++counts.at(partition_of(std::to_string(1'200'000 + key), 8));
  for (int count : counts) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
}

} // namespace
} // namespace sallyport
