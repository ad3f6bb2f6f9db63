#include "engine/lane/counts.hpp"

#include "engine/core/binary.hpp"
#include "engine/lane/overlay.hpp"
#include "engine/lane/rows.hpp"

namespace sallyport::lane {

namespace {

void put_reasons(std::string& row, const std::map<std::string, std::uint64_t>& reasons) {
  binary::put_varint(row, reasons.size());
  for (const auto& [reason, count] : reasons) {
    binary::put_string(row, reason);
    binary::put_varint(row, count);
  }
}

void read_reasons(binary::reader& in, std::map<std::string, std::uint64_t>& reasons) {
  for (auto n = in.varint(); n > 0 && !in.failed(); --n) {
    std::string reason{in.string()};
    reasons[reason] = in.varint();
  }
}

} // namespace

std::string stage_counts::encode() const {
  auto row = rows::value();
  for (auto n : terms)
    binary::put_signed(row, n);
  binary::put_signed(row, made);
  put_reasons(row, discarded);
  put_reasons(row, dead);
  binary::put_varint(row, timers);
  binary::put_varint(row, queued);
  binary::put_varint(row, in_line);
  return row;
}

stage_counts stage_counts::decode(std::string_view row) {
  binary::reader in{row.substr(1)};
  stage_counts c;
  for (auto& n : c.terms)
    n = in.signed_varint();
  c.made = in.signed_varint();
  read_reasons(in, c.discarded);
  read_reasons(in, c.dead);
  c.timers = in.varint();
  c.queued = in.varint();
  c.in_line = in.varint();
  if (in.failed())
    throw engine_failure{error::internal("the row of a stage's counts cannot be read")};
  return c;
}

} // namespace sallyport::lane
