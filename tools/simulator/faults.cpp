#include "tools/simulator/faults.hpp"

#include "tools/simulator/dice.hpp"

#include <charconv>
#include <cmath>
#include <vector>

namespace sallyport::simulator {

namespace {

constexpr std::array<const char*, peer_count + 1> names{"prison-api", "community-api",
                                                        "offender-search", "oauth", "none"};

std::unexpected<error> refused(std::string what) {
  return fail(error::user(errc::invalid_config, std::move(what)));
}

struct quantity {
  double value = 0;
  std::string unit;
};

std::optional<quantity> split_unit(std::string_view text) {
  quantity result;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), result.value);
  if (problem != std::errc{} || !std::isfinite(result.value) || result.value < 0)
    return std::nullopt;
  result.unit = std::string{end, text.data() + text.size()};
  return result;
}

std::optional<double> micros_in(std::string_view unit) {
  if (unit == "us")
    return 1;
  if (unit == "ms")
    return 1e3;
  if (unit == "s")
    return 1e6;
  return std::nullopt;
}

result<outage> read_outage(const nlohmann::json& change) {
  outage down;
  const auto& how = change["status"];
  if (how == "hang") {
    down.how = outage::form::hang;
  } else if (how == "close") {
    down.how = outage::form::close;
  } else if (how.is_number_integer() && how >= 400 && how <= 599) {
    down.status = how.get<int>();
  } else {
    return refused("status is a number from 400 to 599, \"hang\", \"close\" or null");
  }
  if (const auto count = change.find("count"); count != change.end()) {
    if (!count->is_number_integer() || *count < 0)
      return refused("count is a whole number of requests");
    down.left = count->get<std::uint64_t>();
  }
  if (const auto path = change.find("path"); path != change.end()) {
    if (!path->is_string())
      return refused("path is a part of the paths that fail");
    down.path = path->get<std::string>();
  }
  if (const auto after = change.find("retryAfter"); after != change.end()) {
    if (!after->is_number_integer() || *after < 0)
      return refused("retryAfter is a whole number of seconds");
    down.retry_after = after->get<std::int64_t>();
  }
  return down;
}

/// Reads a setting that may be given as text or as a number.
std::string as_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

status change_one(peer_faults& to, const nlohmann::json& change) {
  for (const auto& [name, value] : change.items()) {
    if (name == "latency") {
      SALLYPORT_TRY(to.late, parse_latency(as_text(value)));
    } else if (name == "errors") {
      SALLYPORT_TRY(to.errors, parse_share(as_text(value)));
    } else if (name == "drop") {
      SALLYPORT_TRY(to.drops, parse_share(as_text(value)));
    } else if (name == "status") {
      if (value.is_null()) {
        to.down.reset();
        continue;
      }
      SALLYPORT_TRY(to.down, read_outage(change));
    } else if (name != "peer" && name != "count" && name != "path" && name != "retryAfter") {
      return refused("unknown setting '" + name +
                     "': use peer, status, count, path, retryAfter, latency, errors, drop");
    }
  }
  return {};
}

} // namespace

const char* to_string(peer value) { return names[static_cast<std::size_t>(value)]; }

std::optional<peer> parse_peer(std::string_view name) {
  for (std::size_t i = 0; i < peer_count; ++i)
    if (name == names[i])
      return static_cast<peer>(i);
  return std::nullopt;
}

result<latency> parse_latency(std::string_view text) {
  const auto wrong = [&] {
    return refused("'" + std::string{text} + "' is no latency: write 20ms, 20ms±5 or 20ms+-5");
  };
  std::string_view middle = text, spread;
  for (const std::string_view sign : {std::string_view{"±"}, std::string_view{"+-"}})
    if (const auto at = text.find(sign); at != std::string_view::npos) {
      middle = text.substr(0, at);
      spread = text.substr(at + sign.size());
      if (spread.empty())
        return wrong();
    }
  const auto main = split_unit(middle);
  const auto unit = main ? micros_in(main->unit) : std::nullopt;
  if (!unit)
    return wrong();
  latency parsed{std::chrono::microseconds{std::llround(main->value * *unit)}, {}};
  if (!spread.empty()) {
    const auto part = split_unit(spread);
    const auto part_unit = !part ? std::nullopt : part->unit.empty() ? unit : micros_in(part->unit);
    if (!part_unit)
      return wrong();
    parsed.spread = std::chrono::microseconds{std::llround(part->value * *part_unit)};
  }
  if (parsed.middle > std::chrono::hours{1} || parsed.spread > std::chrono::hours{1})
    return wrong();
  return parsed;
}

result<double> parse_share(std::string_view text) {
  const auto part = split_unit(text);
  if (!part || (!part->unit.empty() && part->unit != "%") ||
      part->value > (part->unit.empty() ? 1 : 100))
    return refused("'" + std::string{text} + "' is no share: write 1% or 0.01");
  return part->unit.empty() ? part->value : part->value / 100;
}

fate faults::draw(peer which, std::string_view method, std::string_view target,
                  std::string_view body, bool writes) {
  auto& settings = of(which);
  fate drawn;
  if (settings.down && target.find(settings.down->path) != std::string_view::npos) {
    drawn.down = settings.down;
    if (auto& left = settings.down->left; left) {
      if (*left > 0)
        --*left;
      if (*left == 0)
        settings.down.reset();
    }
    if (drawn.down->left != 0U)
      return drawn;
    drawn.down.reset(); // a count of nothing
  }
  const auto key = mix(mix(static_cast<std::uint64_t>(which), stable_hash(method)),
                       mix(stable_hash(target), stable_hash(body)));
  drawn.attempt = ++attempts_[key];
  dice random{mix(seed_, mix(key, drawn.attempt))};
  const double error = random.fraction();
  const double drop = random.fraction();
  const double where = random.fraction() * 2 - 1;
  constexpr std::array<int, 4> statuses{500, 502, 503, 504};
  const int status = random.pick(statuses);
  const bool close = random.chance(0.5);
  const auto delay = static_cast<double>(settings.late.middle.count()) +
                     where * static_cast<double>(settings.late.spread.count());
  drawn.delay = std::chrono::microseconds{std::max<std::int64_t>(0, std::llround(delay))};
  if (error < settings.errors) {
    drawn.error = status;
  } else if (writes && drop < settings.drops) {
    drawn.close_after = close;
    drawn.unavailable_after = !close;
  }
  return drawn;
}

status faults::apply(const nlohmann::json& change) {
  if (!change.is_object() || !change.contains("peer"))
    return refused("a peer is missing: prison-api, community-api, offender-search, oauth or all");
  std::vector<peer> meant;
  const std::string name = as_text(change["peer"]);
  for (std::size_t i = 0; i < peer_count; ++i)
    if (name == "all" || name == names[i])
      meant.push_back(static_cast<peer>(i));
  if (meant.empty())
    return refused("'" + name +
                   "' is no peer: use prison-api, community-api, offender-search, oauth or all");
  auto changed = peers_;
  for (const auto which : meant)
    SALLYPORT_CHECK(change_one(changed[static_cast<std::size_t>(which)], change));
  peers_ = std::move(changed);
  return {};
}

nlohmann::ordered_json faults::shown() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < peer_count; ++i) {
    const auto& settings = peers_[i];
    nlohmann::ordered_json row{{"peer", names[i]},
                               {"latency", std::to_string(settings.late.middle.count()) + "us±" +
                                             std::to_string(settings.late.spread.count())},
                               {"errors", settings.errors},
                               {"drop", settings.drops},
                               {"status", nullptr}};
    if (settings.down) {
      const auto& down = *settings.down;
      if (down.how == outage::form::status)
        row["status"] = down.status;
      else
        row["status"] = down.how == outage::form::hang ? "hang" : "close";
      if (down.left)
        row["count"] = *down.left;
      if (!down.path.empty())
        row["path"] = down.path;
    }
    list.push_back(std::move(row));
  }
  return list;
}

} // namespace sallyport::simulator
