#include "topologies/prison_to_probation/message.hpp"

#include "topologies/prison_to_probation/row.hpp"

#include <array>

namespace sallyport::prison_to_probation {

namespace {

constexpr std::uint8_t message_format = 2;
constexpr std::uint8_t snapshot_format = 1;

constexpr std::array<std::string_view, 11> status_names{"ERROR",
                                                        "NOT_VALID",
                                                        "VALIDATED",
                                                        "NO_MATCH",
                                                        "NO_MATCH_WITH_SENTENCE_DATE",
                                                        "TOO_MANY_MATCHES",
                                                        "BOOKING_NUMBER_NOT_ASSIGNED",
                                                        "LOCATION_NOT_UPDATED",
                                                        "KEY_DATES_NOT_UPDATED",
                                                        "COMPLETED",
                                                        "NO_LONGER_VALID"};

} // namespace

std::string_view to_string(message_status status) noexcept {
  return status_names[static_cast<std::size_t>(status)];
}

booking_snapshot snapshot_of(const booking& of) {
  return {of.offender_no,          of.booking_no, of.agency_id,
          of.location_description, of.recall,     of.legal_status};
}

std::string encode(const booking_snapshot& snapshot) {
  std::string out;
  binary::put_u8(out, snapshot_format);
  binary::put_string(out, snapshot.offender_no);
  binary::put_string(out, snapshot.booking_no);
  row::put_text(out, snapshot.location_id);
  row::put_text(out, snapshot.location_description);
  binary::put_u8(out, snapshot.recall ? (*snapshot.recall ? 2 : 1) : 0);
  row::put_text(out, snapshot.legal_status);
  return out;
}

result<booking_snapshot> decode_snapshot(std::string_view bytes) {
  binary::reader in{bytes};
  if (in.u8() != snapshot_format)
    return fail(error::data("a booking snapshot has another format"));
  booking_snapshot out;
  out.offender_no = std::string{in.string()};
  out.booking_no = std::string{in.string()};
  out.location_id = row::read_text(in);
  out.location_description = row::read_text(in);
  if (const auto recall = in.u8(); recall != 0)
    out.recall = recall == 2;
  out.legal_status = row::read_text(in);
  if (in.failed() || !in.at_end())
    return fail(error::data("a booking snapshot is cut short"));
  return out;
}

std::string encode(const message& m) {
  std::string out;
  binary::put_u8(out, message_format);
  binary::put_string(out, m.id);
  row::put_event(out, m.what);
  binary::put_u8(out, static_cast<std::uint8_t>(m.phase));
  binary::put_u8(out, static_cast<std::uint8_t>(m.status));
  row::put_time(out, m.created);
  row::put_moment(out, m.newest_by);
  binary::put_varint(out, m.retry_count);
  row::put_time(out, m.delete_by);
  binary::put_u8(out, m.processed ? 1 : 0);
  if (m.processed)
    row::put_time(out, *m.processed);
  row::put_text(out, m.crns);
  row::put_text(out, m.paused);
  binary::put_string(out, encode(m.snapshot));
  binary::put_record(out, m.received);
  return out;
}

result<message> decode_message(std::string_view bytes) {
  binary::reader in{bytes};
  if (in.u8() != message_format)
    return fail(error::data("a message row has another format"));
  message m;
  m.id = std::string{in.string()};
  m.what = row::read_event(in);
  m.phase = static_cast<message_phase>(in.u8());
  const auto status = in.u8();
  m.created = row::read_time(in);
  m.newest_by = row::read_moment(in);
  m.retry_count = static_cast<std::uint32_t>(in.varint());
  m.delete_by = row::read_time(in);
  if (in.u8() != 0)
    m.processed = row::read_time(in);
  m.crns = row::read_text(in);
  m.paused = row::read_text(in);
  SALLYPORT_TRY(m.snapshot, decode_snapshot(in.string()));
  m.received = in.read_record();
  if (in.failed() || !in.at_end() || status >= status_names.size() || !row::valid(m.what) ||
      m.phase > message_phase::processed)
    return fail(error::data("a message row is cut short"));
  m.status = static_cast<message_status>(status);
  return m;
}

} // namespace sallyport::prison_to_probation
