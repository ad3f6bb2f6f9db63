#include "engine/services/control_board.hpp"

#include "engine/observe/log.hpp"
#include "engine/time/zone.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace sallyport {

namespace {

using namespace std::chrono_literals;
using json = nlohmann::ordered_json;

/// How often lanes are compared with what is wanted of them.
constexpr auto look_every = 1s;
constexpr auto look_while_waiting = 20ms;
constexpr read_limits at_once{1'000, 4U << 20U};
/// Orders are kept for a year.
constexpr duration orders_kept_for = std::chrono::days{366};

constexpr std::string_view everything = "all";
constexpr std::string_view of_peer = "peer/";
constexpr std::string_view of_stage = "stage/";

std::string text_of(const json& what) {
  return what.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string text(const json& of, const char* name) {
  const auto found = of.find(name);
  return found != of.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::string shown(const control_board::calling_stage& of) { return of.part + "." + of.stage; }

json json_of(const control_board::stage_order& what) {
  json out{{"part", what.part}};
  if (what.partition)
    out["partition"] = *what.partition;
  out["stage"] = what.stage;
  out["name"] = what.name;
  out["payload"] = what.payload;
  return out;
}

std::optional<control_board::stage_order> order_of(const record& r) {
  const auto read = json::parse(r.value.view(), nullptr, false);
  const auto at = read.is_object() ? read.find("command") : read.end();
  if (!read.is_object() || at == read.end() || !at->is_object())
    return std::nullopt;
  control_board::stage_order out{
    text(*at, "part"), {}, text(*at, "stage"), text(*at, "name"), text(*at, "payload")};
  if (const auto p = at->find("partition"); p != at->end() && p->is_number_unsigned())
    out.partition = p->get<std::uint32_t>();
  return out;
}

/// Reads a partition to its end, from `next` on. What retention took is skipped.
status read_on(const log& of, const partition_id& from, std::int64_t& next,
               const std::function<void(const log_record&)>& visit) {
  while (true) {
    auto some = of.read(from, next, at_once);
    if (!some && some.error().code == errc::out_of_range) {
      SALLYPORT_TRY(const auto range, of.offsets(from));
      next = range.begin;
      continue;
    }
    if (!some)
      return fail(std::move(some).error());
    if (some->empty())
      return {};
    for (const auto& r : *some)
      visit(r);
    next = some->back().offset + 1;
  }
}

} // namespace

control_board::control_board(std::string application, std::vector<calling_stage> stages, log& of,
                             const wall_clock& clock)
  : application_(std::move(application)), control_(application_ + ".control"),
    orders_(application_ + ".orders"), stages_(std::move(stages)), log_(of), clock_(clock) {}

control_board::~control_board() { stop(); }

// -- the log -----------------------------------------------------------------------------

status control_board::open() {
  SALLYPORT_CHECK(log_.create_topic({control_, 1, duration{0}, 0}));
  SALLYPORT_CHECK(log_.create_topic({orders_, 1, orders_kept_for, 0}));
  SALLYPORT_TRY(const auto control, log_.offsets({control_, 0}));
  next_control_ = control.begin;
  SALLYPORT_TRY(const auto orders, log_.offsets({orders_, 0}));
  next_order_ = orders.end;
  return read_control();
}

status control_board::read_control() {
  const std::lock_guard one{reading_};
  return read_on(log_, {control_, 0}, next_control_, [this](const log_record& r) {
    const std::string what{r.rec.key.view()};
    const std::lock_guard lock{guard_};
    if (r.rec.value.is_null()) {
      paused_.erase(what);
      return;
    }
    const auto said = json::parse(r.rec.value.view(), nullptr, false);
    if (said.is_object())
      paused_[what] = {what, {text(said, "reason"), text(said, "by")}, r.rec.timestamp};
  });
}

status control_board::read_orders() {
  const std::lock_guard one{reading_};
  return read_on(log_, {orders_, 0}, next_order_, [this](const log_record& r) {
    if (const auto order = order_of(r.rec))
      lanes_.hand_over(*order);
  });
}

status control_board::append(const std::string& topic, record what) {
  what.timestamp = clock_.now();
  SALLYPORT_CHECK(log_.append({{topic, 0}, {std::move(what)}}));
  return {};
}

status control_board::write_order(std::string_view what, std::string_view on,
                                  const order_cause& why, const stage_order* full) {
  json said{{"order", what}};
  if (!on.empty())
    said["on"] = on;
  said["reason"] = why.reason;
  said["by"] = why.by;
  said["at"] = format_utc(clock_.now());
  if (full != nullptr)
    said["command"] = json_of(*full);
  observe::log(observe::level::info, "order.given", "a person gave an order",
               {{"order", std::string{what}}});
  return append(orders_, {bytes{what}, bytes{text_of(said)}, {}, {}});
}

// -- orders ------------------------------------------------------------------------------

result<std::string> control_board::named(std::string_view what) const {
  std::set<std::string> fits;
  std::string there{everything};
  if (what == everything)
    fits.emplace(everything);
  std::set<std::string> peers;
  for (const auto& s : stages_) {
    for (const auto& peer : s.peers)
      if (peers.insert(peer).second) {
        there += ", " + peer;
        if (what == peer || what == std::string{of_peer} + peer)
          fits.insert(std::string{of_peer} + peer);
      }
    there += ", " + shown(s);
    if (what == s.stage || what == shown(s) || what == std::string{of_stage} + shown(s))
      fits.insert(std::string{of_stage} + shown(s));
  }
  if (fits.size() == 1)
    return *fits.begin();
  std::string problem = fits.empty()
                          ? "there is nothing to pause called '" + std::string{what} + "'"
                          : "'" + std::string{what} + "' may mean several";
  if (!fits.empty())
    there = [&] {
      std::string all;
      for (const auto& f : fits)
        all += (all.empty() ? "" : ", ") + f;
      return all;
    }();
  return fail(error::user(errc::not_found, problem + "; there is " + there));
}

std::vector<control_board::pause> control_board::pauses() const {
  const std::lock_guard lock{guard_};
  std::vector<pause> all;
  for (const auto& [what, p] : paused_)
    all.push_back(p);
  return all;
}

status control_board::set_pause(const std::string& what, const order_cause& why) {
  SALLYPORT_CHECK(write_order("pause", what, why, nullptr));
  SALLYPORT_CHECK(append(
    control_, {bytes{what}, bytes{text_of({{"reason", why.reason}, {"by", why.by}})}, {}, {}}));
  return read_control();
}

status control_board::end_pause(const std::string& what, const order_cause& why) {
  SALLYPORT_CHECK(write_order("resume", what, why, nullptr));
  SALLYPORT_CHECK(append(control_, {bytes{what}, bytes{}, {}, {}}));
  return read_control();
}

status control_board::give(const stage_order& what, std::string_view on, const order_cause& why) {
  return write_order(what.name, on, why, &what);
}

status control_board::note(std::string_view what, std::string_view on, const order_cause& why) {
  return write_order(what, on, why, nullptr);
}

// -- lanes -------------------------------------------------------------------------------

control_board::wanted_pause control_board::wanted_for(const calling_stage& of) const {
  const std::lock_guard lock{guard_};
  wanted_pause out;
  out.all = paused_.contains(std::string{everything}) ||
            paused_.contains(std::string{of_stage} + shown(of));
  for (const auto& peer : of.peers)
    if (paused_.contains(std::string{of_peer} + peer))
      out.peers.insert(peer);
  return out;
}

std::size_t control_board::enforce(bool act) {
  std::size_t differ = 0;
  for (const auto& [part, partition] : lanes_.here())
    for (const auto& stage : stages_) {
      if (stage.part != part)
        continue;
      const stage_place at{part, partition, stage.stage};
      const auto wanted = wanted_for(stage);
      const auto is = lanes_.paused_in(at);
      if (is && *is == wanted)
        continue;
      ++differ;
      if (act)
        lanes_.set_pause(at, wanted);
    }
  return differ;
}

bool control_board::lanes_follow(duration within) {
  if (!started_)
    return false;
  const auto until = std::chrono::steady_clock::now() + within;
  if (enforce(true) == 0)
    return true;
  std::unique_lock lock{guard_};
  while (std::chrono::steady_clock::now() < until && !stopping_) {
    wake_.wait_for(lock, look_while_waiting);
    lock.unlock();
    const bool done = enforce(false) == 0;
    lock.lock();
    if (done)
      return true;
  }
  return false;
}

void control_board::start(lanes with) {
  lanes_ = std::move(with);
  started_ = true;
  subscription_ = log_.subscribe([this](const partition_id& of) {
    if (of.topic != control_ && of.topic != orders_)
      return;
    {
      const std::lock_guard lock{guard_};
      news_ = true;
    }
    wake_.notify_all();
  });
  follower_ = std::thread{[this] { follow(); }};
}

void control_board::follow() {
  bool failed = false;
  std::unique_lock lock{guard_};
  while (!stopping_) {
    news_ = false;
    lock.unlock();
    auto read = read_control();
    if (read)
      read = read_orders();
    if (!read && !std::exchange(failed, true))
      observe::log(observe::level::warn, "control.unread", "orders cannot be read from the log",
                   {{"why", read.error().what}});
    failed = !read;
    (void) enforce(true);
    lock.lock();
    wake_.wait_for(lock, look_every, [this] { return stopping_ || news_; });
  }
}

void control_board::stop() {
  {
    const std::lock_guard lock{guard_};
    stopping_ = true;
  }
  wake_.notify_all();
  if (!follower_.joinable())
    return;
  log_.unsubscribe(subscription_);
  follower_.join();
}

} // namespace sallyport
