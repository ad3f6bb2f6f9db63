#include "engine/services/admin_service.hpp"

#include "engine/time/duration.hpp"
#include "engine/time/zone.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <thread>

namespace sallyport {

namespace {

using json = nlohmann::ordered_json;

http_response json_response(const json& of) {
  http_response made;
  made.body = of.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return made;
}

error wrong(const std::string& what) { return error::user(errc::invalid_data, what); }

// -- what is asked for -------------------------------------------------------------------

result<std::uint64_t> number(const http_request& request, const char* name, std::uint64_t otherwise,
                             std::uint64_t most) {
  const auto text = request.parameter(name);
  if (!text)
    return otherwise;
  std::uint64_t n = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), n);
  if (problem != std::errc{} || end != text->data() + text->size() || n > most)
    return fail(wrong("the parameter " + std::string{name} + " is a whole number up to " +
                      std::to_string(most)));
  return n;
}

/// What a list is narrowed by; each list has some of it.
struct filter {
  std::optional<std::string> part, stage, peer, state, status;
  std::vector<std::string> keys;   ///< any of them
  std::optional<wall_time> before; ///< `older-than`
  std::uint64_t tries_min = 0;
  std::uint64_t limit = 0;
  bool overdue = false;
  bool in_doubt = false;

  static result<filter> from(const http_request& request, wall_time now,
                             const std::set<std::string>& known) {
    for (const auto& [name, value] : request.query)
      if (!known.contains(name) && name != "here" && name != "limit")
        return fail(wrong("there is no parameter '" + name + "' here"));
    filter out;
    const auto text = [&](const char* name, std::optional<std::string>& to) {
      if (const auto value = request.parameter(name))
        to = std::string{*value};
    };
    text("part", out.part);
    text("stage", out.stage);
    const auto [first, last] = request.query.equal_range("key");
    for (auto at = first; at != last; ++at)
      out.keys.push_back(at->second);
    text("peer", out.peer);
    text("state", out.state);
    text("status", out.status);
    out.overdue = request.parameter("overdue").has_value();
    out.in_doubt = request.parameter("in-doubt").has_value();
    if (const auto age = request.parameter("older-than")) {
      auto read = parse_duration(*age);
      if (!read)
        return fail(std::move(read).error().within("the parameter older-than"));
      out.before = now - *read;
    }
    SALLYPORT_TRY(out.limit, number(request, "limit", admin_service::limit_by_default,
                                    admin_service::limit_max));
    SALLYPORT_TRY(out.tries_min, number(request, "tries-min", 0, 1'000'000));
    return out;
  }

  static bool fits(const std::optional<std::string>& wanted, std::string_view is) {
    return !wanted || *wanted == is;
  }
  [[nodiscard]] bool place(const stage_place& at) const {
    return fits(part, at.part) &&
           (!stage || *stage == at.stage || *stage == at.part + "." + at.stage);
  }
  /// A key, or the beginning of one before a slash.
  [[nodiscard]] bool has_key(std::string_view is) const {
    return keys.empty() || std::ranges::any_of(keys, [&](const std::string& wanted) {
             return is.starts_with(wanted) &&
                    (is.size() == wanted.size() || is[wanted.size()] == '/');
           });
  }
  /// Whether one stands in the name of a timer.
  [[nodiscard]] bool names_key(std::string_view timer) const {
    return keys.empty() || std::ranges::any_of(keys, [&](const std::string& wanted) {
             return timer == wanted || timer.starts_with(wanted + "/") ||
                    timer.find("/" + wanted) != std::string_view::npos;
           });
  }
};

/// Keeps the first of what is seen, by time.
template <class T>
class earliest {
public:
  explicit earliest(std::uint64_t most) : most_(most) {}

  void add(wall_time at, T&& what) {
    ++found_;
    if (most_ == 0 || (kept_.size() == most_ && kept_.rbegin()->first <= at))
      return;
    kept_.emplace(at, std::move(what));
    if (kept_.size() > most_)
      kept_.erase(std::prev(kept_.end()));
  }
  [[nodiscard]] std::uint64_t found() const { return found_; }
  [[nodiscard]] const std::multimap<wall_time, T>& kept() const { return kept_; }

private:
  std::uint64_t most_;
  std::uint64_t found_ = 0;
  std::multimap<wall_time, T> kept_;
};

/// Puts what the others have to what is here: `items` stand in the order of the texts of `by`.
json merged(json own, instance_answers::answered&& others, const char* items, const char* by,
            std::uint64_t limit) {
  auto all = own[items].get<std::vector<json>>();
  auto found = own["found"].get<std::uint64_t>();
  for (auto& other : others.all) {
    if (const auto some = other.find(items); some != other.end() && some->is_array())
      for (auto& one : *some)
        all.push_back(std::move(one));
    found += other.value("found", std::uint64_t{0});
  }
  std::ranges::stable_sort(all, {}, [&](const json& j) { return j.value(by, std::string{}); });
  if (all.size() > limit)
    all.resize(limit);
  own[items] = std::move(all);
  own["found"] = found;
  if (!others.missing.empty())
    own["missing"] = std::move(others.missing);
  return own;
}

json place_json(const stage_place& at) {
  return {{"part", at.part}, {"partition", at.partition}, {"stage", at.stage}};
}

// -- calls -------------------------------------------------------------------------------

std::string name_of(const open_call& c) {
  return c.at.part + "/" + std::to_string(c.at.partition) + "/" + c.at.stage + "/" + c.id;
}

struct call_name {
  stage_place at;
  std::string id;
};

/// `<part>/<partition>/<stage>/<number>/<position>`
std::optional<call_name> parse_call_name(std::string_view text) {
  std::array<std::string_view, 5> pieces;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto slash = text.find('/');
    if (text.empty() || (slash == std::string_view::npos) != (i + 1 == pieces.size()))
      return std::nullopt;
    pieces[i] = text.substr(0, slash);
    text.remove_prefix(std::min(pieces[i].size() + 1, text.size()));
  }
  const auto all_digits = [](std::string_view s) {
    return !s.empty() && s.size() < 20 &&
           std::ranges::all_of(s, [](char c) { return c >= '0' && c <= '9'; });
  };
  call_name out;
  const auto& p = pieces[1];
  if (!all_digits(pieces[3]) || !all_digits(pieces[4]) ||
      std::from_chars(p.data(), p.data() + p.size(), out.at.partition).ptr != p.data() + p.size())
    return std::nullopt;
  out.at.part = pieces[0];
  out.at.stage = pieces[2];
  out.id = std::string{pieces[3]} + "/" + std::string{pieces[4]};
  return out;
}

json json_of(const open_call& c) {
  json out{{"call", name_of(c)},   {"peer", c.peer},         {"key", c.key},
           {"request", c.request}, {"read", c.read},         {"state", to_string(c.state)},
           {"tries", c.tries},     {"in_doubt", c.in_doubt}, {"asked", format_utc(c.asked)}};
  if (c.next_try)
    out["next_try"] = format_utc(*c.next_try);
  if (c.last_status)
    out["last_status"] = *c.last_status;
  return out;
}

json json_of(const waiting_record& r, const waiting_records& of) {
  json out{{"key", r.key},       {"stage", of.part + "." + of.stage}, {"state", r.state},
           {"status", r.status}, {"since", format_utc(r.since)},      {"attempts", r.attempts}};
  if (r.next)
    out["next"] = format_utc(*r.next);
  if (r.until)
    out["until"] = format_utc(*r.until);
  if (r.paused)
    out["paused"] = *r.paused;
  return out;
}

// -- what is ordered ---------------------------------------------------------------------

struct body_of_order {
  json body;
  order_cause why;
};

result<std::string> words(const json& body, const char* name, std::size_t bytes_max) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    return fail(wrong("'" + std::string{name} + "' is missing: say it in a few words"));
  auto text = found->get<std::string>();
  if (text.size() > bytes_max)
    return fail(
      wrong("'" + std::string{name} + "' is longer than " + std::to_string(bytes_max) + " bytes"));
  return text;
}

/// A page of another site can make a browser post text to this machine, but no JSON.
result<body_of_order> read_order(const http_request& request, const std::set<std::string>& known) {
  const auto type = find_header(request.headers, "content-type").value_or("");
  if (!type.starts_with("application/json"))
    return fail(wrong("an order is JSON: send Content-Type: application/json"));
  body_of_order out;
  out.body = json::parse(request.body, nullptr, false);
  if (!out.body.is_object())
    return fail(wrong("an order is a JSON object"));
  for (const auto& [name, value] : out.body.items())
    if (!known.contains(name) && name != "reason" && name != "by")
      return fail(wrong("an order like this has no '" + name + "'"));
  SALLYPORT_TRY(out.why.reason, words(out.body, "reason", admin_service::reason_bytes_max));
  if (!request.user.empty())
    out.why.by = request.user;
  else if (out.body.contains("by")) {
    SALLYPORT_TRY(out.why.by, words(out.body, "by", admin_service::by_bytes_max));
  } else
    out.why.by = "operator";
  return out;
}

result<std::vector<std::string>> texts(const json& body, const char* name) {
  const auto found = body.find(name);
  std::vector<std::string> all;
  if (found == body.end())
    return all;
  const auto what = wrong("'" + std::string{name} + "' is a list of texts, at most " +
                          std::to_string(admin_service::orders_max));
  if (!found->is_array() || found->size() > admin_service::orders_max)
    return fail(what);
  for (const auto& one : *found) {
    if (!one.is_string())
      return fail(what);
    all.push_back(one.get<std::string>());
  }
  return all;
}

/// Looks until nothing is left of what an order was given for, or its time is over. It rests for as
/// long as it looks.
template <class Left>
void watch(Left&& left) {
  constexpr std::chrono::milliseconds rest_min{20};
  using steady = std::chrono::steady_clock;
  const auto until = steady::now() + admin_service::effect_within;
  while (true) {
    const auto began = steady::now();
    if (!left() || steady::now() >= until)
      return;
    std::this_thread::sleep_for(std::max<steady::duration>(rest_min, steady::now() - began));
  }
}

result<std::vector<call_name>> call_names(const std::vector<std::string>& names) {
  std::vector<call_name> all;
  for (const auto& name : names) {
    auto read = parse_call_name(name);
    if (!read)
      return fail(wrong("'" + name +
                        "' is no call; calls are named as GET /admin/calls does: "
                        "part/partition/stage/number/position"));
    all.push_back(*std::move(read));
  }
  if (all.empty())
    return fail(wrong("'calls' names no call"));
  return all;
}

/// As what a person says that a call ended: the peer's answer; none for another try.
result<std::optional<int>> answer_said(const json& body) {
  const auto as = body.value("as", json{});
  if (as == "done")
    return 200;
  if (as == "refused")
    return 400;
  if (as == "retry")
    return std::nullopt;
  return fail(wrong("'as' is done, refused or retry"));
}

/// Why a call cannot be settled by hand now; empty: it can.
std::string against_settling(const open_call& c) {
  if (c.read)
    return name_of(c) + " only reads: its answer cannot be said by hand; try it again";
  if (c.state == call_state::under_way || c.state == call_state::behind)
    return name_of(c) +
           " may be answered any moment, or is behind another; pause its peer, or wait";
  return {};
}

} // namespace

admin_service::admin_service(settings with) : with_(std::move(with)), others_(with_.others) {}

// -- to look -----------------------------------------------------------------------------

http_response admin_service::timers(const http_request& request) const {
  const auto now = with_.clock.now();
  const auto f = filter::from(request, now, {"part", "stage", "key", "overdue"});
  if (!f)
    return error_response(f.error());
  earliest<set_timer> first{f->limit};
  const auto read = with_.lanes.look(now)->timers([&](set_timer&& t) {
    if (f->overdue && t.due > now)
      return false;
    if (f->place(t.at) && f->names_key(t.name)) {
      const auto at = t.due;
      first.add(at, std::move(t));
    }
    return true;
  });
  if (!read)
    return error_response(read.error());
  json list = json::array();
  for (const auto& [due, t] : first.kept()) {
    auto one = place_json(t.at);
    one["timer"] = t.name;
    one["due"] = format_utc(due);
    one["overdue"] = due <= now;
    if (t.of_engine)
      one["repeats_a_callback"] = true;
    list.push_back(std::move(one));
  }
  json own{{"now", format_utc(now)}, {"timers", std::move(list)}, {"found", first.found()}};
  return json_response(
    merged(std::move(own), others_.ask(request, "/admin/timers"), "timers", "due", f->limit));
}

http_response admin_service::calls(const http_request& request) const {
  const auto now = with_.clock.now();
  const auto f = filter::from(
    request, now, {"part", "stage", "key", "peer", "state", "older-than", "tries-min", "in-doubt"});
  if (!f)
    return error_response(f.error());
  earliest<open_call> first{f->limit};
  const auto read = with_.lanes.look(now)->calls([&](open_call&& c) {
    if (f->place(c.at) && f->has_key(c.key) && filter::fits(f->peer, c.peer) &&
        filter::fits(f->state, to_string(c.state)) && (!f->before || c.asked <= *f->before) &&
        c.tries >= f->tries_min && (!f->in_doubt || c.in_doubt)) {
      const auto at = c.asked;
      first.add(at, std::move(c));
    }
    return true;
  });
  if (!read)
    return error_response(read.error());
  json list = json::array();
  for (const auto& [asked, c] : first.kept())
    list.push_back(json_of(c));
  json own{{"now", format_utc(now)}, {"calls", std::move(list)}, {"found", first.found()}};
  return json_response(
    merged(std::move(own), others_.ask(request, "/admin/calls"), "calls", "asked", f->limit));
}

http_response admin_service::waiting(const http_request& request) const {
  const auto now = with_.clock.now();
  const auto f = filter::from(
    request, now, {"part", "stage", "key", "state", "status", "older-than", "tries-min"});
  if (!f)
    return error_response(f.error());
  json list = json::array();
  std::uint64_t found = 0;
  for (const auto& of : with_.waiting) {
    earliest<waiting_record> first{f->limit};
    if (!f->place({of.part, 0, of.stage}))
      continue;
    const auto read = of.list(*with_.state.rows_of(of.part, of.stage), [&](waiting_record&& r) {
      if (f->has_key(r.key) && filter::fits(f->state, r.state) &&
          filter::fits(f->status, r.status) && (!f->before || r.since <= *f->before) &&
          r.attempts >= f->tries_min) {
        const auto at = r.since;
        first.add(at, std::move(r));
      }
      return true;
    });
    if (!read)
      return error_response(read.error());
    for (const auto& [since, r] : first.kept())
      list.push_back(json_of(r, of));
    found += first.found();
  }
  json own{{"now", format_utc(now)}, {"waiting", std::move(list)}, {"found", found}};
  if (with_.waiting.empty())
    own["note"] = "the topology does not tell of records that wait; see timers and calls";
  return json_response(
    merged(std::move(own), others_.ask(request, "/admin/waiting"), "waiting", "since", f->limit));
}

http_response admin_service::pauses() const {
  json list = json::array();
  for (const auto& p : with_.control.pauses())
    list.push_back(
      {{"what", p.what}, {"reason", p.why.reason}, {"by", p.why.by}, {"at", format_utc(p.at)}});
  return json_response({{"pauses", std::move(list)}});
}

// -- to order ----------------------------------------------------------------------------

http_response admin_service::pause(const http_request& request, bool on) {
  const auto what_of = [](const json& body) {
    const auto said = body.find("what");
    return said != body.end() && said->is_string() ? said->get<std::string>() : std::string{};
  };
  const auto order = read_order(request, {"what"});
  if (!order)
    return error_response(order.error());
  const auto what = with_.control.named(what_of(order->body));
  if (!what)
    return error_response(what.error());
  const auto done =
    on ? with_.control.set_pause(*what, order->why) : with_.control.end_pause(*what, order->why);
  if (!done)
    return error_response(done.error());
  return json_response(
    {{"what", *what}, {"paused", on}, {"lanes_follow", with_.control.lanes_follow(effect_within)}});
}

http_response admin_service::resolve(const http_request& request) {
  const auto order = read_order(request, {"calls", "as"});
  if (!order)
    return error_response(order.error());
  const auto names = texts(order->body, "calls");
  if (!names)
    return error_response(names.error());
  const auto status = answer_said(order->body);
  if (!status)
    return error_response(status.error());
  const auto all = call_names(*names);
  if (!all)
    return error_response(all.error());
  // Of each that is open here, how often it was tried.
  const auto open_here = [&] {
    std::map<std::string, open_call> found;
    (void) with_.lanes.look(with_.clock.now())->calls([&](open_call&& c) {
      if (auto name = name_of(c); std::ranges::find(*names, name) != names->end())
        found.emplace(std::move(name), std::move(c));
      return true;
    });
    return found;
  };
  const auto before = open_here();
  if (*status)
    for (const auto& [name, c] : before)
      if (const auto why = against_settling(c); !why.empty())
        return error_response(409, why);
  for (std::size_t i = 0; i < all->size(); ++i)
    if (auto given = with_.control.give(with_.order_for_call((*all)[i].at, (*all)[i].id, *status),
                                        (*names)[i], order->why);
        !given)
      return error_response(given.error());
  std::map<std::string, open_call> after;
  const auto unchanged = [&](const std::string& name) {
    const auto is = after.find(name);
    return is != after.end() && is->second.tries == before.at(name).tries &&
           is->second.next_try == before.at(name).next_try;
  };
  watch([&] {
    after = open_here();
    return std::ranges::any_of(before, [&](const auto& one) { return unchanged(one.first); });
  });
  json out = json::array();
  for (const auto& name : *names)
    out.push_back({{"call", name},
                   {"outcome", !before.contains(name) ? "not_here"
                               : unchanged(name)      ? "handed_over"
                                                      : "done"}});
  return json_response({{"orders", std::move(out)}});
}

result<admin_service::records> admin_service::records_like(const http_request& list) const {
  const auto answer = waiting(list);
  const auto read = json::parse(answer.body, nullptr, false);
  if (answer.status != 200 || !read.is_object())
    return fail(wrong(read.is_object() ? read.value("error", std::string{}) : "no answer"));
  records found;
  for (const auto& r : read.value("waiting", json::array()))
    found.emplace(r.value("key", std::string{}), r.dump());
  return found;
}

status admin_service::give_orders(const std::string& what, const records& to,
                                  const order_cause& why) {
  for (const auto& [key, text] : to) {
    const auto stage = json::parse(text).value("stage", std::string{});
    const auto of = std::ranges::find_if(
      with_.waiting, [&](const waiting_records& w) { return w.part + "." + w.stage == stage; });
    if (of == with_.waiting.end() || std::ranges::find(of->orders, what) == of->orders.end())
      return fail(error::user(
        errc::not_found,
        std::string{"there is no order '"}.append(what).append("' for records of ").append(stage)));
    const json payload{{"key", key}, {"reason", why.reason}, {"by", why.by}};
    SALLYPORT_CHECK(with_.control.give({of->part, {}, of->stage, what, payload.dump()}, key, why));
  }
  return {};
}

http_response admin_service::order_waiting(const http_request& request) {
  const auto& what = request.captures.find("order")->second;
  const auto order =
    read_order(request, {"keys", "all", "state", "status", "older-than", "tries-min", "stage"});
  if (!order)
    return error_response(order.error());
  const auto keys = texts(order->body, "keys");
  if (!keys)
    return error_response(keys.error());
  const auto all = order->body.find("all");
  if (keys->empty() != (all != order->body.end() && *all == true) || keys->size() > keys_max)
    return error_response(400, "name up to " + std::to_string(keys_max) +
                                 " 'keys', or say 'all': true, with what narrows it");
  http_request list;
  list.headers = request.headers;
  list.query.emplace("limit", std::to_string(orders_max + 1));
  for (const auto& key : *keys)
    list.query.emplace("key", key);
  for (const char* name : {"state", "status", "older-than", "tries-min", "stage"})
    if (const auto given = order->body.find(name); given != order->body.end())
      list.query.emplace(name, given->is_string() ? given->get<std::string>() : given->dump());
  const auto before = records_like(list);
  if (!before)
    return error_response(before.error());
  if (before->size() > orders_max)
    return error_response(400, "more than " + std::to_string(orders_max) +
                                 " records fit: one order is for so many at most; narrow it");
  if (auto given = give_orders(what, *before, order->why); !given)
    return error_response(given.error());
  records after;
  const auto unchanged = [&](const auto& one) {
    const auto is = after.find(one.first);
    return is != after.end() && is->second == one.second;
  };
  watch([&] {
    after = records_like(list).value_or(*before);
    return std::ranges::any_of(*before, unchanged);
  });
  json out = json::array();
  for (const auto& one : *before) {
    json told{{"key", one.first}, {"outcome", unchanged(one) ? "handed_over" : "done"}};
    if (const auto is = after.find(one.first); is != after.end())
      told["now"] = json::parse(is->second);
    out.push_back(std::move(told));
  }
  return json_response({{"orders", std::move(out)}});
}

http_response admin_service::drain(const http_request& request) {
  const auto order = read_order(request, {});
  if (!order)
    return error_response(order.error());
  if (auto noted = with_.control.note("drain", "", order->why); !noted)
    return error_response(noted.error());
  with_.drain();
  return json_response({{"draining", true}});
}

// -- routes ------------------------------------------------------------------------------

namespace {

route_description::parameter parameter(std::string name, std::string text,
                                       std::string type = "string") {
  return {std::move(name), "query", std::move(type), "", std::move(text), ""};
}

route_description about(std::string summary, std::vector<route_description::parameter> with = {}) {
  return {"admin",
          std::move(summary),
          std::move(with),
          {{200, "JSON"}, {400, "what was wrong, and what to write"}}};
}

} // namespace

void admin_service::serve_on(http_server& server) {
  const auto who = access::operators();
  const auto limit = parameter("limit", "How many at most, up to 10,000.", "integer");
  const auto stage = parameter("stage", "Only of this stage: its name, or part.stage.");
  const auto key = parameter("key", "Only of this key.");
  const auto age = parameter("older-than", "Only those older than this, as 2h or 7d.");
  const auto tries = parameter("tries-min", "Only those with so many tries.", "integer");
  server.route({"GET", "/admin/timers", who,
                about("Durable timers, the soonest first.",
                      {stage, key, parameter("overdue", "Only those that are late."), limit}),
                [this](const http_request& r) { return timers(r); }});
  server.route({"GET", "/admin/calls", who,
                about("Open calls, the oldest first.",
                      {parameter("peer", "Only to this call port."), stage, key,
                       parameter("state", "under_way, behind, retrying, held or paused."),
                       parameter("in-doubt", "Only those that may have been done already."), age,
                       tries, limit}),
                [this](const http_request& r) { return calls(r); }});
  server.route(
    {"GET", "/admin/waiting", who,
     about("Records that are not done yet, as the topology tells of them, the oldest first.",
           {stage, key, parameter("state", "As the topology has it: held, in_call or waiting."),
            parameter("status", "How the last attempt ended."), age, tries, limit}),
     [this](const http_request& r) { return waiting(r); }});
  server.route({"GET", "/admin/pauses", who, about("What is paused, why, since when, by whom."),
                [this](const http_request&) { return pauses(); }});
  server.route({"POST", "/admin/pause", who,
                about("Starts no call to a peer, of a stage, or at all: {what, reason}."),
                [this](const http_request& r) { return pause(r, true); }});
  server.route({"POST", "/admin/resume", who, about("Ends a pause: {what, reason}."),
                [this](const http_request& r) { return pause(r, false); }});
  server.route({"POST", "/admin/calls/resolve", who,
                about("Says how calls ended, or tries them now: {calls, as, reason}."),
                [this](const http_request& r) { return resolve(r); }});
  server.route({"POST", "/admin/waiting/{order}", who,
                about("An order for records that wait: {keys or all, reason}.",
                      {{"order", "path", "string", "", "retry-now, pause, resume or discard", ""}}),
                [this](const http_request& r) { return order_waiting(r); }});
  server.route({"POST", "/admin/drain", who,
                about("Gives the lanes to other instances, then stops: {reason}."),
                [this](const http_request& r) { return drain(r); }});
}

} // namespace sallyport
