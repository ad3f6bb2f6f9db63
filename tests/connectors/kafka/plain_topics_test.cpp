#include "connectors/kafka/kafka_egress.hpp"
#include "connectors/kafka/kafka_ingress.hpp"
#include "tests/connectors/kafka/kafka_under_test.hpp"
#include "tests/support/kafka_client.hpp"
#include "tests/support/wait.hpp"

#include "engine/connectors/source_position.hpp"
#include "engine/core/murmur2.hpp"
#include "engine/log/memory_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <thread>

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;

/// A time that the retention of a foreign topic does not drop.
const wall_time lately = system_wall_clock{}.now() - std::chrono::hours{1};

std::int64_t lately_ms(int plus = 0) { return lately.time_since_epoch().count() + plus; }

/// A topic of a foreign cluster, and a log in memory beside it.
class plain_topics_test : public testing::Test {
protected:
  const std::string name = kafka_name("plain");
  const std::string foreign = name + ".foreign";
  const topic_config topic{"events", 3, 0ms, 0};
  manual_clock clock{wall_time{1'769'850'000'123ms}};
  memory_store rows;
  memory_log log{rows, clock};
  std::optional<kafka_client> outside;

  void SetUp() override {
    SALLYPORT_KAFKA_SKIP();
    outside.emplace(kafka().bootstrap_servers);
    outside->create_topic(foreign, 2);
    ASSERT_TRUE(log.create_topic(topic));
  }

  [[nodiscard]] kafka::ingress_options source() const {
    kafka::ingress_options made;
    made.from.bootstrap_servers = kafka().bootstrap_servers;
    made.from.client_id = "test";
    made.topic = foreign;
    made.session_timeout = 6s;
    return made;
  }
  [[nodiscard]] kafka::egress_options sink(bool outward) const {
    kafka::egress_options made;
    made.to.bootstrap_servers = outward ? kafka().bootstrap_servers : "";
    made.to.client_id = "test";
    made.topic = foreign;
    return made;
  }

  [[nodiscard]] std::vector<log_record> records(std::uint32_t partition) const {
    return log.read({topic.name, partition}, 0, {100'000, 1U << 30U}).value();
  }
  [[nodiscard]] std::vector<std::string> values() const {
    std::vector<std::string> all;
    for (std::uint32_t i = 0; i < topic.partitions; ++i)
      for (const auto& each : records(i))
        all.push_back(each.rec.value.str());
    return all;
  }

  /// Runs it until the condition holds.
  template <class Connector, class Target, class Condition>
  static void run_until(Connector& what, const Target& with, Condition holds) {
    status ended;
    std::thread thread{[&] { ended = what.run(with); }};
    try {
      EXPECT_TRUE(eventually(holds));
    } catch (const std::exception& e) { // a broker that took too long to answer
      ADD_FAILURE() << e.what();
    }
    what.stop();
    thread.join();
    EXPECT_TRUE(ended) << ended.error();
  }
  void produce(int from, int to) const {
    std::vector<kafka_record> all;
    for (int i = from; i < to; ++i) {
      kafka_record made;
      made.key = "key" + std::to_string(i % 7);
      made.value = std::to_string(i);
      all.push_back(made);
    }
    outside->produce(foreign, all);
  }
};

// -- ingress --------------------------------------------------------------------------------------

TEST_F(plain_topics_test, records_come_with_key_value_headers_and_time) {
  kafka_record whole{0, -1, lately_ms(3), "key", "value", {{"a", "1"}}};
  kafka_record empty{1, -1, lately_ms(4), "", "", {}};
  kafka_record none{1, -1, lately_ms(5), std::nullopt, std::nullopt, {}};
  outside->produce(foreign, {whole, empty, none});
  kafka::kafka_ingress from{source()};
  run_until(from, ingress::target{&log, topic, "app"}, [&] { return values().size() == 3; });
  const auto by_key = records(partition_of("key", 3));
  ASSERT_FALSE(by_key.empty());
  const record wanted{"key", "value", {{"a", "1"}}, lately + 3ms};
  EXPECT_TRUE(std::ranges::any_of(by_key, [&](const auto& each) { return each.rec == wanted; }));
  // Without a key: to the partition of the same number.
  const record tombstone{bytes{}, bytes{}, {}, lately + 5ms};
  const auto same = records(1);
  EXPECT_TRUE(std::ranges::any_of(same, [&](const auto& each) { return each.rec == tombstone; }));
  EXPECT_TRUE(eventually([&] {
    const auto told = outside->committed("app.kafka-" + short_hash(foreign + "\nevents"), foreign);
    return told == (std::vector<std::int64_t>{1, 2});
  }));
}

TEST_F(plain_topics_test, a_restart_neither_loses_nor_repeats_a_record) {
  std::set<std::string> wanted;
  for (int round = 0; round < 3; ++round) {
    produce(round * 500, (round + 1) * 500);
    kafka::kafka_ingress from{source()};
    const auto before = values().size();
    // Stopped in the middle, at any record.
    run_until(from, ingress::target{&log, topic, "app"}, [&] { return values().size() > before; });
  }
  kafka::kafka_ingress rest{source()};
  run_until(rest, ingress::target{&log, topic, "app"}, [&] { return values().size() >= 1500; });
  const auto all = values();
  EXPECT_EQ(all.size(), 1500U);
  EXPECT_EQ((std::set<std::string>{all.begin(), all.end()}).size(), 1500U);
  for (std::uint32_t i = 0; i < topic.partitions; ++i) {
    std::map<std::string, int> last;
    for (const auto& each : records(i)) {
      const auto number = std::stoi(each.rec.value.str());
      EXPECT_LT(last.emplace(each.rec.key.str(), -1).first->second, number);
      last[each.rec.key.str()] = number;
    }
  }
}

TEST_F(plain_topics_test, two_instances_share_the_partitions) {
  produce(0, 300);
  kafka::kafka_ingress first{source()};
  kafka::kafka_ingress second{source()};
  status ended;
  const ingress::target target{&log, topic, "app"};
  std::thread thread{[&] { ended = first.run(target); }};
  run_until(second, target, [&] { return values().size() >= 300; });
  produce(300, 600);
  EXPECT_TRUE(eventually([&] { return values().size() >= 600; }));
  first.stop();
  thread.join();
  EXPECT_TRUE(ended) << ended.error();
  const auto all = values();
  EXPECT_EQ(all.size(), 600U);
  EXPECT_EQ((std::set<std::string>{all.begin(), all.end()}).size(), 600U);
}

TEST_F(plain_topics_test, from_the_end_only_what_comes_later_is_taken_also_after_a_restart) {
  produce(0, 10);
  auto options = source();
  options.from_end = true;
  const ingress::target target{&log, topic, "app"};
  kafka::kafka_ingress idle{options};
  run_until(idle, target, [&] {
    // Both positions are noted before any record comes.
    return log.topics().size() == 3 && log.offsets({log.topics()[0].name, 0})->end > 0 &&
           log.offsets({log.topics()[1].name, 0})->end > 0;
  });
  produce(10, 20);
  kafka::kafka_ingress later{options};
  run_until(later, target, [&] { return values().size() >= 10; });
  auto all = values();
  std::ranges::sort(all);
  EXPECT_EQ(all.front(), "10");
  EXPECT_EQ(all.size(), 10U);
}

TEST_F(plain_topics_test, a_position_that_the_source_no_longer_has_is_an_error) {
  produce(0, 10);
  const ingress::target target{&log, topic, "app"};
  kafka::kafka_ingress before{source()};
  run_until(before, target, [&] { return values().size() == 10; });
  outside->delete_topic(foreign);
  EXPECT_TRUE(eventually([&] {
    try {
      outside->create_topic(foreign, 2);
      return true;
    } catch (const std::exception&) {
      return false; // it is being deleted still
    }
  }));
  kafka::kafka_ingress after{source()};
  const auto ended = after.run(target);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, errc::out_of_range) << ended.error();
}

// -- egress ---------------------------------------------------------------------------------------

TEST_F(plain_topics_test, records_go_to_another_cluster_once_and_in_order) {
  for (int i = 0; i < 100; ++i) {
    record made{
      bytes{"key" + std::to_string(i % 5)}, bytes{std::to_string(i)}, {{"h", "1"}}, lately};
    ASSERT_TRUE(log.append({{topic.name, partition_of(made.key, 3)}, {made}}));
  }
  for (int round = 0; round < 2; ++round) {
    kafka::kafka_egress to{sink(true)};
    run_until(to, egress::source{&log, topic, "app"},
              [&] { return outside->read(foreign).size() >= 100; });
  }
  const auto all = outside->read(foreign);
  EXPECT_EQ(all.size(), 100U);
  std::map<std::string, int> last;
  for (const auto& each : all) {
    EXPECT_EQ(each.partition, static_cast<std::int32_t>(partition_of(*each.key, 2)));
    EXPECT_EQ(each.time_ms, lately_ms());
    EXPECT_EQ(each.headers, (std::map<std::string, std::string>{{"h", "1"}}));
    EXPECT_LT(last.emplace(*each.key, -1).first->second, std::stoi(*each.value));
    last[*each.key] = std::stoi(*each.value);
  }
}

TEST_F(plain_topics_test, to_a_topic_of_the_log_itself_records_and_position_are_one_commit) {
  system_wall_clock now;
  kafka_process process{name, "a", now};
  const topic_config from{name + ".source", 2, 0ms, 0};
  ASSERT_TRUE(process.records->create_topic(from));
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(process.records->append(
      {{from.name, 0}, {{bytes{"k"}, bytes{std::to_string(i)}, {}, now.now()}}}));
  for (int round = 0; round < 2; ++round) {
    kafka::kafka_egress to{sink(false)};
    run_until(to, egress::source{process.records.get(), from, name},
              [&] { return outside->read(foreign).size() >= 20; });
  }
  EXPECT_EQ(outside->read(foreign).size(), 20U);
}

TEST_F(plain_topics_test, an_egress_without_its_topic_says_so) {
  auto options = sink(true);
  options.topic = name + ".none";
  kafka::kafka_egress to{options};
  const auto ended = to.run(egress::source{&log, topic, "app"});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, errc::not_found);
}

} // namespace
} // namespace sallyport::test
