#include "engine/lane/ledger.hpp"

#include "engine/core/binary.hpp"
#include "engine/core/murmur2.hpp"
#include "engine/lane/replies.hpp"
#include "engine/lane/rows.hpp"
#include "engine/time/backoff.hpp"

#include <algorithm>
#include <cctype>

namespace sallyport::lane {

namespace {

call_row read_row(std::string_view row) {
  auto read = decode_call_row(row);
  if (!read)
    throw engine_failure{std::move(read).error()};
  return *std::move(read);
}

/// What one answer means for the call.
enum class meaning : std::uint8_t {
  settled,      ///< the peer has spoken
  unauthorized, ///< the token was refused: once more with a new one
  not_done,     ///< the peer certainly did not do it: may be tried again, nothing is in doubt
  unclear       ///< it may or may not have done it
};

meaning meaning_of(const call_answer& a) {
  if (a.status == 401)
    return meaning::unauthorized;
  if (a.never_sent || a.status == 429)
    return meaning::not_done;
  if (a.status == 0 || a.status == 408 || a.status >= 500)
    return meaning::unclear;
  return meaning::settled;
}

/// What the peer asks for by `Retry-After`; names of headers have no case.
std::optional<duration> asked_pause(const call_answer& a, wall_time now) {
  constexpr std::string_view wanted = "retry-after";
  for (const auto& h : a.headers)
    if (std::ranges::equal(h.name, wanted, {}, [](unsigned char c) { return std::tolower(c); }))
      return parse_retry_after(h.value, now);
  return std::nullopt;
}

} // namespace

std::uint32_t request_hash(const call& what) {
  std::string text;
  for (const auto& part : {what.port, what.request.method, what.request.path, what.request.body})
    binary::put_string(text, part);
  return murmur2(text);
}

void ledger::open() {
  rows_.scan_prefix(
    rows::key(rows::kind::circuit), [&](std::string_view key, std::string_view value) {
      circuits_.insert_or_assign(std::string{key.substr(1)}, circuit::load(value, how_.circuits));
      return true;
    });
  if (const auto row = rows_.get(paused_key())) {
    auto read = decode_paused(*row);
    if (!read)
      throw engine_failure{std::move(read).error()};
    paused_ = *std::move(read);
  }
  rows_.scan_prefix(rows::key(rows::kind::call), [&](std::string_view key, std::string_view value) {
    auto id = call_id_of(key);
    if (open_.size() >= how_.in_flight_max) {
      next_unloaded_ = id;
      return false;
    }
    admit(id, entry{read_row(value)});
    return true;
  });
}

ledger::entry& ledger::admit(call_id id, entry e) {
  if (!e.what.key.empty())
    order_[e.what.key].push_back(id);
  return open_.emplace(id, std::move(e)).first->second;
}

void ledger::restart(wall_time now) {
  to_start_.clear();
  waiting_.clear();
  held_.clear();
  for (auto& [port, c] : circuits_)
    c.forget_probe();
  for (bool retries : {false, true}) {
    for (auto& [id, e] : open_) {
      if ((e.tries > 0) != retries)
        continue;
      e.at = phase::behind;
      if (!e.what.key.empty() && order_[e.what.key].front() != id)
        continue;
      resume(id, e, now);
    }
  }
}

void ledger::resume(call_id id, entry& e, wall_time now) {
  if (e.tries == 0)
    e.first_start.reset();
  if (e.tries > 0 && e.next_try > now) {
    e.at = phase::waiting;
    waiting_.emplace(e.next_try, id);
    return;
  }
  // It may have been under way when the lane was closed.
  if (!e.what.read)
    e.earlier_unanswered = true;
  start_or_hold(id, e, now);
}

circuit& ledger::circuit_of(const std::string& port) {
  auto it = circuits_.find(port);
  if (it == circuits_.end())
    it = circuits_.emplace(port, circuit{how_.circuits}).first;
  return it->second;
}

void ledger::save_circuit(const std::string& port, const circuit& c) {
  rows_.put(rows::key(rows::kind::circuit, port), c.save());
}

void ledger::start_or_hold(call_id id, entry& e, wall_time now) {
  auto& c = circuit_of(e.what.port);
  if (paused_.holds(e.what.port) || !c.allows(now)) {
    e.at = phase::held;
    held_[e.what.port].emplace(e.tries > 0, id);
    return;
  }
  c.started();
  e.at = phase::under_way;
  if (!e.first_start)
    e.first_start = now;
  to_start_.push_back(id);
}

void ledger::ask(call_id id, call what, std::optional<std::string_view> owner, wall_time now) {
  entry e;
  e.what = std::move(what);
  as_stored(e.what.policy);
  e.asked = now;
  if (owner)
    e.owner = std::string{*owner};
  rows_.put_new(call_key(id), encode(e));
  if (next_unloaded_ || open_.size() >= how_.in_flight_max) {
    if (!next_unloaded_)
      next_unloaded_ = id;
    return;
  }
  auto& admitted = admit(id, std::move(e));
  const auto& key = admitted.what.key;
  if (key.empty() || order_[key].front() == id)
    start_or_hold(id, admitted, now);
}

void ledger::load_more(wall_time now) {
  if (!next_unloaded_ || open_.size() >= how_.in_flight_max)
    return;
  std::vector<std::pair<call_id, entry>> found;
  std::optional<call_id> further;
  auto room = how_.in_flight_max - open_.size();
  rows_.scan(call_key(*next_unloaded_), after_prefix(rows::key(rows::kind::call)),
             [&](std::string_view key, std::string_view value) {
               if (found.size() == room) {
                 further = call_id_of(key);
                 return false;
               }
               found.emplace_back(call_id_of(key), entry{read_row(value)});
               return true;
             });
  next_unloaded_ = further;
  for (auto& [id, e] : found) {
    auto& admitted = admit(id, std::move(e));
    const auto& key = admitted.what.key;
    if (!key.empty() && order_[key].front() != id)
      continue;
    if (admitted.tries > 0)
      resume(id, admitted, now);
    else
      start_or_hold(id, admitted, now);
  }
}

void ledger::next_of_key(const std::string& key, call_id gone, wall_time now) {
  if (key.empty())
    return;
  auto it = order_.find(key);
  if (it == order_.end())
    return;
  std::erase(it->second, gone);
  if (it->second.empty()) {
    order_.erase(it);
    return;
  }
  auto next = it->second.front();
  if (auto& e = open_.at(next); e.at == phase::behind)
    start_or_hold(next, e, now);
}

bool ledger::try_again(call_id id, entry& e, const call_answer& last, wall_time now) {
  const auto latest_start = e.first_start.value_or(now) + e.what.policy.give_up_after;
  if (last.status == 401)
    return now < latest_start && e.unauthorized++ == 0;
  if (e.tries >= e.what.policy.tries_max)
    return false;
  auto seed = murmur2(rows_.prefix()) ^ (id.number << 8U) ^ id.position;
  auto pause = backoff(e.what.policy, e.tries, seed);
  if (auto wanted = asked_pause(last, now))
    pause = std::max(pause, *wanted);
  if (now + pause > latest_start)
    return false;
  e.next_try = now + pause;
  return true;
}

std::optional<settled_call> ledger::answered(answer what, wall_time now) {
  auto it = open_.find(what.call);
  if (it == open_.end() || it->second.at != phase::under_way)
    return std::nullopt;
  auto id = what.call;
  auto& e = it->second;
  auto port = e.what.port;
  ++e.tries;
  e.last_status = what.what.status;
  auto said = meaning_of(what.what);
  auto& c = circuit_of(port);
  bool was_open = c.open();
  bool failed = said == meaning::unclear || what.what.never_sent;
  if (failed || !c.at_rest()) {
    auto before = c.save();
    if (failed)
      c.failed(e.what.key.empty() ? call_key(id) : e.what.key, now);
    else
      c.succeeded();
    if (auto after = c.save(); after != before)
      save_circuit(port, c);
  }
  bool doubt = e.earlier_unanswered;
  if (said == meaning::unclear)
    e.earlier_unanswered = true;
  std::optional<settled_call> settled;
  if (said != meaning::settled && try_again(id, e, what.what, now)) {
    ++outcomes_[{port, "retried"}];
    rows_.put(call_key(id), encode(e));
    if (e.next_try > now) {
      e.at = phase::waiting;
      waiting_.emplace(e.next_try, id);
    } else {
      start_or_hold(id, e, now);
    }
  } else {
    bool clear = said == meaning::settled || said == meaning::unauthorized ||
                 (what.what.status == 429 && !doubt);
    ++outcomes_[{port, clear ? (what.what.status < 400 ? "acknowledged" : "refused") : "unknown"}];
    settled = conclude(id, clear ? call_outcome::answered : call_outcome::unknown,
                       std::move(what.what), doubt, now);
  }
  if (was_open && !c.open())
    release_held(port, now);
  return settled;
}

settled_call ledger::conclude(call_id id, call_outcome outcome, call_answer last, bool doubt,
                              wall_time now) {
  auto& e = open_.at(id);
  const auto asked = request_hash(e.what);
  const bool owned = e.owner.has_value();
  settled_call settled{{std::move(e.what.port), std::move(e.what.key), std::move(e.what.tag),
                        outcome, std::move(last), e.tries, doubt},
                       owned,
                       owned ? *std::move(e.owner) : std::string{},
                       asked};
  rows_.erase(call_key(id));
  open_.erase(id);
  next_of_key(settled.reply.key, id, now);
  load_more(now);
  return settled;
}

// -- what people order ---------------------------------------------------------------

void ledger::pause(const paused_ports& what, wall_time now) {
  if (what == paused_)
    return;
  paused_ = what;
  if (paused_ == paused_ports{})
    rows_.erase(paused_key());
  else
    rows_.put(paused_key(), encode(paused_));
  for (auto id : std::exchange(to_start_, {})) {
    auto it = open_.find(id);
    if (it == open_.end() || !paused_.holds(it->second.what.port)) {
      to_start_.push_back(id);
      continue;
    }
    auto& e = it->second;
    if (e.tries == 0)
      e.first_start.reset();
    circuit_of(e.what.port).forget_probe(); // it was this one, or there is none
    e.at = phase::held;
    held_[e.what.port].emplace(e.tries > 0, id);
  }
  std::vector<std::string> ports;
  for (const auto& [port, calls] : held_)
    if (!paused_.holds(port))
      ports.push_back(port);
  for (const auto& port : ports)
    release_held(port, now);
}

ledger::entry* ledger::take_idle(call_id id) {
  auto it = open_.find(id);
  if (it == open_.end())
    return nullptr;
  auto& e = it->second;
  if (e.at == phase::waiting)
    waiting_.erase({e.next_try, id});
  else if (e.at == phase::held)
    held_[e.what.port].erase({e.tries > 0, id});
  else
    return nullptr;
  return &e;
}

std::optional<settled_call> ledger::settle(call_id id, call_answer as, wall_time now) {
  auto it = open_.find(id);
  if (it == open_.end() || it->second.what.read) // Nobody can say what was to be read.
    return std::nullopt;
  auto* e = take_idle(id);
  if (e == nullptr)
    return std::nullopt;
  ++outcomes_[{e->what.port, "by_hand"}];
  return conclude(id, call_outcome::answered, std::move(as), e->earlier_unanswered, now);
}

void ledger::try_now(call_id id, wall_time now) {
  auto* e = take_idle(id);
  if (e == nullptr)
    return;
  if (e->next_try > now) {
    e->next_try = now;
    rows_.put(call_key(id), encode(*e));
  }
  if (auto& c = circuit_of(e->what.port); !paused_.holds(e->what.port) && c.half_open(now))
    save_circuit(e->what.port, c);
  start_or_hold(id, *e, now);
}

void ledger::release_held(const std::string& port, wall_time now) {
  auto it = held_.find(port);
  if (it == held_.end())
    return;
  auto waiting = std::move(it->second);
  held_.erase(it);
  for (const auto& [retry, id] : waiting)
    start_or_hold(id, open_.at(id), now);
}

void ledger::tick(wall_time now) {
  std::set<turn> due;
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    due.emplace(true, waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
  }
  std::vector<std::string> ports;
  for (const auto& [port, calls] : held_)
    if (!calls.empty() && !paused_.holds(port) && circuit_of(port).allows(now))
      ports.push_back(port);
  for (const auto& port : ports)
    release_held(port, now);
  for (const auto& [retry, id] : due)
    start_or_hold(id, open_.at(id), now);
}

std::optional<wall_time> ledger::next_due() const {
  std::optional<wall_time> next;
  if (!waiting_.empty())
    next = waiting_.begin()->first;
  for (const auto& [port, calls] : held_) {
    if (calls.empty() || paused_.holds(port))
      continue;
    auto c = circuits_.find(port);
    if (c == circuits_.end() || c->second.probing() || !c->second.open_until())
      continue;
    if (!next || *c->second.open_until() < *next)
      next = *c->second.open_until();
  }
  return next;
}

std::vector<call_start> ledger::take(bool reads) {
  std::vector<call_start> starts;
  std::vector<call_id> others;
  for (auto id : to_start_) {
    auto it = open_.find(id);
    if (it == open_.end())
      continue;
    const auto& e = it->second;
    if (e.what.read != reads) {
      others.push_back(id);
      continue;
    }
    starts.push_back(
      {0, id, e.what.port, e.what.request, e.what.policy.timeout, e.tries == 0, reads});
  }
  to_start_ = std::move(others);
  std::ranges::stable_partition(starts, [](const call_start& s) { return s.first_try; });
  return starts;
}

std::vector<call_start> ledger::take_reads() { return take(true); }
std::vector<call_start> ledger::take_writes() { return take(false); }

bool ledger::writes_wait() const {
  return std::ranges::any_of(to_start_, [&](call_id id) {
    auto it = open_.find(id);
    return it != open_.end() && !it->second.what.read;
  });
}

ledger::figures ledger::current() const {
  figures f;
  f.open = open_.size();
  for (const auto& [id, e] : open_) {
    f.in_flight += e.at == phase::under_way ? 1U : 0U;
    f.retrying += e.at == phase::waiting ? 1U : 0U;
    f.held += e.at == phase::held ? 1U : 0U;
  }
  for (const auto& [port, c] : circuits_)
    f.circuits_open += c.open() ? 1U : 0U;
  return f;
}

std::map<std::pair<std::string, std::string>, std::uint64_t> ledger::take_outcomes() {
  return std::exchange(outcomes_, {});
}

std::vector<std::string> ledger::open_circuits() const {
  std::vector<std::string> ports;
  for (const auto& [port, c] : circuits_)
    if (c.open())
      ports.push_back(port);
  return ports;
}

} // namespace sallyport::lane
