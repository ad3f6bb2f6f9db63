#include "engine/core/binary.hpp"

namespace sallyport::binary {

void put_u8(std::string& out, std::uint8_t value) { out.push_back(static_cast<char>(value)); }

void put_be32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> static_cast<unsigned>(shift)));
}

void put_be64(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> static_cast<unsigned>(shift)));
}

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

void put_signed(std::string& out, std::int64_t value) {
  put_varint(out,
             (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63));
}

void put_string(std::string& out, std::string_view value) {
  put_varint(out, value.size());
  out.append(value);
}

void put_bytes(std::string& out, const bytes& value) {
  if (value.is_null()) {
    put_varint(out, 0);
    return;
  }
  put_varint(out, value.size() + 1);
  out.append(value.view());
}

void put_record(std::string& out, const record& value) {
  put_signed(out, value.timestamp.time_since_epoch().count());
  put_bytes(out, value.key);
  put_bytes(out, value.value);
  put_varint(out, value.headers.size());
  for (const auto& h : value.headers) {
    put_string(out, h.name);
    put_string(out, h.value);
  }
}

void put_time_key(std::string& out, wall_time value) {
  put_be64(out, static_cast<std::uint64_t>(value.time_since_epoch().count()) ^ (1ULL << 63U));
}

std::string_view reader::take(std::size_t size) {
  if (failed_ || size > input_.size()) {
    failed_ = true;
    input_ = {};
    return {};
  }
  auto taken = input_.substr(0, size);
  input_.remove_prefix(size);
  return taken;
}

std::uint8_t reader::u8() {
  auto taken = take(1);
  return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken[0]);
}

std::uint32_t reader::be32() {
  std::uint32_t value = 0;
  for (char c : take(4))
    value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

std::uint64_t reader::be64() {
  std::uint64_t value = 0;
  for (char c : take(8))
    value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

std::uint64_t reader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    auto byte = u8();
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0)
      return value;
  }
  failed_ = true;
  return 0;
}

std::int64_t reader::signed_varint() {
  auto raw = varint();
  return static_cast<std::int64_t>(raw >> 1U) ^ -static_cast<std::int64_t>(raw & 1U);
}

std::string_view reader::string() { return take(varint()); }

bytes reader::nullable_bytes() {
  auto size = varint();
  if (size == 0 || failed_)
    return {};
  auto view = take(size - 1);
  if (failed_)
    return {};
  return owner_ ? bytes{owner_, view} : bytes{view};
}

record reader::read_record() {
  record r;
  r.timestamp = wall_time{std::chrono::milliseconds{signed_varint()}};
  r.key = nullable_bytes();
  r.value = nullable_bytes();
  auto headers = varint();
  for (std::uint64_t i = 0; i < headers && !failed_; ++i) {
    header h;
    h.name = string();
    h.value = string();
    r.headers.push_back(std::move(h));
  }
  return r;
}

wall_time reader::time_key() {
  return wall_time{std::chrono::milliseconds{static_cast<std::int64_t>(be64() ^ (1ULL << 63U))}};
}

} // namespace sallyport::binary
