#include "tests/support/kafka_client.hpp"

#include "tests/support/wait.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <librdkafka/rdkafka.h>
#include <stdexcept>
#include <utility>

namespace sallyport::test {

namespace {

constexpr int patience_ms = 30'000;

template <auto Destroy>
struct destroyer {
  template <class T>
  void operator()(T* what) const {
    Destroy(what);
  }
};
using handle = std::unique_ptr<rd_kafka_t, destroyer<rd_kafka_destroy>>;
using queue = std::unique_ptr<rd_kafka_queue_t, destroyer<rd_kafka_queue_destroy>>;
using event = std::unique_ptr<rd_kafka_event_t, destroyer<rd_kafka_event_destroy>>;
using message = std::unique_ptr<rd_kafka_message_t, destroyer<rd_kafka_message_destroy>>;
using partition_list = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                       destroyer<rd_kafka_topic_partition_list_destroy>>;

[[noreturn]] void fail(const std::string& what, const std::string& why) {
  throw std::runtime_error{"kafka: " + what + ": " + why};
}

void check(rd_kafka_resp_err_t code, const std::string& what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    fail(what, rd_kafka_err2str(code));
}

void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* m, void* failed);

handle make(rd_kafka_type_t type, const kafka_client::properties& with,
            rd_kafka_resp_err_t* failed = nullptr) {
  std::array<char, 512> why{};
  auto* conf = rd_kafka_conf_new();
  // A test that kills a broker knows that it is gone.
  rd_kafka_conf_set(conf, "log_level", "2", why.data(), why.size());
  for (const auto& [name, value] : with)
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) !=
        RD_KAFKA_CONF_OK)
      fail(name, why.data());
  if (failed != nullptr) {
    rd_kafka_conf_set_opaque(conf, failed);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  }
  handle made{rd_kafka_new(type, conf, why.data(), why.size())};
  if (!made) {
    rd_kafka_conf_destroy(conf);
    fail("a client", why.data());
  }
  return made;
}

handle consumer(const std::string& servers, const std::string& group) {
  return make(RD_KAFKA_CONSUMER, {{"bootstrap.servers", servers},
                                  {"group.id", group},
                                  {"isolation.level", "read_committed"},
                                  {"enable.auto.commit", "false"},
                                  {"enable.partition.eof", "true"},
                                  {"auto.offset.reset", "error"}});
}

/// The answer to an admin request that names one topic.
void await_topic(rd_kafka_queue_t* answers, const std::string& what) {
  const event answer{rd_kafka_queue_poll(answers, patience_ms)};
  if (!answer)
    fail(what, "no answer");
  check(rd_kafka_event_error(answer.get()), what);
  std::size_t count = 0;
  const auto type = rd_kafka_event_type(answer.get());
  const rd_kafka_topic_result_t** topics =
    type == RD_KAFKA_EVENT_CREATETOPICS_RESULT
      ? rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()),
                                            &count)
      : rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(answer.get()),
                                            &count);
  for (std::size_t i = 0; i < count; ++i)
    check(rd_kafka_topic_result_error(topics[i]), what);
}

/// Nothing while the broker does not know the topic, or a partition of it has no leader.
std::optional<std::int32_t> known_partitions(rd_kafka_t* client, const std::string& topic) {
  using topic_handle = std::unique_ptr<rd_kafka_topic_t, destroyer<rd_kafka_topic_destroy>>;
  const topic_handle asked{rd_kafka_topic_new(client, topic.c_str(), nullptr)};
  const rd_kafka_metadata_t* told = nullptr;
  check(rd_kafka_metadata(client, 0, asked.get(), &told, patience_ms), topic);
  const std::unique_ptr<const rd_kafka_metadata_t, destroyer<rd_kafka_metadata_destroy>> kept{told};
  const auto& t = told->topics[0];
  bool all = t.err == RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int p = 0; p < t.partition_cnt; ++p)
    all = all && t.partitions[p].err == RD_KAFKA_RESP_ERR_NO_ERROR;
  return all ? std::optional{t.partition_cnt} : std::nullopt;
}

std::optional<std::string> text_of(const void* at, std::size_t size) {
  if (at == nullptr)
    return std::nullopt;
  return std::string{static_cast<const char*>(at), size};
}

rd_kafka_vu_t argument(rd_kafka_vtype_t type) {
  rd_kafka_vu_t made{};
  made.vtype = type;
  return made;
}

/// An empty text does not become a null: its address is given, with no length.
rd_kafka_vu_t argument(rd_kafka_vtype_t type, const std::optional<std::string>& text) {
  auto made = argument(type);
  if (text) {
    made.u.mem.ptr = const_cast<char*>(text->data()); // NOLINT: it is copied, and never written to
    made.u.mem.size = text->size();
  }
  return made;
}

/// Waits while the client's queue is full.
rd_kafka_resp_err_t send(rd_kafka_t* client, const std::string& topic, const kafka_record& r) {
  std::vector<rd_kafka_vu_t> all{argument(RD_KAFKA_VTYPE_KEY, r.key),
                                 argument(RD_KAFKA_VTYPE_VALUE, r.value)};
  all.push_back(argument(RD_KAFKA_VTYPE_TOPIC));
  all.back().u.cstr = topic.c_str();
  all.push_back(argument(RD_KAFKA_VTYPE_PARTITION));
  all.back().u.i32 = r.partition < 0 ? RD_KAFKA_PARTITION_UA : r.partition;
  all.push_back(argument(RD_KAFKA_VTYPE_TIMESTAMP));
  all.back().u.i64 = std::max<std::int64_t>(r.time_ms, 0);
  all.push_back(argument(RD_KAFKA_VTYPE_MSGFLAGS));
  all.back().u.i = RD_KAFKA_MSG_F_COPY;
  for (const auto& [name, value] : r.headers) {
    all.push_back(argument(RD_KAFKA_VTYPE_HEADER));
    all.back().u.header = {name.c_str(), value.data(), static_cast<ssize_t>(value.size())};
  }
  for (;;) {
    auto* found = rd_kafka_produceva(client, all.data(), all.size());
    const auto code = rd_kafka_error_code(found);
    rd_kafka_error_destroy(found);
    const bool full = code == RD_KAFKA_RESP_ERR__QUEUE_FULL;
    rd_kafka_poll(client, full ? 10 : 0);
    if (!full)
      return code;
  }
}

/// Remembers the first failure to deliver, in the client's opaque.
void on_delivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* m, void* failed) {
  auto& first = *static_cast<rd_kafka_resp_err_t*>(failed);
  if (first == RD_KAFKA_RESP_ERR_NO_ERROR)
    first = m->err;
}

kafka_record record_of(const rd_kafka_message_t& m) {
  kafka_record r;
  r.partition = m.partition;
  r.offset = m.offset;
  r.time_ms = rd_kafka_message_timestamp(&m, nullptr);
  r.key = text_of(m.key, m.key_len);
  r.value = text_of(m.payload, m.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return r;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    r.headers[name] = text_of(value, size).value_or("");
  return r;
}

} // namespace

struct kafka_client::parts {
  rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR; ///< outlives the producer
  handle producer;
};

kafka_client::kafka_client(std::string bootstrap_servers)
  : servers_(std::move(bootstrap_servers)), parts_(std::make_unique<parts>()) {
  parts_->producer = make(RD_KAFKA_PRODUCER,
                          {{"bootstrap.servers", servers_},
                           {"enable.idempotence", "true"},
                           {"linger.ms", "5"},
                           {"message.max.bytes", "20000000"},
                           {"partitioner", "murmur2_random"}},
                          &parts_->failed);
}

kafka_client::~kafka_client() = default;

void kafka_client::create_topic(const std::string& name, std::int32_t partitions,
                                const properties& with) const {
  auto* client = parts_->producer.get();
  std::array<char, 512> why{};
  using new_topic = std::unique_ptr<rd_kafka_NewTopic_t, destroyer<rd_kafka_NewTopic_destroy>>;
  const new_topic wanted{
    rd_kafka_NewTopic_new(name.c_str(), partitions, -1, why.data(), why.size())};
  if (!wanted)
    fail("create " + name, why.data());
  for (const auto& [property, value] : with)
    check(rd_kafka_NewTopic_set_config(wanted.get(), property.c_str(), value.c_str()), property);
  const queue answers{rd_kafka_queue_new(client)};
  auto* one = wanted.get();
  rd_kafka_CreateTopics(client, &one, 1, nullptr, answers.get());
  await_topic(answers.get(), "create " + name);
  // The controller has it; a broker hears of it a moment later.
  if (!eventually([&] { return known_partitions(client, name).value_or(0) == partitions; }))
    fail("create " + name, "the broker does not hear of it");
}

void kafka_client::delete_topic(const std::string& name) const {
  auto* client = parts_->producer.get();
  using old_topic =
    std::unique_ptr<rd_kafka_DeleteTopic_t, destroyer<rd_kafka_DeleteTopic_destroy>>;
  const old_topic unwanted{rd_kafka_DeleteTopic_new(name.c_str())};
  const queue answers{rd_kafka_queue_new(client)};
  auto* one = unwanted.get();
  rd_kafka_DeleteTopics(client, &one, 1, nullptr, answers.get());
  await_topic(answers.get(), "delete " + name);
}

void kafka_client::produce(const std::string& topic,
                           const std::vector<kafka_record>& records) const {
  auto* client = parts_->producer.get();
  for (const auto& r : records)
    check(send(client, topic, r), "produce to " + topic);
  check(rd_kafka_flush(client, patience_ms), "produce to " + topic);
  check(std::exchange(parts_->failed, RD_KAFKA_RESP_ERR_NO_ERROR), "produce to " + topic);
}

std::int32_t kafka_client::partitions(const std::string& topic) const {
  const auto found = known_partitions(parts_->producer.get(), topic);
  if (!found)
    fail(topic, "there is no such topic");
  return *found;
}

std::vector<std::int64_t> kafka_client::ends(const std::string& topic, bool committed) const {
  const auto reader = committed ? consumer(servers_, "none") : nullptr;
  auto* client = committed ? reader.get() : parts_->producer.get();
  std::vector<std::int64_t> all;
  for (std::int32_t p = 0; p < partitions(topic); ++p) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    // Right after a topic was made a broker may not know yet that it leads it.
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{patience_ms};
    auto code = RD_KAFKA_RESP_ERR_NO_ERROR;
    do
      code = rd_kafka_query_watermark_offsets(client, topic.c_str(), p, &low, &high, patience_ms);
    while ((code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
            code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) &&
           std::chrono::steady_clock::now() < until);
    check(code, topic);
    all.push_back(high);
  }
  return all;
}

std::vector<std::int64_t> kafka_client::committed(const std::string& group,
                                                  const std::string& topic) const {
  const auto reader = consumer(servers_, group);
  const auto count = partitions(topic);
  const partition_list asked{rd_kafka_topic_partition_list_new(count)};
  for (std::int32_t p = 0; p < count; ++p)
    rd_kafka_topic_partition_list_add(asked.get(), topic.c_str(), p);
  check(rd_kafka_committed(reader.get(), asked.get(), patience_ms), group);
  std::vector<std::int64_t> all;
  for (std::int32_t p = 0; p < count; ++p)
    all.push_back(std::max<std::int64_t>(asked->elems[p].offset, -1));
  return all;
}

std::vector<kafka_record> kafka_client::read(const std::string& topic) const {
  const auto reader = consumer(servers_, "none");
  const auto count = partitions(topic);
  const partition_list from{rd_kafka_topic_partition_list_new(count)};
  for (std::int32_t p = 0; p < count; ++p)
    rd_kafka_topic_partition_list_add(from.get(), topic.c_str(), p)->offset =
      RD_KAFKA_OFFSET_BEGINNING;
  check(rd_kafka_assign(reader.get(), from.get()), topic);
  // While others write, an end may never be told: whoever has read up to where it was has read it.
  auto left = ends(topic, true);
  std::vector<kafka_record> all;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{2 * patience_ms};
  while (std::ranges::any_of(left, [](auto offset) { return offset > 0; })) {
    const message m{rd_kafka_consumer_poll(reader.get(), 100)};
    if (m && m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      left.at(static_cast<std::size_t>(m->partition)) = 0;
    } else if (m && m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      auto& until = left.at(static_cast<std::size_t>(m->partition));
      until = m->offset + 1 >= until ? 0 : until;
      all.push_back(record_of(*m));
    } else if (m && m->err != RD_KAFKA_RESP_ERR__TRANSPORT) {
      check(m->err, "read " + topic);
    }
    if (std::chrono::steady_clock::now() > end)
      fail("read " + topic, "it does not end");
  }
  rd_kafka_consumer_close(reader.get());
  std::ranges::sort(all, {}, [](const auto& r) { return std::pair{r.partition, r.offset}; });
  return all;
}

} // namespace sallyport::test
