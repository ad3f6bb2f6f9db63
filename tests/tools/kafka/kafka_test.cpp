#include "tests/support/kafka_broker.hpp"
#include "tests/support/kafka_client.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <unistd.h>

namespace sallyport::test {
namespace {

const std::filesystem::path tool = std::filesystem::path{SALLYPORT_SOURCE_DIR} / "tools/kafka";

std::vector<kafka_record> some_records() {
  return {{.partition = 0, .key = "a", .value = "1", .headers = {{"name", "value"}}},
          {.partition = 0, .key = "a", .value = std::nullopt, .headers = {}},
          {.partition = 1, .key = std::nullopt, .value = "", .headers = {}}};
}

std::vector<std::optional<std::string>> values(const std::vector<kafka_record>& all) {
  std::vector<std::optional<std::string>> found;
  for (const auto& r : all)
    found.push_back(r.value);
  return found;
}

const std::vector<std::optional<std::string>> some_values{"1", std::nullopt, ""};

TEST(kafka_tool, the_shared_kafka_keeps_what_a_test_writes) {
  SALLYPORT_KAFKA_SKIP();
  const kafka_client client{kafka().bootstrap_servers};
  const auto topic = kafka_name("written");
  client.create_topic(topic, 2);
  client.produce(topic, some_records());
  const auto found = client.read(topic);
  EXPECT_EQ(values(found), some_values);
  EXPECT_EQ(found.front().headers, (std::map<std::string, std::string>{{"name", "value"}}));
  EXPECT_EQ(client.ends(topic), (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(client.committed(kafka_name("nobody"), topic), (std::vector<std::int64_t>{-1, -1}));
  client.delete_topic(topic);
}

TEST(kafka_tool, a_topic_that_nobody_made_is_not_made_by_asking) {
  SALLYPORT_KAFKA_SKIP();
  const kafka_client client{kafka().bootstrap_servers};
  EXPECT_THROW((void) client.partitions(kafka_name("unknown")), std::runtime_error);
}

TEST(kafka_tool, two_names_are_never_the_same) {
  EXPECT_NE(kafka_name("same"), kafka_name("same"));
}

TEST(kafka_tool, what_is_written_survives_kill_nine_and_a_restart_at_the_same_port) {
  SALLYPORT_KAFKA_SKIP();
  own_broker broker;
  const kafka_client client{broker.bootstrap_servers()};
  client.create_topic("kept", 2);
  client.produce("kept", some_records());
  broker.kill();
  EXPECT_FALSE(broker.runs());
  broker.restart();
  EXPECT_TRUE(broker.runs());
  EXPECT_EQ(values(client.read("kept")), some_values) << broker.said();
  broker.pause();
  EXPECT_TRUE(broker.runs());
  broker.resume();
  EXPECT_EQ(client.partitions("kept"), 2);
  broker.stop();
  EXPECT_FALSE(broker.runs());
}

TEST(kafka_tool, a_broker_ends_with_its_owner_even_if_that_is_killed) {
  SALLYPORT_KAFKA_SKIP();
  const temporary_folder files;
  const auto folder = (files.path() / "kafka").string();
  process owner{
    {"/usr/bin/tail", {"-f", "/dev/null"}, {}, files.path() / "out", files.path() / "err"}};
  const auto started =
    run(tool, {"start", "--folder", folder, "--owner", std::to_string(owner.id())},
        own_broker::environment());
  ASSERT_EQ(started.how, (exit_status{0, 0})) << started.err;
  auto status = [&] { return run(tool, {"status", "--folder", folder}); };
  EXPECT_EQ(status().how, (exit_status{0, 0}));
  owner.kill();
  EXPECT_TRUE(eventually([&] { return status().how == exit_status{3, 0}; }));
}

TEST(kafka_tool, a_process_that_got_the_id_of_a_dead_broker_is_left_alone) {
  const temporary_folder files;
  std::filesystem::create_directories(files.path() / "broker-1");
  std::ofstream{files.path() / "cluster.json"}
    << R"({"id": "x", "temporary": false, "ports": [[1, 2]]})";
  std::ofstream{files.path() / "broker-1/pid"} << ::getpid() << " 1\n";
  for (const char* command : {"kill", "stop"}) {
    const auto done = run(tool, {command, "--folder", files.path().string()});
    EXPECT_EQ(done.how, (exit_status{0, 0})) << done.err;
  }
}

TEST(kafka_tool, a_folder_that_holds_something_else_is_refused) {
  SALLYPORT_KAFKA_SKIP();
  const temporary_folder files;
  std::ofstream{files.path() / "letter"} << "mine";
  const auto done =
    run(tool, {"start", "--folder", files.path().string()}, own_broker::environment());
  EXPECT_EQ(done.how, (exit_status{1, 0}));
  EXPECT_NE(done.err.find("holds something else"), std::string::npos) << done.err;
}

TEST(kafka_tool, a_machine_without_java_is_told_what_to_install) {
  const temporary_folder files;
  const auto done = run(tool, {"start", "--folder", (files.path() / "kafka").string()},
                        {{"JAVA_HOME", files.path().string()}});
  EXPECT_EQ(done.how, (exit_status{75, 0}));
  EXPECT_NE(done.err.find("apt-get install"), std::string::npos) << done.err;
  EXPECT_EQ(std::ranges::count(done.err, '\n'), 1) << done.err;
}

TEST(kafka_tool, nothing_is_started_or_stopped_where_the_environment_names_a_kafka) {
  const temporary_folder files;
  const std::map<std::string, std::string> elsewhere{
    {"KAFKA_BOOTSTRAP_SERVERS", "kafka.example:9092"}, {"TMPDIR", files.path().string()}};
  for (const char* command : {"start", "stop", "status"})
    EXPECT_EQ(run(tool, {command}, elsewhere).how, (exit_status{0, 0})) << command;
  for (const char* command : {"kill", "restart"})
    EXPECT_EQ(run(tool, {command}, elsewhere).how, (exit_status{1, 0})) << command;
  EXPECT_EQ(run(tool, {"env"}, elsewhere).out, "KAFKA_BOOTSTRAP_SERVERS=kafka.example:9092\n");
  EXPECT_TRUE(std::filesystem::is_empty(files.path()));
}

} // namespace
} // namespace sallyport::test
