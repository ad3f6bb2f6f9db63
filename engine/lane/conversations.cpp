#include "engine/lane/conversations.hpp"

#include "engine/core/assert.hpp"
#include "engine/core/binary.hpp"
#include "engine/lane/replies.hpp"
#include "engine/lane/rows.hpp"

#include <utility>

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

/// What stands in the row of a reply beside the body, or a little more.
constexpr std::size_t reply_bytes_usual = 128;

constexpr std::uint8_t lined_flag = 1;
constexpr std::uint8_t followed_flag = 2;

/// How much of the line is read at once, and known at most.
constexpr std::size_t front_max = 256;

struct stored {
  bool lined = false;
  conversation what;
};

stored decode(std::string_view key, std::string_view row) {
  binary::reader in{row.substr(1)};
  stored s;
  const auto flags = in.u8();
  s.lined = (flags & lined_flag) != 0;
  s.what.followed = (flags & followed_flag) != 0;
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
  binary::put_u8(
    row, static_cast<std::uint8_t>((lined ? lined_flag : 0) | (what.followed ? followed_flag : 0)));
  binary::put_string(row, what.subject);
  binary::put_time_key(row, what.started);
  binary::put_varint(row, what.effects);
  return row;
}

void conversations::open(std::uint64_t queued, std::uint64_t in_line) {
  queued_ = queued;
  in_line_ = in_line;
  line_low_mark_ = rows::key(rows::kind::line);
  front_.clear();
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
  return open_.contains(key) || (successor_ && successor_->key == key) ||
         rows_.get(conversation_key(key)).has_value();
}

void conversations::to_line(conversation c, call_id order) {
  rows_.put_new(conversation_key(c.key), encode(c, true));
  auto place = ordered(rows::key(rows::kind::line), order);
  if (place < line_low_mark_)
    line_low_mark_ = place;
  rows_.put_new(place, rows::value() + c.key);
  // It stands behind all others, as `order` grows.
  if (front_.size() == in_line_ && in_line_ < front_max)
    front_.push_back({std::move(place), std::move(c.key)});
  ++in_line_;
}

/// So that a conversation without followers, which most are, need not look for them in the store.
void conversations::note_followed(std::string_view key) {
  if (successor_ && successor_->key == key) {
    successor_->followed = true;
    return;
  }
  if (auto* c = find(key)) {
    if (!std::exchange(c->followed, true))
      save(*c);
    return;
  }
  auto row = rows_.get(conversation_key(key));
  SALLYPORT_ASSERT(row.has_value());
  auto waiting = decode(key, *row);
  if (!std::exchange(waiting.what.followed, true))
    rows_.put(conversation_key(key), encode(waiting.what, waiting.lined));
}

void conversations::add(std::string_view key, std::string_view subject, call_id order,
                        wall_time now) {
  if (!busy(key)) {
    conversation c;
    c.key = key;
    c.subject = subject;
    c.started = now;
    to_line(std::move(c), order);
    return;
  }
  note_followed(key);
  rows_.put_new(ordered(rows::queue_prefix(rows::kind::queued, key), order),
                rows::value() + std::string{subject});
  ++queued_;
}

void conversations::read_front_of_line() {
  rows_.scan(line_low_mark_, after_prefix(rows::key(rows::kind::line)),
             [&](std::string_view at, std::string_view value) {
               front_.push_back({std::string{at}, std::string{value.substr(1)}});
               return front_.size() < front_max;
             });
}

conversation* conversations::open_now(conversation c, wall_time now) {
  c.started = now;
  rows_.put(conversation_key(c.key), encode(c, false));
  auto key = c.key;
  return &open_.emplace(std::move(key), std::move(c)).first->second;
}

conversation* conversations::next(wall_time now) {
  if (successor_)
    return open_now(*std::exchange(successor_, std::nullopt), now);
  if (in_line_ == 0 || open_.size() >= open_max_)
    return nullptr;
  if (front_.empty())
    read_front_of_line();
  SALLYPORT_ASSERT(!front_.empty());
  auto first = std::move(front_.front());
  front_.pop_front();
  line_low_mark_ = first.row;
  rows_.erase(first.row);
  --in_line_;
  auto row = rows_.get(conversation_key(first.key));
  SALLYPORT_ASSERT(row.has_value());
  return open_now(decode(first.key, *row).what, now);
}

conversation* conversations::find(std::string_view key) {
  auto it = open_.find(key);
  return it == open_.end() ? nullptr : &it->second;
}

void conversations::add_reply(conversation& to, conversation::step step) {
  auto key = rows::queue_prefix(rows::kind::reply, to.key);
  binary::put_be32(key, static_cast<std::uint32_t>(to.steps.size()));
  auto row = rows::value();
  row.reserve(reply_bytes_usual + step.reply.answer.body.size());
  binary::put_time_key(row, step.now);
  binary::put_be32(row, step.asked);
  put_reply(row, step.reply);
  rows_.put_new(key, std::move(row));
  to.steps.push_back(std::move(step));
}

void conversations::forget_places() {
  for (auto& [key, c] : open_)
    c.at.reset();
}

void conversations::save(const conversation& what) {
  rows_.put(conversation_key(what.key), encode(what, false));
}

conversation conversations::end(std::string_view key) {
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
  if (ended.followed)
    find_successor(ended.key);
  return ended;
}

void conversations::find_successor(std::string_view key) {
  SALLYPORT_ASSERT(!successor_);
  std::string place;
  conversation c;
  rows_.scan_prefix(rows::queue_prefix(rows::kind::queued, key),
                    [&](std::string_view at, std::string_view value) {
                      c.followed = !place.empty();
                      if (c.followed)
                        return false;
                      place = at;
                      c.subject = value.substr(1);
                      return true;
                    });
  if (place.empty())
    return;
  rows_.erase(place);
  --queued_;
  c.key = key;
  successor_ = std::move(c);
}

void conversations::restore(conversation what, std::uint64_t queued, std::uint64_t in_line) {
  queued_ = queued;
  in_line_ = in_line;
  line_low_mark_ = rows::key(rows::kind::line);
  front_.clear();
  successor_.reset();
  auto key = what.key;
  open_.insert_or_assign(std::move(key), std::move(what));
}

} // namespace sallyport::lane
