#include "engine/lane/journal.hpp"

#include "engine/core/binary.hpp"
#include "engine/core/murmur2.hpp"
#include "engine/lane/replies.hpp"
#include "engine/lane/rows.hpp"

#include <algorithm>

namespace sallyport::lane {

namespace {

enum class entry_kind : std::uint8_t { records = 1, tick = 2, opened = 3, answer = 4, command = 5 };

/// Where the time of a block stands in its row: behind format and checksum.
constexpr std::size_t block_time_at = 5;

void put_kind(std::string& out, entry_kind kind) {
  binary::put_u8(out, static_cast<std::uint8_t>(kind));
}

} // namespace

void journal_writer::add(const journal_records& what) {
  if (body_.empty()) {
    first_number_ = what.first_number;
    first_now_ = what.now;
  }
  put_kind(body_, entry_kind::records);
  binary::put_varint(body_, what.first_number);
  binary::put_time_key(body_, what.now);
  binary::put_signed(body_, what.first_offset);
  binary::put_varint(body_, what.count);
}

void journal_writer::add(const signal& what, std::string_view stage, std::int64_t next_offset) {
  if (body_.empty()) {
    first_number_ = what.number;
    first_now_ = what.now;
  }
  const auto* t = std::get_if<tick>(&what.what);
  const auto* a = std::get_if<answer>(&what.what);
  const auto* c = std::get_if<command>(&what.what);
  if (t != nullptr)
    put_kind(body_, t->opened ? entry_kind::opened : entry_kind::tick);
  else
    put_kind(body_, a != nullptr ? entry_kind::answer : entry_kind::command);
  binary::put_varint(body_, what.number);
  binary::put_time_key(body_, what.now);
  if (a != nullptr) {
    binary::put_string(body_, stage);
    binary::put_varint(body_, a->call.number);
    binary::put_varint(body_, a->call.position);
    put_answer(body_, a->what);
  } else if (c != nullptr) {
    binary::put_string(body_, stage);
    binary::put_string(body_, c->name);
    binary::put_string(body_, c->payload);
  } else if (t != nullptr && t->opened) {
    binary::put_signed(body_, next_offset);
  }
}

void journal_writer::touch(std::string_view key) { keys_.push_back(murmur2(key)); }

store_change journal_writer::take(const lane_name& lane) {
  auto key = journal_prefix(lane.part, lane.partition);
  binary::put_be64(key, first_number_);
  std::ranges::sort(keys_);
  keys_.erase(std::ranges::unique(keys_).begin(), keys_.end());
  std::string block;
  binary::put_time_key(block, first_now_);
  binary::put_varint(block, keys_.size());
  for (auto hash : keys_)
    binary::put_be32(block, hash);
  block += body_;
  auto row = rows::value();
  binary::put_be32(row, murmur2(block));
  row += block;
  body_.clear();
  keys_.clear();
  return {family::journal, std::move(key), std::move(row)};
}

std::string journal_prefix(std::string_view part, std::uint32_t partition) {
  return rows::lane_prefix(part, partition);
}

result<journal_block> read_journal_block(std::string_view row) {
  auto broken = [] { return fail(error::data("a block of the journal cannot be read")); };
  if (row.empty())
    return broken();
  if (static_cast<std::uint8_t>(row[0]) != rows::row_format)
    return fail(error::data("a block of the journal has format " +
                            std::to_string(static_cast<std::uint8_t>(row[0])) +
                            ", which this version cannot read"));
  binary::reader in{row.substr(1)};
  if (auto checksum = in.be32(); in.failed() || checksum != murmur2(in.rest()))
    return fail(error::data("a block of the journal is damaged: its checksum is wrong"));
  journal_block block;
  (void) in.time_key();
  for (auto n = in.varint(); n > 0 && !in.failed(); --n)
    block.keys.push_back(in.be32());
  while (!in.at_end() && !in.failed()) {
    auto kind = static_cast<entry_kind>(in.u8());
    auto number = in.varint();
    auto now = in.time_key();
    if (kind == entry_kind::records) {
      journal_records r{number, now, 0, 0};
      r.first_offset = in.signed_varint();
      r.count = in.varint();
      block.entries.emplace_back(r);
      continue;
    }
    journal_signal s{number, now, tick{kind == entry_kind::opened}, {}, 0};
    if (kind == entry_kind::answer) {
      s.stage = in.string();
      answer a;
      a.call.number = in.varint();
      a.call.position = static_cast<std::uint32_t>(in.varint());
      a.what = read_answer(in);
      s.what = std::move(a);
    } else if (kind == entry_kind::command) {
      s.stage = in.string();
      command c;
      c.name = in.string();
      c.payload = in.string();
      s.what = std::move(c);
    } else if (kind == entry_kind::opened) {
      s.next_offset = in.signed_varint();
    } else if (kind != entry_kind::tick) {
      return broken();
    }
    block.entries.emplace_back(std::move(s));
  }
  if (in.failed())
    return broken();
  return block;
}

result<std::optional<store_batch::range>> expired_journal(const store& in, const lane_name& lane,
                                                          wall_time before) {
  auto prefix = journal_prefix(lane.part, lane.partition);
  std::string first;
  std::string end;
  auto scanned = in.scan(family::journal, prefix, after_prefix(prefix),
                         [&](std::string_view key, std::string_view row) {
                           if (first.empty())
                             first = key;
                           end = key;
                           // Damaged blocks go with those around them.
                           binary::reader r{row.substr(std::min(row.size(), block_time_at))};
                           auto began = r.time_key();
                           return r.failed() || began < before;
                         });
  SALLYPORT_CHECK(scanned);
  if (first.empty() || first == end)
    return std::nullopt;
  return store_batch::range{family::journal, std::move(first), std::move(end)};
}

} // namespace sallyport::lane
