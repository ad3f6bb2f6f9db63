#include "connectors/kafka/message.hpp"

#include <array>

namespace sallyport::kafka {

namespace {

bytes bytes_of(const void* data, std::size_t size, const std::shared_ptr<const void>& owner) {
  if (data == nullptr)
    return {};
  return {owner, std::string_view{static_cast<const char*>(data), size}};
}

void add_headers(const rd_kafka_message_t& message, header_list& to) {
  rd_kafka_headers_t* all = nullptr; // the message's
  if (rd_kafka_message_headers(&message, &all) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  to.reserve(rd_kafka_header_cnt(all));
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(all, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    to.push_back({name, value == nullptr ? std::string{}
                                         : std::string{static_cast<const char*>(value), size}});
}

/// librdkafka's own form of the headers; null if there are none.
owned<rd_kafka_headers_t> headers_of(const record& what) {
  if (what.headers.empty())
    return nullptr;
  owned<rd_kafka_headers_t> made{rd_kafka_headers_new(what.headers.size())};
  for (const auto& each : what.headers)
    rd_kafka_header_add(made.get(), each.name.data(), static_cast<ssize_t>(each.name.size()),
                        each.value.data(), static_cast<ssize_t>(each.value.size()));
  return made;
}

} // namespace

log_record record_of(const rd_kafka_message_t& message, const std::shared_ptr<const void>& owner) {
  log_record made;
  made.offset = message.offset;
  made.rec.key = bytes_of(message.key, message.key_len, owner);
  made.rec.value = bytes_of(message.payload, message.len, owner);
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  made.rec.timestamp = wall_time{duration{rd_kafka_message_timestamp(&message, &kind)}};
  add_headers(message, made.rec.headers);
  return made;
}

rd_kafka_resp_err_t produce(rd_kafka_t* with, const outgoing& what) {
  std::array<rd_kafka_vu_t, 7> fields{};
  std::size_t count = 0;
  const auto field = [&](rd_kafka_vtype_t type) -> auto& {
    fields[count].vtype = type;
    return fields[count++].u;
  };
  field(RD_KAFKA_VTYPE_RKT).rkt = what.topic;
  field(RD_KAFKA_VTYPE_PARTITION).i32 = static_cast<std::int32_t>(what.partition);
  // librdkafka takes key and payload as `void*` and only reads them.
  field(RD_KAFKA_VTYPE_KEY).mem = {const_cast<char*>(what.key.data()), what.key.size()};
  field(RD_KAFKA_VTYPE_VALUE).mem = {const_cast<void*>(what.value), what.size};
  field(RD_KAFKA_VTYPE_TIMESTAMP).i64 = what.timestamp_ms;
  field(RD_KAFKA_VTYPE_OPAQUE).ptr = what.opaque;
  if (what.headers != nullptr)
    field(RD_KAFKA_VTYPE_HEADERS).headers = what.headers;
  const owned<rd_kafka_error_t> refused{rd_kafka_produceva(with, fields.data(), count)};
  return refused ? rd_kafka_error_code(refused.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t produce(rd_kafka_t* with, rd_kafka_topic_t* topic, std::uint32_t partition,
                            const record& what, void* opaque) {
  auto headers = headers_of(what);
  const auto done =
    produce(with, outgoing{topic, partition, what.key.view(), what.value.data(), what.value.size(),
                           what.timestamp.time_since_epoch().count(), headers.get(), opaque});
  if (done == RD_KAFKA_RESP_ERR_NO_ERROR)
    (void) headers.release(); // they are the message's now
  return done;
}

} // namespace sallyport::kafka
