#include "engine/lane/generations.hpp"

#include "engine/lane/rows.hpp"
#include "engine/services/backup.hpp"
#include "engine/state/memory_store.hpp"

#include <gtest/gtest.h>

namespace sallyport::lane {
namespace {

class generations_test : public ::testing::Test {
protected:
  void put(family where, std::string key, std::string value) {
    store_batch batch;
    batch.put(where, std::move(key), std::move(value));
    ASSERT_TRUE(store_.write(batch, true));
  }

  /// A lane that has got so far.
  void lane_at(const std::string& part, std::uint32_t partition, std::uint64_t next_number) {
    auto value = rows::value();
    binary::put_varint(value, next_number);
    put(family::state, rows::stage_prefix(part, partition, "") + rows::key(rows::kind::door),
        value);
    put(family::state, rows::stage_prefix(part, partition, "d") + rows::key(rows::kind::door, "x"),
        "a stage's row of another meaning");
  }

  void restore_at(std::uint64_t time) {
    put(family::meta, std::string{backup::new_generation_row}, std::to_string(time));
  }

  [[nodiscard]] generations open() {
    auto made = generations::open(store_);
    EXPECT_TRUE(made) << made.error().what;
    return made ? *made : generations{};
  }

  memory_store store_;
};

TEST_F(generations_test, there_is_one_until_a_backup_is_restored) {
  lane_at("intake", 0, 7);
  EXPECT_EQ(open().of("intake", 0, 1), generations::first);
  EXPECT_EQ(open().of("intake", 0, 1'000), generations::first);
}

TEST_F(generations_test, calls_that_were_open_in_the_backup_keep_theirs_and_new_ones_get_another) {
  lane_at("intake", 0, 7);
  lane_at("intake", 1, 9);
  restore_at(1'000);
  for (int starts = 0; starts < 2; ++starts) {
    const auto all = open();
    EXPECT_EQ(all.of("intake", 0, 6), generations::first);
    EXPECT_EQ(all.of("intake", 0, 7), 1'000U);
    EXPECT_EQ(all.of("intake", 1, 8), generations::first);
    EXPECT_EQ(all.of("intake", 1, 9), 1'000U);
    EXPECT_EQ(all.of("custody", 0, 1), 1'000U) << "a lane that was not there";
    lane_at("intake", 0, 50); // it works on until the next start
  }
}

TEST_F(generations_test, each_restore_begins_its_own) {
  lane_at("intake", 0, 7);
  restore_at(1'000);
  (void) open();
  lane_at("intake", 0, 20);
  restore_at(1'000);
  const auto all = open();
  EXPECT_EQ(all.of("intake", 0, 6), generations::first);
  EXPECT_EQ(all.of("intake", 0, 19), 1'000U);
  EXPECT_EQ(all.of("intake", 0, 20), 1'001U) << "also within one millisecond";
}

} // namespace
} // namespace sallyport::lane
