#include "engine/lane/door.hpp"

#include "engine/core/binary.hpp"
#include "engine/lane/overlay.hpp"
#include "engine/lane/rows.hpp"

namespace sallyport::lane {

namespace {

std::string door_key(const lane_name& lane) {
  return rows::stage_prefix(lane.part, lane.partition, "") + rows::key(rows::kind::door);
}

} // namespace

void door::open(std::int64_t position) {
  next_offset_ = position;
  auto row = store_.get(family::state, door_key(lane_));
  if (!row)
    throw engine_failure{std::move(row).error()};
  if (!*row)
    return;
  binary::reader in{std::string_view{**row}.substr(1)};
  next_number_ = in.varint();
  next_offset_ = in.signed_varint();
  received_ = in.signed_varint();
  if (in.failed())
    throw engine_failure{error::internal("the row of a lane's door cannot be read")};
}

std::vector<event> door::admit(std::vector<log_record>&& records, wall_time now) {
  std::vector<event> events;
  events.reserve(records.size());
  journal_records run{0, now, 0, 0};
  for (auto& r : records) {
    if (r.offset < next_offset_) {
      ++dropped_;
      continue;
    }
    if (run.count > 0 && r.offset != run.first_offset + static_cast<std::int64_t>(run.count)) {
      journal_.add(run);
      run.count = 0;
    }
    if (run.count == 0) {
      run.first_number = next_number_;
      run.first_offset = r.offset;
    }
    ++run.count;
    if (!r.rec.key.is_null())
      journal_.touch(r.rec.key);
    events.push_back({next_number_++, now, r.offset, std::move(r.rec)});
    next_offset_ = r.offset + 1;
    ++received_;
  }
  if (run.count > 0)
    journal_.add(run);
  return events;
}

signal door::admit(std::variant<tick, answer, command> what, wall_time now) {
  signal s{next_number_++, now, std::move(what)};
  std::string_view stage;
  if (const auto* a = std::get_if<answer>(&s.what))
    stage = part_.stages[a->stage].name;
  else if (const auto* c = std::get_if<command>(&s.what))
    stage = part_.stages[c->stage].name;
  journal_.add(s, stage, next_offset_);
  return s;
}

door::sealed door::seal() {
  sealed out;
  out.position = {{lane_.source, lane_.partition}, next_offset_};
  out.received = received_;
  if (journal_.empty())
    return out;
  out.changes.push_back(journal_.take(lane_));
  auto row = rows::value();
  binary::put_varint(row, next_number_);
  binary::put_signed(row, next_offset_);
  binary::put_signed(row, received_);
  out.changes.push_back({family::state, door_key(lane_), std::move(row)});
  return out;
}

} // namespace sallyport::lane
