#include "topologies/prison_to_probation/message_store.hpp"

#include <algorithm>
#include <stdexcept>

namespace sallyport::prison_to_probation {

namespace {

/// Digits of a door number in an id, so that ids sort as numbers do.
constexpr std::size_t id_digits = 20;

std::string open_prefix(std::int64_t booking_id) {
  return "open/" + std::to_string(booking_id) + "/";
}

/// A row that this build wrote cannot be read: a mistake of ours. The engine throws away what the
/// callback did and tells of it.
template <class T>
T sound(result<T> decoded) {
  if (!decoded)
    throw std::runtime_error(decoded.error().what);
  return *std::move(decoded);
}

} // namespace

std::string message_store::next_id(std::int64_t booking_id) {
  auto number = std::to_string(ctx_.number());
  const std::string id = std::string(id_digits - number.size(), '0') + number;
  // Several records may come of one input of the lane.
  for (char last = 'a';; ++last)
    if (auto unique = id + last; !ctx_.state().get(open_prefix(booking_id) + unique))
      return unique;
}

std::vector<message> message_store::open_of(std::int64_t booking_id) {
  std::vector<message> all;
  ctx_.state().scan(open_prefix(booking_id), [&](std::string_view, std::string_view row) {
    all.push_back(sound(decode_message(row)));
    return true;
  });
  return all;
}

std::optional<message> message_store::open(std::int64_t booking_id, std::string_view id) {
  const auto row = ctx_.state().get(open_prefix(booking_id) + std::string{id});
  return row ? std::optional{sound(decode_message(*row))} : std::nullopt;
}

void message_store::put_open(const message& m) {
  ctx_.state().put("open/" + name_of(m), encode(m));
}

void message_store::erase_open(const message& m) { ctx_.state().erase("open/" + name_of(m)); }

void message_store::put_done(const message& m) {
  ctx_.state().put("done/" + name_of(m), encode(m));
}

std::optional<wall_time> message_store::erase_done(std::int64_t booking_id, wall_time now) {
  std::vector<std::string> over;
  std::optional<wall_time> next;
  const auto prefix = "done/" + std::to_string(booking_id) + "/";
  ctx_.state().scan(prefix, [&](std::string_view key, std::string_view row) {
    const auto delete_by = sound(decode_message(row)).delete_by;
    if (delete_by <= now)
      over.emplace_back(key);
    else
      next = next ? std::min(*next, delete_by) : delete_by;
    return true;
  });
  for (const auto& key : over)
    ctx_.state().erase(key);
  return next;
}

progress message_store::writes_of(std::int64_t booking_id, event_type type) {
  const auto row = ctx_.state().get("writes/" + name_of(booking_id, type));
  return row ? sound(decode_progress(*row)) : progress{};
}

void message_store::put_writes(std::int64_t booking_id, event_type type, const progress& p) {
  const auto key = "writes/" + name_of(booking_id, type);
  if (!p.empty())
    ctx_.state().put(key, encode(p));
  else if (ctx_.state().get(key))
    ctx_.state().erase(key);
}

void message_store::erase_writes(std::string_view booking_and_type) {
  ctx_.state().erase("writes/" + std::string{booking_and_type});
}

std::string message_store::name_of(const message& m) {
  return std::to_string(m.what.booking_id) + "/" + m.id;
}

std::string message_store::name_of(std::int64_t booking_id, event_type type) {
  return std::to_string(booking_id) + "/" + std::string{to_string(type)};
}

} // namespace sallyport::prison_to_probation
