#include "connectors/kafka/copy_position.hpp"

#include "engine/core/binary.hpp"

namespace sallyport::kafka {

namespace {
constexpr std::uint8_t format = 1;
}

std::string encode(const copy_position& what) {
  std::string row;
  binary::put_u8(row, format);
  binary::put_string(row, what.identity);
  binary::put_signed(row, what.next);
  binary::put_time_key(row, what.complete_at);
  return row;
}

std::optional<copy_position> decode_copy_position(std::string_view row) {
  binary::reader in{row};
  if (in.u8() != format)
    return std::nullopt;
  copy_position p;
  p.identity = in.string();
  p.next = in.signed_varint();
  p.complete_at = in.time_key();
  if (in.failed())
    return std::nullopt;
  return p;
}

std::optional<std::string> why_not_usable(const copy_position& copy, std::string_view identity,
                                          std::int64_t begin, std::int64_t end,
                                          duration tombstones_kept, wall_time now) {
  if (copy.identity != identity)
    return "it is of another changelog";
  if (copy.next < begin)
    return "the changelog begins later";
  if (copy.next > end)
    return "the changelog ends earlier";
  // Half of the time is a margin for clocks and for the restore itself.
  if (copy.next < end && now - copy.complete_at > tombstones_kept / 2)
    return "it is older than the changelog remembers deletions";
  return std::nullopt;
}

std::string encode(const lane_owner& what) {
  std::string row;
  binary::put_u8(row, format);
  binary::put_u8(row, what.handed_over ? 1 : 0);
  binary::put_string(row, what.instance);
  return row;
}

std::optional<lane_owner> decode_lane_owner(std::string_view row) {
  binary::reader in{row};
  if (in.u8() != format)
    return std::nullopt;
  lane_owner o;
  o.handed_over = in.u8() != 0;
  o.instance = in.string();
  if (in.failed())
    return std::nullopt;
  return o;
}

} // namespace sallyport::kafka
