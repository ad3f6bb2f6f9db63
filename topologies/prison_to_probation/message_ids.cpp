#include "topologies/prison_to_probation/message_ids.hpp"

#include "engine/core/binary.hpp"
#include "engine/time/zone.hpp"
#include "topologies/prison_to_probation/retention.hpp"
#include "topologies/prison_to_probation/row.hpp"

#include <optional>
#include <vector>

namespace sallyport::prison_to_probation {

namespace {

constexpr std::uint8_t seen_format = 1;

/// Ids that one timer forgets at once, so that a full day does not hold up the lane.
constexpr std::size_t forgotten_at_once_max = 1000;

std::string seen_row(std::string_view id) { return "seen/" + std::string{id}; }

sys_days day_of_arrival(wall_time at) { return std::chrono::floor<std::chrono::days>(at); }

std::string day_prefix(std::string_view date) { return "seen-on/" + std::string{date} + "/"; }

std::optional<wall_time> seen_at(std::string_view id, context& ctx) {
  const auto row = ctx.state().get(seen_row(id));
  if (!row)
    return std::nullopt;
  binary::reader in{*row};
  if (in.u8() != seen_format)
    return std::nullopt;
  return row::read_time(in);
}

} // namespace

bool message_ids::add(std::string_view id, context& ctx) {
  const auto now = ctx.now();
  if (const auto before = seen_at(id, ctx)) {
    if (now - *before < message_id_kept_for)
      return false;
    remove(id, ctx);
  }
  std::string row;
  binary::put_u8(row, seen_format);
  row::put_time(row, now);
  ctx.state().put(seen_row(id), std::move(row));

  const auto day = day_of_arrival(now);
  const auto date = format_date(day);
  ctx.state().put(day_prefix(date) + std::string{id}, {});
  const auto name = std::string{timer_prefix} + date;
  if (!ctx.timer_due(name))
    ctx.timer_set(name, wall_time{day + std::chrono::days{1}} + message_id_kept_for);
  return true;
}

void message_ids::remove(std::string_view id, context& ctx) {
  if (const auto at = seen_at(id, ctx))
    ctx.state().erase(day_prefix(format_date(day_of_arrival(*at))) + std::string{id});
  ctx.state().erase(seen_row(id));
}

void message_ids::on_timer(const timer& fired, context& ctx) {
  const auto prefix = day_prefix(std::string_view{fired.name}.substr(timer_prefix.size()));
  std::vector<std::string> ids;
  ctx.state().scan(prefix, [&](std::string_view key, std::string_view) {
    ids.emplace_back(key.substr(prefix.size()));
    return ids.size() < forgotten_at_once_max;
  });
  for (const auto& id : ids) {
    ctx.state().erase(prefix + id);
    ctx.state().erase(seen_row(id));
  }
  if (ids.size() == forgotten_at_once_max)
    ctx.timer_set(fired.name, ctx.now());
}

} // namespace sallyport::prison_to_probation
