#include "engine/testing/replay.hpp"

#include "tests/engine/testing/two_parts.hpp"

#include "engine/core/binary.hpp"
#include "engine/core/murmur2.hpp"
#include "engine/lane/journal.hpp"
#include "engine/lane/orders.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::testing {
namespace {

/// A run with timers, calls that fail, restarts, a failed commit, commands, a pause.
struct run {
  driver d;

  explicit run(std::uint32_t partitions = 2) : d{two_parts::plan(partitions)} {
    d.answer("peer", [](const made_call& c) {
      auto status = c.request.method == "PUT" && c.tries == 1 ? 503 : 200;
      if (c.request.path.ends_with("-3"))
        status = 409;
      return scripted_answer{{status, {}, "", "", false}, duration{c.tries * 300}};
    });
    for (int i = 0; i < 40; ++i) {
      auto key = std::string(1, static_cast<char>('a' + i % 5));
      d.feed("in", {i % 2 == 0 ? bytes{} : bytes{key},
                    bytes{(i % 11 == 0 ? "throw-" : key + "-") + std::to_string(i)},
                    {},
                    {}});
      if (i % 6 == 0)
        d.advance(duration{700});
      if (i % 13 == 0)
        d.restart();
      if (i == 20)
        d.command("sync", "hold", "flush", "");
      if (i == 24 || i == 30)
        d.command("sync", "hold", std::string{lane::orders::pause},
                  lane::encode(lane::paused_ports{i == 24, {}}));
    }
    d.log().inject_commit_failure(error::external(errc::injected_fault, "no"));
    EXPECT_THROW(d.advance(std::chrono::seconds{5}), lane::engine_failure);
    d.restart();
    d.advance(std::chrono::seconds{5});
    d.answer("other", [](const made_call& c) {
      return scripted_answer{{c.tries % 2 == 1 ? 0 : 200, {}, "", "", false}, duration{900}};
    });
    d.advance(std::chrono::seconds{2});
    d.restart();
    d.advance(std::chrono::hours{1});
    EXPECT_GT(d.failures(), 0U);
    EXPECT_GT(d.topic("told").size(), 30U);
  }

  [[nodiscard]] result<replayed> again() { return replay(d.plan(), d.log(), d.state()); }
};

std::string encoded(const std::vector<record>& records) {
  std::vector<std::string> all;
  for (const auto& r : records)
    binary::put_record(all.emplace_back(), r);
  std::string joined;
  for (const auto& r : all)
    joined += r;
  return joined;
}

TEST(replay, a_run_with_timers_calls_failures_and_restarts_gives_the_same_records_and_rows) {
  run first;
  auto again = first.again();
  ASSERT_TRUE(again.has_value()) << again.error();
  auto found = differences(*again, first.d.plan(), first.d.log(), first.d.state());
  ASSERT_TRUE(found.has_value()) << found.error();
  EXPECT_EQ(*found, std::vector<std::string>{});
  auto rows = first.d.state().dump(family::state);
  EXPECT_EQ(again->state, (std::map<std::string, std::string>{rows.begin(), rows.end()}));
  EXPECT_EQ(again->lanes.size(), 4U);
}

TEST(replay, the_records_of_one_lane_come_in_the_order_of_its_topics) {
  run first{1};
  auto again = first.again();
  ASSERT_TRUE(again.has_value()) << again.error();
  for (const char* name : {"work", "said", "told", "graves"}) {
    std::vector<record> sent;
    for (const auto& lane : again->lanes)
      for (const auto& p : lane.outputs)
        if (p.to == name)
          sent.push_back(p.rec);
    EXPECT_FALSE(sent.empty()) << name;
    EXPECT_EQ(encoded(sent), encoded(first.d.topic(name))) << name;
  }
}

TEST(replay, a_topology_that_was_changed_shows_its_differences) {
  run first;
  auto changed = first.d.plan();
  changed.topology.parts[1].stages[0].op = &two_parts::entry<two_parts::bury>("bury", {});
  changed.topology.parts[1].stages.resize(1);
  auto again = replay(changed, first.d.log(), first.d.state());
  ASSERT_FALSE(again.has_value());
  EXPECT_NE(again.error().what.find("lane sync/"), std::string::npos) << again.error();

  auto limited = first.d.plan();
  limited.limits.circuit_failing_keys = 1;
  again = replay(limited, first.d.log(), first.d.state());
  ASSERT_TRUE(again.has_value()) << again.error();
  auto found = differences(*again, limited, first.d.log(), first.d.state());
  ASSERT_TRUE(found.has_value()) << found.error();
  EXPECT_FALSE(found->empty());
}

// -- a journal that was tampered with ----------------------------------------------------------

/// A copy of the run's rows with the journal blocks of one lane changed.
std::unique_ptr<memory_store>
with_journal(const run& of, const std::string& part,
             const std::function<void(std::vector<store_change>&)>& change) {
  auto copy = std::make_unique<memory_store>();
  store_batch batch;
  for (const auto& [key, value] : of.d.state().dump(family::state))
    batch.put(family::state, key, value);
  std::vector<store_change> blocks;
  auto prefix = lane::journal_prefix(part, 0);
  for (const auto& [key, value] : of.d.state().dump(family::journal)) {
    if (key.starts_with(prefix))
      blocks.push_back({family::journal, key, value});
    else
      batch.put(family::journal, key, value);
  }
  change(blocks);
  batch.changes.insert(batch.changes.end(), blocks.begin(), blocks.end());
  EXPECT_TRUE(copy->write(batch, false).has_value());
  return copy;
}

void repair_checksum(std::string& row) {
  std::string fixed = row.substr(0, 1);
  binary::put_be32(fixed, murmur2(std::string_view{row}.substr(5)));
  row.replace(0, 5, fixed);
}

void expect_refused(run& of, const std::unique_ptr<memory_store>& rows,
                    const std::string& because) {
  auto again = replay(of.d.plan(), of.d.log(), *rows);
  ASSERT_FALSE(again.has_value()) << because;
  EXPECT_NE(again.error().what.find(because), std::string::npos) << again.error();
}

TEST(replay, a_byte_of_the_journal_that_was_changed_is_noticed_wherever_it_is) {
  run first;
  auto blocks = first.d.state().dump(family::journal);
  for (std::size_t b = 0; b < blocks.size(); b += 23) {
    for (std::size_t at = 0; at < blocks[b].second.size(); at += 11) {
      memory_store copy;
      store_batch batch;
      for (const auto& [key, value] : first.d.state().dump(family::state))
        batch.put(family::state, key, value);
      for (const auto& [key, value] : blocks)
        batch.put(family::journal, key, value);
      auto row = blocks[b].second;
      row[at] = static_cast<char>(row[at] ^ 0x10);
      batch.put(family::journal, blocks[b].first, row);
      ASSERT_TRUE(copy.write(batch, false).has_value());
      auto again = replay(first.d.plan(), first.d.log(), copy);
      ASSERT_FALSE(again.has_value()) << "block " << b << " byte " << at;
    }
  }
}

TEST(replay, a_block_that_is_missing_is_noticed) {
  run first;
  expect_refused(first, with_journal(first, "sync", [](auto& b) { b.erase(b.begin()); }),
                 "the journal of lane sync/0: input 1 is missing");
  expect_refused(first, with_journal(first, "sync", [](auto& b) { b.erase(b.begin() + 3); }),
                 "is missing");
  expect_refused(first, with_journal(first, "sync", [](auto& b) { b.pop_back(); }),
                 "it ends too early");
  expect_refused(first, with_journal(first, "intake", [](auto& b) { b.clear(); }),
                 "it ends too early");
}

TEST(replay, a_reply_that_was_changed_with_its_checksum_shows_in_what_comes_of_it) {
  run first;
  auto rows = with_journal(first, "sync", [](auto& blocks) {
    // Makes the first 503 of a write a 200: its call is settled at once.
    for (auto& b : blocks) {
      std::string signed_503;
      binary::put_signed(signed_503, 503);
      auto at = b.value->find(signed_503, 5);
      if (at == std::string::npos)
        continue;
      std::string signed_200;
      binary::put_signed(signed_200, 200);
      b.value->replace(at, signed_503.size(), signed_200);
      repair_checksum(*b.value);
      return;
    }
    FAIL() << "no such reply";
  });
  auto again = replay(first.d.plan(), first.d.log(), *rows);
  ASSERT_TRUE(again.has_value()) << again.error();
  auto found = differences(*again, first.d.plan(), first.d.log(), *rows);
  ASSERT_TRUE(found.has_value()) << found.error();
  EXPECT_FALSE(found->empty());
}

TEST(replay, a_block_of_a_lane_that_is_not_there_is_noticed) {
  run first;
  auto rows = with_journal(first, "sync", [](auto& b) {
    b.push_back({family::journal, lane::journal_prefix("elsewhere", 0) + "x", "y"});
  });
  expect_refused(first, rows, "lanes that the topology has not");
}

TEST(replay, records_that_are_no_longer_on_the_log_are_told) {
  run first;
  memory_store other_rows;
  manual_clock clock{wall_time{}};
  memory_log other{other_rows, clock};
  for (const auto& [name, topic] : first.d.plan().topics)
    ASSERT_TRUE(other.create_topic(topic).has_value());
  auto again = replay(first.d.plan(), other, first.d.state());
  ASSERT_FALSE(again.has_value());
  EXPECT_NE(again.error().what.find("the log has no record at offset 0"), std::string::npos)
    << again.error();
}

TEST(replay, records_of_other_keys_on_the_log_are_noticed) {
  run first;
  memory_store other_rows;
  manual_clock clock{wall_time{}};
  memory_log other{other_rows, clock};
  for (const auto& [name, topic] : first.d.plan().topics) {
    ASSERT_TRUE(other.create_topic(topic).has_value());
    for (std::uint32_t p = 0; p < topic.partitions; ++p)
      for (int i = 0; i < 100; ++i)
        ASSERT_TRUE(other.append({{name, p}, {{bytes{"z"}, bytes{"z-1"}, {}, {}}}}).has_value());
  }
  auto again = replay(first.d.plan(), other, first.d.state());
  ASSERT_FALSE(again.has_value());
  EXPECT_NE(again.error().what.find("does not fit to the records on the log"), std::string::npos)
    << again.error();
}

} // namespace
} // namespace sallyport::testing
