#include "topologies/prison_to_probation/row.hpp"

namespace sallyport::prison_to_probation::row {

void put_text(std::string& out, const std::optional<std::string>& text) {
  binary::put_u8(out, text ? 1 : 0);
  if (text)
    binary::put_string(out, *text);
}

std::optional<std::string> read_text(binary::reader& in) {
  if (in.u8() == 0)
    return std::nullopt;
  return std::string{in.string()};
}

void put_time(std::string& out, wall_time at) {
  binary::put_signed(out, at.time_since_epoch().count());
}

wall_time read_time(binary::reader& in) { return wall_time{duration{in.signed_varint()}}; }

void put_moment(std::string& out, local_moment at) {
  binary::put_signed(out, at.time_since_epoch().count());
}

local_moment read_moment(binary::reader& in) {
  return local_moment{std::chrono::microseconds{in.signed_varint()}};
}

void put_event(std::string& out, const event& what) {
  binary::put_u8(out, static_cast<std::uint8_t>(what.type));
  binary::put_signed(out, what.booking_id);
  binary::put_signed(out, what.imprisonment_status_seq);
  binary::put_signed(out, what.movement_seq);
  binary::put_u8(out, what.event_time ? 1 : 0);
  if (what.event_time)
    put_moment(out, *what.event_time);
  binary::put_string(out, what.message_id);
}

event read_event(binary::reader& in) {
  event what;
  what.type = static_cast<event_type>(in.u8());
  what.booking_id = in.signed_varint();
  what.imprisonment_status_seq = in.signed_varint();
  what.movement_seq = in.signed_varint();
  if (in.u8() != 0)
    what.event_time = read_moment(in);
  what.message_id = std::string{in.string()};
  return what;
}

} // namespace sallyport::prison_to_probation::row
