#include "bench/support/kafka.hpp"

#include <array>
#include <cstdlib>
#include <iostream>

namespace sallyport::bench::kafka {

namespace {

void await_topic(rd_kafka_queue_t* answers, std::string_view what) {
  const event answer{rd_kafka_queue_poll(answers, patience_ms)};
  if (!answer)
    fail(what, "no answer");
  check(rd_kafka_event_error(answer.get()), what);
  if (rd_kafka_event_type(answer.get()) != RD_KAFKA_EVENT_CREATETOPICS_RESULT)
    return;
  std::size_t count = 0;
  const auto* result = rd_kafka_event_CreateTopics_result(answer.get());
  const auto* const* topics = rd_kafka_CreateTopics_result_topics(result, &count);
  for (std::size_t i = 0; i < count; ++i)
    check(rd_kafka_topic_result_error(topics[i]), what);
}

/// 0 while the broker does not know the topic, or not where all of it is.
std::int32_t known_partitions(rd_kafka_t* of, const std::string& name) {
  const topic asked{rd_kafka_topic_new(of, name.c_str(), nullptr)};
  const rd_kafka_metadata_t* told = nullptr;
  check(rd_kafka_metadata(of, 0, asked.get(), &told, patience_ms), name);
  const auto& t = told->topics[0];
  bool all = t.err == RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int p = 0; p < t.partition_cnt; ++p)
    all = all && t.partitions[p].err == RD_KAFKA_RESP_ERR_NO_ERROR;
  const auto count = all ? t.partition_cnt : 0;
  rd_kafka_metadata_destroy(told);
  return count;
}

} // namespace

std::string bootstrap_servers() {
  const char* servers = std::getenv("KAFKA_BOOTSTRAP_SERVERS"); // NOLINT(concurrency-mt-unsafe)
  if (servers == nullptr || *servers == '\0')
    fail("KAFKA_BOOTSTRAP_SERVERS", "is not set; see tools/kafka --help");
  return servers;
}

void fail(std::string_view what, std::string_view why) {
  std::cerr << what << ": " << why << '\n';
  std::_Exit(1); // clients with open work would be waited for
}

void check(rd_kafka_resp_err_t code, std::string_view what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    fail(what, rd_kafka_err2str(code));
}

void check(rd_kafka_error_t* found, std::string_view what) {
  const kafka_error owned{found};
  if (owned)
    fail(what, rd_kafka_error_string(owned.get()));
}

client make(rd_kafka_type_t type, const properties& with,
            void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void*)) {
  std::array<char, 512> why{};
  auto* conf = rd_kafka_conf_new();
  auto set = [&](const std::string& name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) !=
        RD_KAFKA_CONF_OK)
      fail(name, why.data());
  };
  set("bootstrap.servers", bootstrap_servers());
  set("log_level", "3");
  for (const auto& [name, value] : with)
    set(name, value);
  if (delivered != nullptr)
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
  client made{rd_kafka_new(type, conf, why.data(), why.size())};
  if (!made)
    fail("a client", why.data());
  return made;
}

client make_consumer(const std::string& group, bool committed) {
  return make(RD_KAFKA_CONSUMER,
              {{"group.id", group},
               {"isolation.level", committed ? "read_committed" : "read_uncommitted"},
               {"enable.auto.commit", "false"},
               {"enable.partition.eof", "true"},
               {"auto.offset.reset", "error"}});
}

void create_topic(const std::string& name, std::int32_t partitions) {
  const auto admin = make(RD_KAFKA_PRODUCER, {});
  std::array<char, 512> why{};
  auto* wanted = rd_kafka_NewTopic_new(name.c_str(), partitions, -1, why.data(), why.size());
  if (wanted == nullptr)
    fail("create " + name, why.data());
  const queue answers{rd_kafka_queue_new(admin.get())};
  rd_kafka_CreateTopics(admin.get(), &wanted, 1, nullptr, answers.get());
  await_topic(answers.get(), "create " + name);
  rd_kafka_NewTopic_destroy(wanted);
  // The controller has it; the broker hears of it a moment later.
  while (known_partitions(admin.get(), name) != partitions)
    rd_kafka_poll(admin.get(), 10);
}

void delete_topics(std::string_view prefix) {
  const auto admin = make(RD_KAFKA_PRODUCER, {});
  const rd_kafka_metadata_t* told = nullptr;
  check(rd_kafka_metadata(admin.get(), 1, nullptr, &told, patience_ms), "list topics");
  std::vector<rd_kafka_DeleteTopic_t*> unwanted;
  for (int i = 0; i < told->topic_cnt; ++i)
    if (const char* name = told->topics[i].topic; std::string_view{name}.starts_with(prefix))
      unwanted.push_back(rd_kafka_DeleteTopic_new(name));
  rd_kafka_metadata_destroy(told);
  const queue answers{rd_kafka_queue_new(admin.get())};
  rd_kafka_DeleteTopics(admin.get(), unwanted.data(), unwanted.size(), nullptr, answers.get());
  await_topic(answers.get(), "delete topics");
  rd_kafka_DeleteTopic_destroy_array(unwanted.data(), unwanted.size());
}

std::int32_t partitions_of(rd_kafka_t* of, const std::string& name) {
  const auto count = known_partitions(of, name);
  if (count == 0)
    fail(name, "there is no such topic");
  return count;
}

partition_list all_of(rd_kafka_t* of, const std::string& name, std::int64_t offset) {
  const auto count = partitions_of(of, name);
  partition_list all{rd_kafka_topic_partition_list_new(count)};
  for (std::int32_t p = 0; p < count; ++p)
    rd_kafka_topic_partition_list_add(all.get(), name.c_str(), p)->offset = offset;
  return all;
}

} // namespace sallyport::bench::kafka
