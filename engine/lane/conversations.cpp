#include "engine/lane/conversations.hpp"

#include "engine/core/assert.hpp"
#include "engine/core/binary.hpp"
#include "engine/lane/replies.hpp"
#include "engine/lane/rows.hpp"

namespace sallyport::lane {

namespace {

std::string conversation_key(std::string_view key) {
  return rows::key(rows::kind::conversation, key);
}

std::string ordered(std::string prefix, call_id order) {
  binary::put_be64(prefix, order.number);
  binary::put_be32(prefix, order.position);
  return prefix;
}

struct stored {
  bool lined = false;
  conversation what;
};

stored decode(std::string_view key, std::string_view row) {
  binary::reader in{row.substr(1)};
  stored s;
  s.lined = in.u8() != 0;
  s.what.key = key;
  s.what.subject = in.string();
  s.what.started = in.time_key();
  s.what.effects = in.varint();
  if (in.failed())
    throw engine_failure{error::internal("a row of a conversation cannot be read")};
  return s;
}

} // namespace

std::string conversations::encode(const conversation& what, bool lined) {
  auto row = rows::value();
  binary::put_u8(row, lined ? 1 : 0);
  binary::put_string(row, what.subject);
  binary::put_time_key(row, what.started);
  binary::put_varint(row, what.effects);
  return row;
}

void conversations::open(std::uint64_t queued, std::uint64_t in_line) {
  queued_ = queued;
  in_line_ = in_line;
  line_low_mark_ = rows::key(rows::kind::line);
  rows_.scan_prefix(rows::key(rows::kind::conversation),
                    [&](std::string_view key, std::string_view value) {
                      auto s = decode(key.substr(1), value);
                      if (!s.lined)
                        open_.emplace(s.what.key, std::move(s.what));
                      return true;
                    });
  for (auto& [key, c] : open_)
    rows_.scan_prefix(rows::queue_prefix(rows::kind::reply, key),
                      [&](std::string_view, std::string_view value) {
                        binary::reader in{value.substr(1)};
                        conversation::step step;
                        step.now = in.time_key();
                        step.asked = in.be32();
                        step.reply = read_reply(in);
                        c.steps.push_back(std::move(step));
                        return true;
                      });
}

bool conversations::busy(std::string_view key) const {
  return open_.contains(key) || rows_.get(conversation_key(key)).has_value();
}

void conversations::to_line(std::string_view key, std::string_view subject, call_id order,
                            wall_time now) {
  conversation c;
  c.key = key;
  c.subject = subject;
  c.started = now;
  rows_.put_new(conversation_key(key), encode(c, true));
  auto place = ordered(rows::key(rows::kind::line), order);
  if (place < line_low_mark_)
    line_low_mark_ = place;
  rows_.put_new(place, rows::value() + std::string{key});
  ++in_line_;
}

void conversations::add(std::string_view key, std::string_view subject, call_id order,
                        wall_time now) {
  if (!busy(key)) {
    to_line(key, subject, order, now);
    return;
  }
  rows_.put_new(ordered(rows::queue_prefix(rows::kind::queued, key), order),
                rows::value() + std::string{subject});
  ++queued_;
}

conversation* conversations::next(wall_time now) {
  if (in_line_ == 0 || open_.size() >= open_max_)
    return nullptr;
  std::string place;
  std::string key;
  rows_.scan(line_low_mark_, after_prefix(rows::key(rows::kind::line)),
             [&](std::string_view at, std::string_view value) {
               place = at;
               key = value.substr(1);
               return false;
             });
  SALLYPORT_ASSERT(!place.empty());
  line_low_mark_ = place;
  rows_.erase(place);
  --in_line_;
  auto row = rows_.get(conversation_key(key));
  SALLYPORT_ASSERT(row.has_value());
  auto s = decode(key, *row);
  s.what.started = now;
  rows_.put(conversation_key(key), encode(s.what, false));
  return &open_.emplace(key, std::move(s.what)).first->second;
}

conversation* conversations::find(std::string_view key) {
  auto it = open_.find(key);
  return it == open_.end() ? nullptr : &it->second;
}

void conversations::add_reply(conversation& to, conversation::step step) {
  auto key = rows::queue_prefix(rows::kind::reply, to.key);
  binary::put_be32(key, static_cast<std::uint32_t>(to.steps.size()));
  auto row = rows::value();
  binary::put_time_key(row, step.now);
  binary::put_be32(row, step.asked);
  put_reply(row, step.reply);
  rows_.put_new(key, std::move(row));
  to.steps.push_back(std::move(step));
}

void conversations::save(const conversation& what) {
  rows_.put(conversation_key(what.key), encode(what, false));
}

conversation conversations::end(std::string_view key, call_id order) {
  auto it = open_.find(key);
  SALLYPORT_ASSERT(it != open_.end());
  auto ended = std::move(it->second);
  open_.erase(it);
  rows_.erase(conversation_key(ended.key));
  for (std::uint32_t i = 0; i < ended.steps.size(); ++i) {
    auto reply = rows::queue_prefix(rows::kind::reply, ended.key);
    binary::put_be32(reply, i);
    rows_.erase(reply);
  }
  if (queued_ > 0)
    next_of_key(ended.key, order, ended.started);
  return ended;
}

void conversations::next_of_key(std::string_view key, call_id order, wall_time now) {
  std::string place;
  std::string subject;
  rows_.scan_prefix(rows::queue_prefix(rows::kind::queued, key),
                    [&](std::string_view at, std::string_view value) {
                      place = at;
                      subject = value.substr(1);
                      return false;
                    });
  if (place.empty())
    return;
  rows_.erase(place);
  --queued_;
  to_line(key, subject, order, now);
}

void conversations::restore(conversation what, std::uint64_t queued, std::uint64_t in_line) {
  queued_ = queued;
  in_line_ = in_line;
  line_low_mark_ = rows::key(rows::kind::line);
  auto key = what.key;
  open_.insert_or_assign(std::move(key), std::move(what));
}

} // namespace sallyport::lane
