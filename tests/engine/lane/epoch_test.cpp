#include "engine/core/murmur2.hpp"
#include "engine/lane/epoch.hpp"
#include "engine/state/memory_store.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace sallyport::lane {
namespace {

// -- compose -----------------------------------------------------------------------------

published sent(std::uint64_t number, const std::string& to, bytes key, const std::string& value) {
  return {number, to, {std::move(key), bytes{value}, {}, {}}};
}

lane_epoch epoch_of(const lane_name& name, std::vector<std::vector<published>> by_stage) {
  lane_epoch e;
  e.lane = &name;
  e.entry.position = {{name.source, name.partition}, 100 + name.partition};
  for (std::size_t s = 0; s < by_stage.size(); ++s) {
    epoch_part part;
    part.stage = s;
    part.prefix = name.text() + "/" + std::to_string(s) + "/";
    memory_store nothing;
    overlay rows{nothing, part.prefix};
    rows.put("put", "value");
    rows.erase("erased");
    part.rows = rows.seal();
    part.outputs = std::move(by_stage[s]);
    e.parts.push_back(std::move(part));
  }
  return e;
}

std::string values(const log_append& of) {
  std::string all;
  for (const auto& r : of.records)
    all += r.value.str() + " ";
  return all;
}

const topic_map topics{{"out", {"real-out", 1, duration{0}, 0}},
                       {"wide", {"real-wide", 4, duration{0}, 0}}};

TEST(compose, records_of_a_lane_go_out_by_the_number_that_caused_them_then_by_stage) {
  lane_name name{"app", "part", 0, "in"};
  std::vector<lane_epoch> lanes;
  lanes.push_back(epoch_of(
    name, {{sent(1, "out", {}, "1a"), sent(1, "out", {}, "1b"), sent(3, "out", {}, "3a")},
           {sent(1, "out", {}, "1c"), sent(2, "out", {}, "2a"), sent(3, "out", {}, "3b")}}));
  auto commit = compose("app", lanes, topics);
  EXPECT_EQ(commit.application, "app");
  ASSERT_EQ(commit.appends.size(), 1U);
  EXPECT_EQ(commit.appends[0].to, (partition_id{"real-out", 0}));
  EXPECT_EQ(values(commit.appends[0]), "1a 1b 1c 2a 3a 3b ");
}

TEST(compose, a_key_chooses_the_partition_and_without_one_it_is_that_of_the_lane) {
  lane_name name{"app", "part", 6, "in"};
  std::vector<lane_epoch> lanes;
  lanes.push_back(
    epoch_of(name, {{sent(1, "wide", bytes{"key"}, "keyed"), sent(2, "wide", bytes{""}, "empty"),
                     sent(3, "wide", {}, "keyless")}}));
  auto commit = compose("app", lanes, topics);
  std::map<std::uint32_t, std::string> by_partition;
  for (const auto& append : commit.appends)
    by_partition[append.to.partition] += values(append);
  std::map<std::uint32_t, std::string> expected;
  expected[partition_of("key", 4)] += "keyed ";
  expected[partition_of("", 4)] += "empty ";
  expected[6 % 4] += "keyless ";
  EXPECT_EQ(by_partition, expected);
}

TEST(compose, positions_and_rows_of_all_lanes_are_in_it_also_of_those_that_write_nothing) {
  lane_name one{"app", "part", 0, "in"};
  lane_name two{"app", "part", 1, "in"};
  std::vector<lane_epoch> lanes;
  lanes.push_back(epoch_of(one, {{sent(1, "out", {}, "first lane")}}));
  lanes.push_back(epoch_of(two, {{}, {}}));
  lanes[1].entry.changes.push_back({family::journal, "block", "row"});
  auto commit = compose("app", lanes, topics);
  ASSERT_EQ(commit.positions.size(), 2U);
  EXPECT_EQ(commit.positions[1].from, (partition_id{"in", 1}));
  EXPECT_EQ(commit.positions[1].next, 101);
  EXPECT_EQ(commit.state.changes,
            (std::vector<store_change>{{family::state, "part/0/0/erased", std::nullopt},
                                       {family::state, "part/0/0/put", "value"},
                                       {family::state, "part/1/0/erased", std::nullopt},
                                       {family::state, "part/1/0/put", "value"},
                                       {family::state, "part/1/1/erased", std::nullopt},
                                       {family::state, "part/1/1/put", "value"},
                                       {family::journal, "block", "row"}}));
}

// -- epoch_cycle --------------------------------------------------------------------------

struct epoch_cycle_test : testing::Test {
  topology::limits limits;
  epoch_cycle::instant start{};

  epoch_cycle cycle() {
    limits.commit_interval = 100ms;
    limits.commit_linger = 5ms;
    limits.epoch_records_max = 10;
    limits.epoch_bytes_max = 1000;
    return epoch_cycle{limits};
  }
};

TEST_F(epoch_cycle_test, an_epoch_with_nothing_in_it_does_not_end) {
  auto c = cycle();
  EXPECT_EQ(c.open(), 1U);
  EXPECT_FALSE(c.end_at().has_value());
  EXPECT_FALSE(c.should_end(start + 1h));
}

TEST_F(epoch_cycle_test, it_ends_by_the_interval_after_a_linger_for_records_and_at_once_for_calls) {
  auto c = cycle();
  c.admitted(1, 10, start);
  c.admitted(1, 10, start + 50ms);
  EXPECT_EQ(c.end_at(), start + 100ms) << "from the first input on";
  EXPECT_FALSE(c.should_end(start + 99ms));
  EXPECT_TRUE(c.should_end(start + 100ms));
  c.outputs_wait();
  EXPECT_EQ(c.end_at(), start + 5ms);
  c.effects_wait();
  EXPECT_TRUE(c.should_end(start));
}

TEST_F(epoch_cycle_test, one_that_is_full_takes_nothing_more_and_ends_at_once) {
  auto c = cycle();
  c.admitted(9, 10, start);
  EXPECT_TRUE(c.may_admit());
  c.admitted(1, 10, start);
  EXPECT_FALSE(c.may_admit());
  EXPECT_TRUE(c.should_end(start));
  auto d = cycle();
  d.admitted(1, 1000, start);
  EXPECT_FALSE(d.may_admit());
}

TEST_F(epoch_cycle_test, the_next_one_opens_at_the_barrier_and_ends_only_after_the_commit) {
  auto c = cycle();
  c.admitted(10, 10, start);
  EXPECT_EQ(c.end(), 1U);
  EXPECT_EQ(c.open(), 2U);
  EXPECT_TRUE(c.ending());
  EXPECT_TRUE(c.may_admit());
  c.admitted(10, 10, start + 1ms);
  c.effects_wait();
  EXPECT_FALSE(c.should_end(start + 1h)) << "a commit is under way, and no third epoch is opened";
  EXPECT_FALSE(c.may_admit());
  c.committed();
  EXPECT_TRUE(c.should_end(start + 1ms));
  EXPECT_EQ(c.end(), 2U);
}

} // namespace
} // namespace sallyport::lane
