#pragma once

#include "engine/core/binary.hpp"
#include "engine/core/call.hpp"

#include <string>

/// The binary form of answers and replies, in rows and in the journal: whole, as they came.
namespace sallyport::lane {

inline void put_headers(std::string& out, const header_list& headers) {
  binary::put_varint(out, headers.size());
  for (const auto& h : headers) {
    binary::put_string(out, h.name);
    binary::put_string(out, h.value);
  }
}

[[nodiscard]] inline header_list read_headers(binary::reader& in) {
  header_list headers;
  for (auto n = in.varint(); n > 0 && !in.failed(); --n) {
    header h;
    h.name = in.string();
    h.value = in.string();
    headers.push_back(std::move(h));
  }
  return headers;
}

inline void put_answer(std::string& out, const call_answer& a) {
  binary::put_signed(out, a.status);
  put_headers(out, a.headers);
  binary::put_string(out, a.body);
  binary::put_string(out, a.error);
  binary::put_u8(out, a.never_sent ? 1 : 0);
}

[[nodiscard]] inline call_answer read_answer(binary::reader& in) {
  call_answer a;
  a.status = static_cast<int>(in.signed_varint());
  a.headers = read_headers(in);
  a.body = in.string();
  a.error = in.string();
  a.never_sent = in.u8() != 0;
  return a;
}

inline void put_reply(std::string& out, const call_reply& r) {
  binary::put_string(out, r.port);
  binary::put_string(out, r.key);
  binary::put_string(out, r.tag);
  binary::put_u8(out, static_cast<std::uint8_t>(r.outcome));
  put_answer(out, r.answer);
  binary::put_varint(out, r.tries);
  binary::put_u8(out, r.earlier_unanswered ? 1 : 0);
}

[[nodiscard]] inline call_reply read_reply(binary::reader& in) {
  call_reply r;
  r.port = in.string();
  r.key = in.string();
  r.tag = in.string();
  r.outcome = static_cast<call_outcome>(in.u8());
  r.answer = read_answer(in);
  r.tries = static_cast<std::uint32_t>(in.varint());
  r.earlier_unanswered = in.u8() != 0;
  return r;
}

} // namespace sallyport::lane
