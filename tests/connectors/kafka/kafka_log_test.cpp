#include "connectors/kafka/message.hpp"
#include "tests/connectors/kafka/kafka_under_test.hpp"
#include "tests/support/kafka_client.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;

record text_record(std::string value) {
  return {bytes{"k"}, bytes{std::move(value)}, {}, wall_time{1'700'000'000'000ms}};
}

/// Two processes of an application, and a topic.
class kafka_log_test : public testing::Test {
protected:
  const std::string name = kafka_name("log");
  const partition_id at{name + ".topic", 0};
  system_wall_clock clock;
  std::unique_ptr<kafka_process> a;
  std::unique_ptr<kafka_process> b;

  void SetUp() override {
    SALLYPORT_KAFKA_SKIP();
    a = std::make_unique<kafka_process>(name, "a", clock);
    b = std::make_unique<kafka_process>(name, "b", clock);
    ASSERT_TRUE(a->records->create_topic({at.topic, 2, 0ms, 0}));
  }

  static std::vector<std::string> values(const log& of, const partition_id& where) {
    std::vector<std::string> all;
    for (std::int64_t next = 0;;) {
      const auto found = of.read(where, next, {});
      EXPECT_TRUE(found) << found.error();
      if (!found || found->empty())
        return all;
      for (const auto& each : *found)
        all.push_back(each.rec.value.str());
      next = found->back().offset + 1;
    }
  }

  [[nodiscard]] log_commit commit_of(std::string value) const {
    log_commit made;
    made.application = name;
    made.appends = {{at, {text_record(std::move(value))}}};
    return made;
  }

  /// A producer as any other program may have it.
  [[nodiscard]] kafka::client outsider() const {
    auto how = kafka::make_conf({kafka().bootstrap_servers, "outsider", {}, {}},
                                {{"transactional.id", name + "/outsider"}});
    EXPECT_TRUE(how);
    auto made = kafka::make_client(RD_KAFKA_PRODUCER, std::move(*how));
    EXPECT_TRUE(made);
    EXPECT_EQ(rd_kafka_init_transactions(made->get(), 10'000), nullptr);
    return *made;
  }
  void write_open(const kafka::client& by, const record& what) const {
    EXPECT_EQ(rd_kafka_begin_transaction(by.get()), nullptr);
    const kafka::owned<rd_kafka_topic_t> topic{
      rd_kafka_topic_new(by.get(), at.topic.c_str(), nullptr)};
    EXPECT_EQ(kafka::produce(by.get(), topic.get(), at.partition, what, nullptr),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    EXPECT_EQ(rd_kafka_flush(by.get(), 10'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
};

// -- isolation and fencing ------------------------------------------------------------------------

TEST_F(kafka_log_test, a_reader_sees_neither_open_nor_aborted_records) {
  ASSERT_TRUE(a->records->append({at, {text_record("before")}}));
  const auto other = outsider();
  const auto open = text_record("open");
  write_open(other, open);
  ASSERT_TRUE(a->records->append({at, {text_record("behind")}}));
  EXPECT_EQ(values(*a->records, at), (std::vector<std::string>{"before"}));
  EXPECT_EQ(a->records->offsets(at)->end, 1);
  EXPECT_EQ(a->records->of().written_end(at).value(), 3);
  EXPECT_EQ(rd_kafka_abort_transaction(other.get(), 10'000), nullptr);
  EXPECT_TRUE(eventually([&] { return a->records->offsets(at)->end == 4; }));
  EXPECT_EQ(values(*a->records, at), (std::vector<std::string>{"before", "behind"}));

  const auto kept = text_record("kept");
  write_open(other, kept);
  EXPECT_EQ(values(*a->records, at), (std::vector<std::string>{"before", "behind"}));
  EXPECT_EQ(rd_kafka_commit_transaction(other.get(), 10'000), nullptr);
  EXPECT_TRUE(eventually([&] { return values(*a->records, at).size() == 3; }));
}

TEST_F(kafka_log_test, what_a_dead_process_left_open_is_settled_by_its_successor) {
  ASSERT_TRUE(a->records->commit(commit_of("first")));
  {
    // Its producer's name, as if it had died in the middle of a transaction.
    auto how = kafka::make_conf({kafka().bootstrap_servers, "dead", {}, {}},
                                {{"transactional.id", name + "/a/log"}});
    const auto dead = kafka::make_client(RD_KAFKA_PRODUCER, std::move(*how)).value();
    EXPECT_EQ(rd_kafka_init_transactions(dead.get(), 10'000), nullptr);
    const auto lost = text_record("lost");
    write_open(dead, lost);
  }
  a->restart();
  ASSERT_TRUE(a->records->commit(commit_of("second")));
  EXPECT_EQ(values(*a->records, at), (std::vector<std::string>{"first", "second"}));
}

TEST_F(kafka_log_test, of_two_processes_with_one_name_the_older_is_fenced) {
  kafka_process twin{name, "a", clock};
  ASSERT_TRUE(a->records->commit(commit_of("1")));
  ASSERT_TRUE(twin.records->commit(commit_of("2")));
  const auto refused = a->records->commit(commit_of("never"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::fenced) << refused.error();
  EXPECT_EQ(values(*twin.records, at), (std::vector<std::string>{"1", "2"}));
  // Its next commit has a new producer.
  EXPECT_TRUE(a->records->commit(commit_of("3")));
  EXPECT_EQ(values(*twin.records, at), (std::vector<std::string>{"1", "2", "3"}));
}

// -- several at once ------------------------------------------------------------------------------

TEST_F(kafka_log_test, a_key_that_two_processes_use_at_once_is_written_once) {
  constexpr int keys = 24;
  std::vector<std::map<int, std::int64_t>> offsets(4);
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (std::size_t who = 0; who < offsets.size(); ++who)
    threads.emplace_back([&, who] {
      auto& by = who % 2 == 0 ? *a->records : *b->records;
      for (int i = 0; i < keys; ++i) {
        // In opposite order, so that they meet.
        const auto key = who < 2 ? i : keys - 1 - i;
        const auto text = std::to_string(key);
        auto first = by.append({at, {text_record(text)}}, "key" + text);
        if (first)
          offsets[who][key] = *first;
        else
          failures += 1;
      }
    });
  for (auto& each : threads)
    each.join();
  EXPECT_EQ(failures, 0);
  for (const auto& each : offsets)
    EXPECT_EQ(each, offsets.front());
  auto all = values(*a->records, at);
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::unique(all).size(), 0U);
  EXPECT_EQ(all.size(), static_cast<std::size_t>(keys));
}

TEST_F(kafka_log_test, a_commit_that_the_broker_refuses_does_not_harm_those_beside_it) {
  const partition_id small{name + ".small", 0};
  kafka_client{kafka().bootstrap_servers}.create_topic(small.topic, 1,
                                                       {{"max.message.bytes", "10000"}});
  std::vector<std::thread> threads;
  std::atomic<int> refused{0};
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      auto mine = commit_of(std::to_string(i));
      // Noise, so that no compression makes it small.
      std::string noise;
      for (unsigned seed = 1; noise.size() < 50'000; seed = seed * 48271U % 2147483647U)
        noise += static_cast<char>(seed);
      if (i % 4 == 0)
        mine.appends.push_back({small, {text_record(noise)}});
      const auto done = a->records->commit(mine);
      (done ? good : refused) += 1;
      if (!done) {
        EXPECT_EQ(done.error().code, errc::limit_reached) << done.error();
      }
    });
  for (auto& each : threads)
    each.join();
  EXPECT_EQ(good, 6);
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(values(*a->records, at).size(), 6U);
  EXPECT_TRUE(values(*a->records, small).empty());
}

TEST_F(kafka_log_test, readers_of_one_partition_go_at_their_own_pace) {
  batch all;
  for (int i = 0; i < 3000; ++i)
    all.push_back(text_record(std::to_string(i)));
  ASSERT_TRUE(a->records->append({at, all}));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int who = 0; who < 6; ++who)
    threads.emplace_back([&, who] {
      std::int64_t next = 100 * who;
      while (next < 3000) {
        const auto found =
          a->records->read(at, next, {static_cast<std::size_t>(100 + who), 1U << 20U});
        if (!found || found->empty() || found->front().offset != next) {
          ++wrong;
          return;
        }
        next = found->back().offset + 1;
      }
    });
  for (auto& each : threads)
    each.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(kafka_log_test, who_read_to_the_end_hears_of_records_of_others) {
  std::atomic<int> heard{0};
  const auto handle = a->records->subscribe([&](const partition_id& of) {
    EXPECT_EQ(of, at);
    ++heard;
  });
  const auto nothing = a->records->read(at, 0, {});
  ASSERT_TRUE(nothing) << nothing.error();
  EXPECT_TRUE(nothing->empty());
  ASSERT_TRUE(b->records->append({at, {text_record("x")}}));
  EXPECT_TRUE(eventually([&] { return heard > 0; }));
  EXPECT_EQ(a->records->read(at, 0, {})->size(), 1U);
  a->records->unsubscribe(handle);
}

// -- topics ---------------------------------------------------------------------------------------

TEST_F(kafka_log_test, a_topic_that_is_otherwise_than_wanted_is_refused_with_what_to_do) {
  const kafka_client outside{kafka().bootstrap_servers};
  outside.create_topic(name + ".compacted", 1, {{"cleanup.policy", "compact"}});
  outside.create_topic(name + ".short", 1, {{"retention.ms", "1000"}});
  const auto compacted = a->records->create_topic({name + ".compacted", 1, 0ms, 0});
  ASSERT_FALSE(compacted);
  EXPECT_NE(compacted.error().what.find("cleanup.policy=delete"), std::string::npos);
  const auto brief = a->records->create_topic({name + ".short", 1, 1h, 0});
  ASSERT_FALSE(brief);
  EXPECT_EQ(brief.error().code, errc::already_exists);
  EXPECT_NE(brief.error().what.find("retention.ms=1000, and 3600000 is wanted"), std::string::npos)
    << brief.error();
  EXPECT_TRUE(a->records->create_topic({name + ".short", 1, 1s, 0}));
  EXPECT_TRUE(a->records->create_topic({name + ".short", 1, 0ms, 0}));
}

TEST_F(kafka_log_test, a_topic_deleted_underneath_is_not_found_and_not_made_anew) {
  ASSERT_TRUE(a->records->append({at, {text_record("x")}}));
  ASSERT_TRUE(a->records->commit(commit_of("y")));
  const kafka_client outside{kafka().bootstrap_servers};
  outside.delete_topic(at.topic);
  EXPECT_TRUE(eventually([&] {
    const auto gone = a->records->offsets(at);
    return !gone && gone.error().code == errc::not_found;
  }));
  EXPECT_FALSE(a->records->append({at, {text_record("z")}}));
  EXPECT_FALSE(a->records->commit(commit_of("z")));
  EXPECT_EQ(a->records->find_topic(at.topic), std::nullopt);
}

} // namespace
} // namespace sallyport::test
