#include "engine/log/embedded_rows.hpp"

namespace sallyport::rows {

namespace {

std::string key_of(char kind) { return std::string(1, kind); }

std::string value_of_version() {
  std::string value;
  binary::put_u8(value, version);
  return value;
}

status check_version(binary::reader& in) {
  auto found = in.u8();
  if (in.failed())
    return fail(damaged());
  if (found != version)
    return fail(error{errc::foreign_state, error_domain::user, retry_hint::never,
                      "a row of the embedded log has format " + std::to_string(found) +
                        " and this version of the engine reads " + std::to_string(version) +
                        "; run the version that wrote it"});
  return {};
}

void put_place(std::string& key, const row_place& place) {
  binary::put_be32(key, place.topic);
  binary::put_be32(key, place.partition);
  binary::put_be64(key, static_cast<std::uint64_t>(place.base));
}

} // namespace

error damaged() {
  return {errc::internal, error_domain::external, retry_hint::never,
          "a row of the embedded log is damaged; restore the state folder from a backup"};
}

// -- keys -----------------------------------------------------------------------------------------

std::string log_key(const row_place& place) {
  std::string key;
  put_place(key, place);
  return key;
}

std::string index_key(const row_place& place) {
  auto key = key_of('r');
  put_place(key, place);
  return key;
}

std::string begin_key(std::uint32_t topic, std::uint32_t partition) {
  auto key = key_of('b');
  binary::put_be32(key, topic);
  binary::put_be32(key, partition);
  return key;
}

std::string idempotency_key(std::uint32_t topic, std::string_view key) {
  auto row = key_of('i');
  binary::put_be32(row, topic);
  row += key;
  return row;
}

std::string idempotency_time_key(wall_time at, std::uint32_t topic, std::string_view key) {
  auto row = key_of('k');
  binary::put_time_key(row, at);
  binary::put_be32(row, topic);
  row += key;
  return row;
}

std::string idempotency_time_end(wall_time before) {
  auto row = key_of('k');
  binary::put_time_key(row, before);
  return row;
}

std::string positions_of(std::uint32_t topic) {
  auto key = key_of('p');
  binary::put_be32(key, topic);
  return key;
}

std::string position_key(std::uint32_t topic, std::uint32_t partition,
                         std::string_view application) {
  auto key = positions_of(topic);
  binary::put_be32(key, partition);
  key += application;
  return key;
}

std::string topic_key(std::string_view name) { return key_of('t') + std::string{name}; }

result<row_place> read_index_key(std::string_view key) {
  binary::reader in{key};
  row_place place;
  auto kind = in.u8();
  place.topic = in.be32();
  place.partition = in.be32();
  place.base = static_cast<std::int64_t>(in.be64());
  if (in.failed() || kind != 'r')
    return fail(damaged());
  return place;
}

result<position_place> read_position_key(std::string_view key) {
  binary::reader in{key};
  auto kind = in.u8();
  (void) in.be32();
  position_place place;
  place.partition = in.be32();
  place.application = in.rest();
  if (in.failed() || kind != 'p')
    return fail(damaged());
  return place;
}

result<idempotency_place> read_idempotency_time_key(std::string_view key) {
  binary::reader in{key};
  auto kind = in.u8();
  (void) in.time_key();
  idempotency_place place;
  place.topic = in.be32();
  place.key = in.rest();
  if (in.failed() || kind != 'k')
    return fail(damaged());
  return place;
}

// -- values ---------------------------------------------------------------------------------------

std::string put_offset(std::int64_t offset) {
  auto value = value_of_version();
  binary::put_signed(value, offset);
  return value;
}

result<std::int64_t> read_offset(std::string_view value) {
  binary::reader in{value};
  SALLYPORT_CHECK(check_version(in));
  auto offset = in.signed_varint();
  if (in.failed())
    return fail(damaged());
  return offset;
}

std::string put_topic(const topic_row& row) {
  auto value = value_of_version();
  binary::put_varint(value, row.id);
  binary::put_varint(value, row.config.partitions);
  binary::put_signed(value, row.config.retention_age.count());
  binary::put_varint(value, row.config.retention_bytes);
  return value;
}

result<topic_row> read_topic(std::string_view key, std::string_view value) {
  binary::reader in{value};
  SALLYPORT_CHECK(check_version(in));
  topic_row row;
  row.id = static_cast<std::uint32_t>(in.varint());
  row.config.name = key.substr(1);
  row.config.partitions = static_cast<std::uint32_t>(in.varint());
  row.config.retention_age = duration{in.signed_varint()};
  row.config.retention_bytes = in.varint();
  if (in.failed() || row.config.partitions == 0)
    return fail(damaged());
  return row;
}

std::string put_index(const index_row& row) {
  auto value = value_of_version();
  binary::put_varint(value, row.count);
  binary::put_varint(value, row.bytes);
  binary::put_signed(value, row.appended.time_since_epoch().count());
  return value;
}

result<index_row> read_index(std::string_view value) {
  binary::reader in{value};
  SALLYPORT_CHECK(check_version(in));
  index_row row;
  row.count = in.varint();
  row.bytes = in.varint();
  row.appended = wall_time{duration{in.signed_varint()}};
  if (in.failed() || row.count == 0)
    return fail(damaged());
  return row;
}

std::string put_key(const key_row& row) {
  auto value = value_of_version();
  binary::put_signed(value, row.first);
  binary::put_signed(value, row.at.time_since_epoch().count());
  return value;
}

result<key_row> read_key(std::string_view value) {
  binary::reader in{value};
  SALLYPORT_CHECK(check_version(in));
  key_row row;
  row.first = in.signed_varint();
  row.at = wall_time{duration{in.signed_varint()}};
  if (in.failed())
    return fail(damaged());
  return row;
}

std::string put_log_head(std::uint64_t count, wall_time appended) {
  auto value = value_of_version();
  binary::put_time_key(value, appended);
  binary::put_varint(value, count);
  return value;
}

result<std::uint64_t> read_log_head(binary::reader& in) {
  SALLYPORT_CHECK(check_version(in));
  (void) in.time_key();
  auto count = in.varint();
  if (in.failed())
    return fail(damaged());
  return count;
}

} // namespace sallyport::rows
