#include "engine/lane/counts.hpp"
#include "engine/lane/door.hpp"
#include "engine/lane/journal.hpp"
#include "engine/lane/rows.hpp"
#include "engine/state/memory_store.hpp"

#include "engine/core/binary.hpp"
#include "engine/core/murmur2.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::lane {
namespace {

wall_time at(std::int64_t seconds) { return wall_time{std::chrono::seconds{seconds}}; }

// -- counts --------------------------------------------------------------------------------

TEST(counts, come_back_from_their_row_and_a_damaged_row_closes_the_lane) {
  stage_counts c;
  c.at(term::held) = 7;
  c.at(term::done) = 1'000'000'000'000;
  c.at(term::in_call) = -2;
  c.made = -5;
  c.discarded["unwanted"] = 3;
  c.dead["internal"] = 4;
  c.dead["record_too_big"] = 1;
  c.timers = 8;
  c.queued = 9;
  c.in_line = 10;
  auto row = c.encode();
  EXPECT_EQ(stage_counts::decode(row), c);
  EXPECT_EQ(c.sum(), 1'000'000'000'005);
  for (std::size_t size = 1; size < row.size(); ++size)
    EXPECT_THROW((void) stage_counts::decode(std::string_view{row}.substr(0, size)), engine_failure)
      << size;
}

// -- journal and door ------------------------------------------------------------------------

log_record on_log(std::int64_t offset, bytes key = {}) {
  return {offset, {std::move(key), bytes{"value"}, {}, {}}};
}

struct door_test : testing::Test {
  memory_store store;
  lane_name name{"app", "main", 3, "in"};
  topology::part part;
  std::unique_ptr<door> d;

  void SetUp() override {
    part.name = "main";
    part.stages.resize(2);
    part.stages[0].name = "first";
    part.stages[1].name = "second";
    open(0);
  }
  void open(std::int64_t position) {
    d = std::make_unique<door>(name, part, store);
    d->open(position);
  }
  door::sealed commit() {
    auto sealed = d->seal();
    store_batch batch;
    batch.changes = sealed.changes;
    EXPECT_TRUE(store.write(batch, false).has_value());
    return sealed;
  }
  std::vector<event> admit(std::vector<log_record> records, wall_time now) {
    return d->admit(std::move(records), now);
  }
};

TEST_F(door_test, numbers_grow_over_all_inputs_and_restarts) {
  EXPECT_EQ(d->admit(tick{true}, at(1)).number, 1U);
  auto events = admit({on_log(0), on_log(1)}, at(2));
  EXPECT_EQ(events[1].number, 3U);
  EXPECT_EQ(events[1].now, at(2));
  EXPECT_EQ(events[1].offset, 1);
  EXPECT_EQ(d->admit(command{0, "c", ""}, at(3)).number, 4U);
  EXPECT_EQ(commit().position.next, 2);
  EXPECT_EQ(d->admit(tick{}, at(4)).number, 5U);
  open(0); // what was not committed is gone, and its numbers are given again
  EXPECT_EQ(d->next_number(), 5U);
  EXPECT_EQ(d->next_offset(), 2);
  EXPECT_EQ(d->received(), 2);
}

TEST_F(door_test, a_record_that_was_let_in_before_is_dropped) {
  (void) admit({on_log(0), on_log(1), on_log(2)}, at(1));
  auto events = admit({on_log(1), on_log(2), on_log(3)}, at(2));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].offset, 3);
  EXPECT_EQ(d->dropped(), 2U);
  EXPECT_EQ(d->received(), 4);
  EXPECT_TRUE(admit({on_log(0)}, at(3)).empty());
}

TEST_F(door_test, nothing_let_in_means_nothing_to_write_but_the_position) {
  open(17);
  auto sealed = commit();
  EXPECT_TRUE(sealed.changes.empty());
  EXPECT_EQ(sealed.position.next, 17);
  EXPECT_EQ(sealed.position.from, (partition_id{"in", 3}));
}

TEST_F(door_test, the_journal_has_all_that_was_let_in) {
  open(10);
  (void) d->admit(tick{true}, at(1));
  (void) admit({on_log(10, bytes{"k"}), on_log(11), on_log(14, bytes{"j"})}, at(2));
  call_answer said{503, {{"Retry-After", "3"}}, "body", "why", true};
  (void) d->admit(answer{1, {9, 2}, said}, at(3));
  (void) d->admit(command{0, "flush", "all"}, at(4));
  (void) d->admit(tick{}, at(5));
  auto sealed = commit();
  ASSERT_EQ(sealed.changes.size(), 2U);
  EXPECT_EQ(sealed.changes[0].where, family::journal);
  auto key = journal_prefix("main", 3);
  binary::put_be64(key, 1);
  EXPECT_EQ(sealed.changes[0].key, key);
  auto block = read_journal_block(*sealed.changes[0].value);
  ASSERT_TRUE(block.has_value()) << block.error();
  std::vector<std::uint32_t> keys{murmur2("k"), murmur2("j")};
  std::ranges::sort(keys);
  EXPECT_EQ(block->keys, keys);
  ASSERT_EQ(block->entries.size(), 6U);
  const auto& opened = std::get<journal_signal>(block->entries[0]);
  EXPECT_TRUE(std::get<tick>(opened.what).opened);
  EXPECT_EQ(opened.next_offset, 10);
  EXPECT_EQ(std::get<journal_records>(block->entries[1]), (journal_records{2, at(2), 10, 2}));
  EXPECT_EQ(std::get<journal_records>(block->entries[2]), (journal_records{4, at(2), 14, 1}))
    << "the log may leave gaps";
  const auto& replied = std::get<journal_signal>(block->entries[3]);
  EXPECT_EQ(replied.stage, "second");
  EXPECT_EQ(replied.number, 5U);
  EXPECT_EQ(replied.now, at(3));
  EXPECT_EQ(std::get<answer>(replied.what).call, (call_id{9, 2}));
  EXPECT_EQ(std::get<answer>(replied.what).what, said);
  const auto& ordered = std::get<journal_signal>(block->entries[4]);
  EXPECT_EQ(ordered.stage, "first");
  EXPECT_EQ(std::get<command>(ordered.what).name, "flush");
  EXPECT_EQ(std::get<command>(ordered.what).payload, "all");
  EXPECT_FALSE(std::get<tick>(std::get<journal_signal>(block->entries[5]).what).opened);
}

TEST_F(door_test, a_damaged_or_foreign_block_of_the_journal_is_refused) {
  (void) admit({on_log(0, bytes{"k"})}, at(2));
  (void) d->admit(answer{1, {9, 2}, {200, {}, "body", "", false}}, at(3));
  auto row = *commit().changes[0].value;
  for (std::size_t size = 0; size < row.size(); ++size)
    EXPECT_FALSE(read_journal_block(std::string_view{row}.substr(0, size)).has_value()) << size;
  for (std::size_t i = 0; i < row.size(); ++i) {
    auto damaged = row;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(read_journal_block(damaged).has_value()) << i;
  }
  row[0] = static_cast<char>(rows::row_format + 1);
  auto foreign = read_journal_block(row);
  ASSERT_FALSE(foreign.has_value());
  EXPECT_EQ(foreign.error().what,
            "a block of the journal has format 3, which this version cannot read");
}

TEST_F(door_test, expired_blocks_are_a_range_that_ends_before_the_youngest) {
  auto blocks = [&] { return store.dump(family::journal).size(); };
  auto drop = [&](wall_time before) {
    auto range = expired_journal(store, name, before);
    EXPECT_TRUE(range.has_value());
    if (*range) {
      store_batch batch;
      batch.drops.push_back(**range);
      EXPECT_TRUE(store.write(batch, false).has_value());
    }
  };
  drop(at(100));
  for (int i = 1; i <= 5; ++i) {
    (void) d->admit(tick{}, at(i * 10));
    (void) commit();
  }
  lane_name neighbour{"app", "main", 4, "in"};
  door other{neighbour, part, store};
  other.open(0);
  (void) other.admit(tick{}, at(1));
  store_batch batch;
  batch.changes = other.seal().changes;
  ASSERT_TRUE(store.write(batch, false).has_value());
  drop(at(10));
  EXPECT_EQ(blocks(), 6U);
  drop(at(31));
  EXPECT_EQ(blocks(), 3U);
  drop(at(1000));
  EXPECT_EQ(blocks(), 2U) << "the last one stays, and so does that of the other lane";
}

} // namespace
} // namespace sallyport::lane
