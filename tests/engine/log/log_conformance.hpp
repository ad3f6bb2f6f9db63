#pragma once

#include "tests/engine/log/log_under_test.hpp"

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <thread>

/// What every log promises. A log joins by a class (`log_under_test`) and by
/// `INSTANTIATE_TEST_SUITE_P` of `any_log` and of what it can in addition.
namespace sallyport::test {

using namespace std::chrono_literals;

using factory = std::unique_ptr<log_under_test> (*)();

template <class T>
std::unique_ptr<log_under_test> make() {
  return std::make_unique<T>();
}

inline record text_record(std::string value, std::string key = "k") {
  record rec;
  rec.key = std::move(key);
  rec.value = std::move(value);
  rec.timestamp = wall_time{123ms};
  return rec;
}

inline batch numbered(std::size_t count, std::size_t first = 0) {
  batch records;
  for (std::size_t i = 0; i < count; ++i)
    records.push_back(text_record(std::to_string(first + i)));
  return records;
}

class any_log : public testing::TestWithParam<std::pair<const char*, factory>> {
protected:
  std::unique_ptr<log_under_test> made = GetParam().second();
  const partition_id zero{"topic", 0};
  const partition_id one{"topic", 1};

  void SetUp() override {
    if (!made->missing.empty())
      GTEST_SKIP() << made->missing;
    topic({"topic", 2, 0ms, 0});
  }

  log& records() { return made->get(); }
  void topic(const topic_config& config) { ASSERT_TRUE(records().create_topic(config)); }
  std::int64_t append(const partition_id& to, batch all,
                      std::optional<std::string_view> key = std::nullopt) {
    auto first = records().append({to, std::move(all)}, key);
    EXPECT_TRUE(first) << first.error();
    return first.value_or(-1);
  }
  std::vector<log_record> read(const partition_id& of, std::int64_t from, read_limits limits = {}) {
    auto found = records().read(of, from, limits);
    EXPECT_TRUE(found) << found.error();
    return found ? std::move(*found) : std::vector<log_record>{};
  }
  std::vector<std::string> values(const partition_id& of, std::int64_t from,
                                  read_limits limits = {}) {
    std::vector<std::string> all;
    for (auto found = read(of, from, limits); !found.empty(); found = read(of, from, limits))
      for (const auto& one_record : found) {
        if (made->offsets_are_consecutive) {
          EXPECT_EQ(one_record.offset, from);
        }
        EXPECT_GE(one_record.offset, from);
        from = one_record.offset + 1;
        all.push_back(one_record.rec.value.str());
      }
    return all;
  }
  offset_range range(const partition_id& of) {
    auto found = records().offsets(of);
    EXPECT_TRUE(found);
    return found.value_or(offset_range{-1, -1});
  }
  void set_position(const std::string& application, const partition_id& of, std::int64_t next) {
    log_commit commit;
    commit.application = application;
    commit.positions.push_back({of, next});
    auto done = records().commit(commit);
    ASSERT_TRUE(done) << done.error();
  }
  std::uint64_t retain() {
    auto dropped = records().retain(made->clock.now());
    EXPECT_TRUE(dropped) << dropped.error();
    return dropped.value_or(0);
  }
};

inline std::vector<std::string> numbers(std::size_t from, std::size_t to) {
  std::vector<std::string> all;
  for (; from < to; ++from)
    all.push_back(std::to_string(from));
  return all;
}

// -- topics ---------------------------------------------------------------------------------------

TEST_P(any_log, a_topic_is_found_with_what_it_was_made_with) {
  topic_config wanted{"other.topic-1_x", 7, 5s, 99};
  topic(wanted);
  EXPECT_EQ(records().find_topic("other.topic-1_x"), wanted);
  EXPECT_EQ(records().find_topic("none"), std::nullopt);
  EXPECT_EQ(records().topics().size(), 2U);
}

TEST_P(any_log, a_topic_made_again_keeps_its_records_and_its_partitions) {
  append(one, numbered(3));
  topic({"topic", 2, 0ms, 0});
  EXPECT_EQ(range(one).end, 3);
  auto refused = records().create_topic({"topic", 3, 0ms, 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::already_exists);
}

TEST_P(any_log, impossible_topics_are_refused) {
  EXPECT_FALSE(records().create_topic({"", 1, 0ms, 0}));
  EXPECT_FALSE(records().create_topic({"with space", 1, 0ms, 0}));
  EXPECT_FALSE(records().create_topic({"a", 0, 0ms, 0}));
  EXPECT_FALSE(records().create_topic({"a", 1, -1ms, 0}));
}

TEST_P(any_log, an_unknown_topic_or_partition_is_not_found) {
  for (const auto& of : {partition_id{"none", 0}, partition_id{"topic", 2}}) {
    EXPECT_EQ(records().offsets(of).error().code, errc::not_found);
    EXPECT_EQ(records().read(of, 0, {}).error().code, errc::not_found);
    EXPECT_EQ(records().append({of, numbered(1)}).error().code, errc::not_found);
    EXPECT_EQ(records().position("app", of).error().code, errc::not_found);
  }
}

// -- records --------------------------------------------------------------------------------------

TEST_P(any_log, records_are_read_in_the_order_of_their_appends) {
  EXPECT_EQ(append(zero, numbered(5)), 0);
  EXPECT_EQ(append(zero, numbered(2500, 5)), 5);
  EXPECT_EQ(append(zero, numbered(1, 2505)), 2505);
  EXPECT_EQ(range(zero), (offset_range{0, 2506}));
  for (std::size_t records_max : {1000U, 1024U, 7U})
    EXPECT_EQ(values(zero, 0, {records_max, 1U << 20U}), numbers(0, 2506));
  EXPECT_EQ(values(zero, 777, {100, 1U << 20U}), numbers(777, 2506));
  EXPECT_EQ(values(zero, 3, {2000, 64}), numbers(3, 2506));
}

TEST_P(any_log, partitions_have_offsets_of_their_own) {
  append(zero, numbered(3));
  append(one, numbered(2, 100));
  EXPECT_EQ(values(zero, 0), numbers(0, 3));
  EXPECT_EQ(values(one, 0), numbers(100, 102));
}

TEST_P(any_log, a_read_at_the_end_is_empty_and_below_the_begin_an_error) {
  append(zero, numbered(3));
  EXPECT_TRUE(read(zero, 3).empty());
  EXPECT_TRUE(read(zero, 99).empty());
  EXPECT_TRUE(read(zero, 0, {0, 100}).empty());
  auto below = records().read(zero, -1, {});
  ASSERT_FALSE(below);
  EXPECT_EQ(below.error().code, errc::out_of_range);
}

TEST_P(any_log, null_and_empty_keys_and_values_and_all_headers_come_back_as_they_were) {
  batch all(4);
  all[0].key = bytes{};
  all[0].value = "";
  all[1].key = "";
  all[1].value = bytes{};
  all[2] = text_record(std::string{"\0\xff", 2}, std::string{"\n\0", 2});
  all[2].headers = {{"a", "1"}, {"a", "2"}, {"", ""}};
  all[3].timestamp = wall_time{-5ms};
  if (!made->times_before_1970)
    for (auto& each : all)
      each.timestamp = wall_time{1'700'000'000'000ms};
  append(zero, all);
  auto found = read(zero, 0);
  ASSERT_EQ(found.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(found[i].rec, all[i]) << i;
}

TEST_P(any_log, a_big_record_comes_back_whole_even_beyond_the_limit_of_a_read) {
  auto big = text_record(std::string(8U << 20U, 'x'));
  append(zero, {text_record("before"), big, text_record("after")});
  EXPECT_EQ(read(zero, 0).size(), 1U);
  auto found = read(zero, 1);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].rec, big);
  EXPECT_EQ(read(zero, 2).at(0).rec.value.view(), "after");
}

TEST_P(any_log, a_read_keeps_to_its_bytes) {
  append(zero, batch(10, text_record(std::string(100, 'x'), "")));
  EXPECT_EQ(read(zero, 0, {1024, 350}).size(), 3U);
  EXPECT_EQ(read(zero, 3, {1024, 1}).size(), 1U);
}

TEST_P(any_log, records_outlive_their_read_and_the_log) {
  append(zero, batch(20, text_record(std::string(1000, 'x'))));
  auto found = read(zero, 0);
  made.reset();
  ASSERT_EQ(found.size(), 20U);
  for (const auto& each : found)
    EXPECT_EQ(each.rec.value.view(), std::string(1000, 'x'));
}

TEST_P(any_log, an_empty_append_writes_nothing_and_gives_the_end) {
  append(zero, numbered(4));
  EXPECT_EQ(append(zero, {}), 4);
  EXPECT_EQ(range(zero).end, 4);
}

// -- commits --------------------------------------------------------------------------------------

TEST_P(any_log, a_commit_writes_records_positions_and_state) {
  append(zero, numbered(3));
  log_commit commit;
  commit.application = "app";
  commit.appends = {{one, numbered(2)}, {zero, numbered(1, 3)}, {one, numbered(2, 2)}};
  commit.positions = {{zero, 3}, {one, 4}};
  commit.state.put(family::state, "s", "1");
  commit.state.put(family::journal, "j", "2");
  ASSERT_TRUE(records().commit(commit));
  EXPECT_EQ(values(one, 0), numbers(0, 4));
  EXPECT_EQ(values(zero, 0), numbers(0, 4));
  EXPECT_EQ(records().position("app", zero).value(), 3);
  EXPECT_EQ(records().position("app", one).value(), 4);
  EXPECT_EQ(records().position("other", one).value(), std::nullopt);
  EXPECT_EQ(made->state().get(family::state, "s").value(), "1");
  EXPECT_EQ(made->state().get(family::journal, "j").value(), "2");
}

TEST_P(any_log, a_commit_that_is_refused_has_changed_nothing) {
  append(zero, numbered(3));
  log_commit good;
  good.application = "app";
  good.appends = {{zero, numbered(1)}};
  good.positions = {{zero, 1}};
  good.state.put(family::state, "s", "1");
  auto bad_topic = good;
  bad_topic.appends.push_back({{"none", 0}, numbered(1)});
  auto bad_position = good;
  bad_position.positions.push_back({{"topic", 5}, 0});
  auto beyond = good;
  beyond.positions[0].next = 5;
  auto nameless = good;
  nameless.application.clear();
  for (const auto& bad : {bad_topic, bad_position, beyond, nameless})
    EXPECT_FALSE(records().commit(bad));
  EXPECT_EQ(range(zero).end, 3);
  EXPECT_EQ(records().position("app", zero).value(), std::nullopt);
  EXPECT_EQ(made->state().get(family::state, "s").value(), std::nullopt);
  EXPECT_TRUE(records().commit(good));
  EXPECT_EQ(values(zero, 0).size(), 4U);
}

TEST_P(any_log, a_position_may_be_set_back) {
  append(zero, numbered(3));
  set_position("app", zero, 3);
  set_position("app", zero, 1);
  EXPECT_EQ(records().position("app", zero).value(), 1);
}

TEST_P(any_log, concurrent_writers_leave_no_gap_and_keep_their_own_order) {
  constexpr int writers = 6;
  constexpr int rounds = 40;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int writer = 0; writer < writers; ++writer)
    threads.emplace_back([&, writer] {
      for (int round = 0; round < rounds; ++round) {
        auto name = std::to_string(writer) + "/" + std::to_string(round);
        if (writer % 2 == 0) {
          failures += records().append({zero, {text_record(name)}}) ? 0 : 1;
          continue;
        }
        log_commit commit;
        commit.appends = {{zero, {text_record(name)}}};
        commit.state.put(family::state, name, "");
        failures += records().commit(commit) ? 0 : 1;
      }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(failures, 0);
  auto all = values(zero, 0);
  ASSERT_EQ(all.size(), static_cast<std::size_t>(writers * rounds));
  std::vector<int> next(writers, 0);
  for (const auto& name : all) {
    auto writer = std::stoul(name);
    EXPECT_EQ(name, std::to_string(writer) + "/" + std::to_string(next[writer]++));
  }
}

// -- idempotency ----------------------------------------------------------------------------------

TEST_P(any_log, an_append_with_a_used_key_writes_nothing_and_gives_the_first_offset) {
  append(zero, numbered(3));
  EXPECT_EQ(append(zero, numbered(2), "key"), 3);
  const auto other = append(zero, numbered(2), "other");
  EXPECT_GE(other, 5);
  if (made->offsets_are_consecutive) {
    EXPECT_EQ(other, 5);
  }
  EXPECT_EQ(append(zero, numbered(2), "key"), 3);
  EXPECT_EQ(values(zero, 0).size(), 7U);
  made->reopen();
  EXPECT_EQ(append(zero, numbered(2), "key"), 3);
}

TEST_P(any_log, keys_belong_to_their_topic_and_have_a_length) {
  topic({"second", 1, 0ms, 0});
  append(zero, numbered(3));
  EXPECT_EQ(append(zero, numbered(1), "key"), 3);
  EXPECT_EQ(append({"second", 0}, numbered(1), "key"), 0);
  EXPECT_FALSE(records().append({zero, numbered(1)}, ""));
  EXPECT_FALSE(records().append({zero, numbered(1)}, std::string(5000, 'k')));
}

TEST_P(any_log, a_key_is_forgotten_after_a_day) {
  ASSERT_EQ(append(zero, numbered(1), "key"), 0);
  made->clock.advance(24h - 1ms);
  retain();
  EXPECT_EQ(append(zero, numbered(1), "key"), 0);
  made->clock.advance(1ms);
  retain();
  EXPECT_GT(append(zero, numbered(1), "key"), 0);
  EXPECT_EQ(values(zero, 0).size(), 2U);
}

// -- retention ------------------------------------------------------------------------------------

/// Logs that drop what is too old by themselves, when they are told to, and wait for readers.
class any_retaining_log : public any_log {};

TEST_P(any_retaining_log, a_topic_made_again_takes_the_retention) {
  topic({"topic", 2, 9s, 8});
  EXPECT_EQ(records().find_topic("topic"), (topic_config{"topic", 2, 9s, 8}));
}

TEST_P(any_retaining_log, records_older_than_the_bound_are_dropped_and_reading_them_is_an_error) {
  topic({"topic", 2, 10s, 0});
  append(zero, numbered(3));
  made->clock.advance(6s);
  append(zero, numbered(2, 3));
  EXPECT_EQ(retain(), 0U);
  made->clock.advance(4s);
  EXPECT_EQ(retain(), 3U);
  EXPECT_EQ(range(zero), (offset_range{3, 5}));
  EXPECT_EQ(values(zero, 3), numbers(3, 5));
  EXPECT_EQ(records().read(zero, 2, {}).error().code, errc::out_of_range);
}

TEST_P(any_retaining_log, offsets_go_on_after_all_records_were_dropped) {
  topic({"topic", 2, 10s, 0});
  append(zero, numbered(3));
  made->clock.advance(10s);
  EXPECT_EQ(retain(), 3U);
  EXPECT_EQ(range(zero), (offset_range{3, 3}));
  made->reopen();
  EXPECT_EQ(range(zero), (offset_range{3, 3}));
  EXPECT_EQ(append(zero, numbered(1)), 3);
}

TEST_P(any_retaining_log, the_oldest_records_beyond_the_size_are_dropped) {
  topic({"topic", 2, 0ms, 5000});
  for (int i = 0; i < 10; ++i)
    append(zero, {text_record(std::string(1000, 'x'))});
  auto dropped = retain();
  EXPECT_GE(dropped, 5U);
  EXPECT_LE(dropped, 7U);
  EXPECT_EQ(range(zero).begin, static_cast<std::int64_t>(dropped));
  EXPECT_EQ(retain(), 0U);
  append(zero, {text_record(std::string(1000, 'x'))});
  EXPECT_EQ(retain(), 1U);
}

TEST_P(any_log, without_bounds_nothing_is_dropped) {
  append(zero, numbered(3));
  made->clock.advance(100 * 24h);
  EXPECT_EQ(retain(), 0U);
}

TEST_P(any_retaining_log, what_an_application_has_not_read_is_never_dropped) {
  topic({"topic", 2, 10s, 1});
  for (std::size_t i = 0; i < 4; ++i) {
    append(zero, numbered(1, i));
    append(one, numbered(1, i));
  }
  set_position("slow", zero, 2);
  set_position("fast", zero, 4);
  set_position("fast", one, 4);
  made->clock.advance(100s);
  // "slow" reads the topic and has no position in partition 1: it has read nothing there.
  EXPECT_EQ(retain(), 2U);
  EXPECT_EQ(range(zero).begin, 2);
  EXPECT_EQ(range(one).begin, 0);
  set_position("slow", zero, 4);
  set_position("slow", one, 4);
  EXPECT_EQ(retain(), 6U);
}

// -- restart --------------------------------------------------------------------------------------

/// Logs that outlive their process.
class any_durable_log : public any_log {};

TEST_P(any_durable_log, everything_acknowledged_is_there_after_a_restart) {
  append(zero, numbered(3000));
  // Longer than the records are old: a broker drops what is too old whenever it likes.
  const topic_config second{"second", 3, 24h * 36'500, 8};
  topic(second);
  log_commit commit;
  commit.application = "app";
  commit.appends = {{{"second", 2}, numbered(2)}};
  commit.positions = {{zero, 9}};
  commit.state.put(family::state, "s", "1");
  ASSERT_TRUE(records().commit(commit));
  ASSERT_TRUE(made->reopen());
  EXPECT_EQ(values(zero, 0), numbers(0, 3000));
  EXPECT_EQ(values({"second", 2}, 0), numbers(0, 2));
  EXPECT_EQ(records().find_topic("second"), second);
  EXPECT_EQ(records().position("app", zero).value(), 9);
  EXPECT_EQ(made->state().get(family::state, "s").value(), "1");
  EXPECT_EQ(append(zero, numbered(1)), 3000);
}

// -- listeners ------------------------------------------------------------------------------------

TEST_P(any_log, a_listener_hears_of_each_partition_of_a_commit_and_may_use_the_log) {
  std::mutex guard;
  std::vector<partition_id> heard;
  auto handle = records().subscribe([&](const partition_id& of) {
    {
      // A log that others write to may tell more than once, and from a thread of its own.
      std::lock_guard lock{guard};
      if (made->tells_once || std::ranges::find(heard, of) == heard.end())
        heard.push_back(of);
    }
    EXPECT_GT(range(of).end, 0);
    EXPECT_FALSE(read(of, 0).empty());
  });
  append(one, numbered(1));
  log_commit commit;
  commit.appends = {{one, numbered(1)}, {zero, numbered(1)}, {one, numbered(1)}, {zero, {}}};
  ASSERT_TRUE(records().commit(commit));
  if (made->tells_once) {
    EXPECT_EQ(heard, (std::vector{one, zero, one}));
    EXPECT_FALSE(records().append({{"none", 0}, numbered(1)}));
    ASSERT_TRUE(records().append({zero, numbered(1)}, "key"));
    ASSERT_TRUE(records().append({zero, numbered(1)}, "key"));
    EXPECT_EQ(heard.size(), 4U);
  }
  records().unsubscribe(handle);
  EXPECT_EQ((std::set<partition_id>{heard.begin(), heard.end()}), (std::set{zero, one}));
  const auto before = heard.size();
  append(one, numbered(1));
  EXPECT_EQ(heard.size(), before);
}

TEST_P(any_log, a_listener_may_unsubscribe_itself) {
  int heard = 0;
  std::uint64_t handle = 0;
  handle = records().subscribe([&](const partition_id&) {
    ++heard;
    records().unsubscribe(handle);
  });
  append(one, numbered(1));
  append(one, numbered(1));
  EXPECT_EQ(heard, 1);
}

} // namespace sallyport::test
