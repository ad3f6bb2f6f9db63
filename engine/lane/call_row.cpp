#include "engine/lane/call_row.hpp"

#include "engine/core/binary.hpp"
#include "engine/lane/replies.hpp"
#include "engine/lane/rows.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sallyport::lane {

namespace {

/// What stands in a row beside path and body, or a little more.
constexpr std::size_t row_bytes_usual = 208;

void put_duration(std::string& out, duration d) { binary::put_signed(out, d.count()); }

duration read_duration(binary::reader& in) { return duration{in.signed_varint()}; }

/// Fixed point, so that a row has the same bytes on every machine.
constexpr double fraction_scale = 1'000'000.0;

std::uint64_t fixed_point(double value) {
  return static_cast<std::uint64_t>(std::llround(std::max(value, 0.0) * fraction_scale));
}

double fraction(std::uint64_t fixed) { return static_cast<double>(fixed) / fraction_scale; }

void put_call(std::string& row, const call& c) {
  binary::put_string(row, c.port);
  binary::put_string(row, c.request.method);
  binary::put_string(row, c.request.path);
  put_headers(row, c.request.headers);
  binary::put_string(row, c.request.body);
  binary::put_string(row, c.key);
  binary::put_u8(row, c.read ? 1 : 0);
  binary::put_string(row, c.tag);
  binary::put_varint(row, c.policy.tries_max);
  put_duration(row, c.policy.backoff_initial);
  put_duration(row, c.policy.backoff_max);
  binary::put_varint(row, fixed_point(c.policy.backoff_factor));
  binary::put_varint(row, fixed_point(c.policy.jitter));
  put_duration(row, c.policy.give_up_after);
  put_duration(row, c.policy.timeout);
}

call read_call(binary::reader& in) {
  call c;
  c.port = in.string();
  c.request.method = in.string();
  c.request.path = in.string();
  c.request.headers = read_headers(in);
  c.request.body = in.string();
  c.key = in.string();
  c.read = in.u8() != 0;
  c.tag = in.string();
  c.policy.tries_max = static_cast<std::uint32_t>(in.varint());
  c.policy.backoff_initial = read_duration(in);
  c.policy.backoff_max = read_duration(in);
  c.policy.backoff_factor = fraction(in.varint());
  c.policy.jitter = fraction(in.varint());
  c.policy.give_up_after = read_duration(in);
  c.policy.timeout = read_duration(in);
  return c;
}

} // namespace

std::string call_key(call_id id) {
  auto key = rows::key(rows::kind::call);
  binary::put_be64(key, id.number);
  binary::put_be32(key, id.position);
  return key;
}

call_id call_id_of(std::string_view key) {
  binary::reader in{key.substr(1)};
  call_id id;
  id.number = in.be64();
  id.position = in.be32();
  return id;
}

void as_stored(call_policy& policy) {
  policy.backoff_factor = fraction(fixed_point(policy.backoff_factor));
  policy.jitter = fraction(fixed_point(policy.jitter));
}

std::string encode(const call_row& row) {
  auto out = rows::value();
  out.reserve(row_bytes_usual + row.what.request.path.size() + row.what.request.body.size());
  put_call(out, row.what);
  binary::put_u8(out, row.owner ? 1 : 0);
  binary::put_string(out, row.owner.value_or(""));
  binary::put_varint(out, row.tries);
  binary::put_varint(out, row.unauthorized);
  binary::put_u8(out, row.earlier_unanswered ? 1 : 0);
  binary::put_u8(out, row.tries > 0 && row.first_start ? 1 : 0);
  if (row.tries > 0 && row.first_start)
    binary::put_time_key(out, *row.first_start);
  binary::put_time_key(out, row.next_try);
  binary::put_time_key(out, row.asked);
  binary::put_signed(out, row.last_status);
  return out;
}

result<call_row> decode_call_row(std::string_view row) {
  binary::reader in{row.substr(std::min<std::size_t>(1, row.size()))};
  call_row out;
  out.what = read_call(in);
  const bool owned = in.u8() != 0;
  const auto owner = in.string();
  if (owned)
    out.owner = std::string{owner};
  out.tries = static_cast<std::uint32_t>(in.varint());
  out.unauthorized = static_cast<std::uint32_t>(in.varint());
  out.earlier_unanswered = in.u8() != 0;
  if (in.u8() != 0)
    out.first_start = in.time_key();
  out.next_try = in.time_key();
  if (!in.at_end()) { // Rows of earlier versions end here.
    out.asked = in.time_key();
    out.last_status = static_cast<int>(in.signed_varint());
  }
  if (in.failed())
    return fail(error::internal("a row of the effect ledger cannot be read"));
  return out;
}

std::string to_string(call_id id) {
  return std::to_string(id.number) + "/" + std::to_string(id.position);
}

std::optional<call_id> parse_call_id(std::string_view text) {
  call_id id;
  const auto* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, id.number);
  if (number.ec != std::errc{} || number.ptr == end || *number.ptr != '/')
    return std::nullopt;
  const auto position = std::from_chars(number.ptr + 1, end, id.position);
  if (position.ec != std::errc{} || position.ptr != end)
    return std::nullopt;
  return id;
}

std::string paused_key() { return rows::key(rows::kind::paused); }

std::string encode(const paused_ports& what) {
  auto out = rows::value();
  binary::put_u8(out, what.all ? 1 : 0);
  for (const auto& port : what.ports)
    binary::put_string(out, port);
  return out;
}

result<paused_ports> decode_paused(std::string_view row) {
  binary::reader in{row.substr(std::min<std::size_t>(1, row.size()))};
  paused_ports out;
  out.all = in.u8() != 0;
  while (!in.at_end() && !in.failed())
    out.ports.emplace(in.string());
  if (in.failed())
    return fail(error::internal("the row of a stage's pauses cannot be read"));
  return out;
}

} // namespace sallyport::lane
