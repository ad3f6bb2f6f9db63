#include "connectors/kafka/appender.hpp"
#include "connectors/kafka/key_table.hpp"
#include "connectors/kafka/transactions.hpp"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

#include <atomic>
#include <memory>
#include <vector>

/// Answers that a broker gives seldom, from librdkafka's mock cluster. It does not isolate
/// transactions: what a reader may see is tested on a real one.
namespace sallyport::kafka {
namespace {

using namespace std::chrono_literals;

// Kafka's numbers of requests.
constexpr std::int16_t produce_request = 0;
constexpr std::int16_t init_producer_id = 22;
constexpr std::int16_t add_partitions = 24;
constexpr std::int16_t add_offsets = 25;
constexpr std::int16_t end_transaction = 26;
constexpr std::int16_t commit_offsets = 28;

class protocol_faults : public testing::Test {
protected:
  struct destroy_mock {
    void operator()(rd_kafka_mock_cluster_t* p) const { rd_kafka_mock_cluster_destroy(p); }
  };

  client host = make_client(RD_KAFKA_PRODUCER, conf{rd_kafka_conf_new()}).value();
  std::unique_ptr<rd_kafka_mock_cluster_t, destroy_mock> mock{
    rd_kafka_mock_cluster_new(host.get(), 3)};
  const partition_id at{"topic", 0};
  manual_clock clock{wall_time{1'700'000'000'000ms}};
  std::unique_ptr<cluster> to = cluster::open(connection()).value();
  std::unique_ptr<key_table> keys =
    std::make_unique<key_table>(*to, "keys", std::int16_t{1}, clock);

  protocol_faults() {
    EXPECT_EQ(rd_kafka_mock_topic_create(mock.get(), "topic", 2, 3), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  [[nodiscard]] kafka::connection connection() const {
    return {rd_kafka_mock_cluster_bootstraps(mock.get()), "test", {}, {}};
  }
  [[nodiscard]] std::unique_ptr<transactions> named(const std::string& id) {
    return std::make_unique<transactions>(*to, id, 10'000ms, *keys);
  }
  void answer(std::int16_t request, std::vector<rd_kafka_resp_err_t> with) {
    rd_kafka_mock_push_request_errors_array(mock.get(), request, with.size(), with.data());
  }
  [[nodiscard]] std::int64_t count() const { return to->written_end(at).value(); }

  status commit(transactions& by, const std::string& value, std::int64_t position = -1) {
    const std::vector<log_append> appends{{at, {{bytes{"k"}, bytes{value}, {}, clock.now()}}}};
    const std::vector<log_position> positions{{{"topic", 1}, position}};
    transactions::work what;
    what.appends = appends;
    what.group = "app";
    if (position >= 0)
      what.positions = positions;
    return by.run(what);
  }
};

TEST_F(protocol_faults, an_append_outlives_leaders_that_move) {
  answer(produce_request,
         {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
          RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS});
  appender by{*to};
  const auto written = by.append({at, batch(3, {bytes{"k"}, bytes{"v"}, {}, clock.now()})});
  ASSERT_TRUE(written) << written.error();
  EXPECT_EQ(*written, (offset_range{0, 3}));
  EXPECT_EQ(count(), 3);
}

TEST_F(protocol_faults, an_append_that_is_refused_says_so_and_the_next_goes_on) {
  appender by{*to};
  const log_append one{at, {{bytes{"k"}, bytes{"v"}, {}, clock.now()}}};
  ASSERT_TRUE(by.append(one));
  answer(produce_request, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  const auto refused = by.append(one);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::limit_reached) << refused.error();
  EXPECT_EQ(refused.error().retry, retry_hint::never);
  EXPECT_TRUE(by.append(one));
}

TEST_F(protocol_faults, a_commit_outlives_coordinators_that_move) {
  answer(init_producer_id,
         {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR});
  answer(add_partitions,
         {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR});
  answer(add_offsets, {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE});
  answer(commit_offsets, {RD_KAFKA_RESP_ERR_NOT_COORDINATOR});
  answer(end_transaction,
         {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS});
  const auto by = named("moving");
  const auto done = commit(*by, "1", 0);
  EXPECT_TRUE(done) << done.error();
  EXPECT_EQ(count(), 1);
}

TEST_F(protocol_faults, a_commit_without_an_answer_is_asked_for_again) {
  const auto by = named("silent");
  ASSERT_TRUE(commit(*by, "1"));
  // The connection goes in place of the answer, twice.
  answer(end_transaction, {RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TRANSPORT});
  const auto done = commit(*by, "2");
  EXPECT_TRUE(done) << done.error();
  EXPECT_EQ(count(), 2);
}

TEST_F(protocol_faults, a_fenced_commit_is_told_and_the_next_has_a_new_producer) {
  const auto by = named("fenced");
  ASSERT_TRUE(commit(*by, "1"));
  answer(end_transaction, {RD_KAFKA_RESP_ERR_PRODUCER_FENCED});
  const auto refused = commit(*by, "2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::fenced) << refused.error();
  EXPECT_EQ(refused.error().retry, retry_hint::never);
  const auto done = commit(*by, "3");
  EXPECT_TRUE(done) << done.error();
}

TEST_F(protocol_faults, a_refused_position_aborts_the_commit_and_the_next_goes_on) {
  const auto by = named("positions");
  answer(commit_offsets, {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED});
  const auto refused = commit(*by, "1", 0);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("the positions of app"), std::string::npos)
    << refused.error();
  const auto done = commit(*by, "2", 0);
  EXPECT_TRUE(done) << done.error();
}

TEST_F(protocol_faults, a_producer_that_the_coordinator_has_forgotten_is_made_anew) {
  const auto by = named("forgotten");
  ASSERT_TRUE(commit(*by, "1"));
  answer(add_partitions, {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING});
  std::atomic<int> tries{0};
  status done;
  do
    done = commit(*by, "2");
  while (!done && ++tries < 3);
  EXPECT_TRUE(done) << done.error();
}

} // namespace
} // namespace sallyport::kafka
