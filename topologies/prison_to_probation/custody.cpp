#include "actors/retry_bands.hpp"
#include "engine/core/assert.hpp"
#include "engine/operators/registry.hpp"
#include "topologies/prison_to_probation/aggregation.hpp"
#include "topologies/prison_to_probation/event_header.hpp"
#include "topologies/prison_to_probation/message_store.hpp"
#include "topologies/prison_to_probation/order.hpp"
#include "topologies/prison_to_probation/retention.hpp"
#include "topologies/prison_to_probation/snapshot_header.hpp"
#include "topologies/prison_to_probation/sync.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace sallyport::prison_to_probation {
namespace {

constexpr std::string_view example = "hold_back: 15m\n"
                                     "bands:\n"
                                     "  - { attempts: 4, cron: \"0 0 * * * *\" }\n"
                                     "  - { attempts: 6, cron: \"0 15 */4 * * *\" }\n"
                                     "  - { attempts: rest, cron: \"0 30 23 * * *\" }\n"
                                     "zone: Europe/London\n";

config::spec custody_spec() {
  using config::field;
  return config::spec{"prison_to_probation.custody"}
    .summary("Gathers the events of a booking, brings them to Delius, and tries again until it is "
             "done.")
    .description("The events of a booking are held; when the hold-back ends, the newest of each "
                 "type is synced, "
                 "one after the other, in a conversation for each. What Delius is not ready for is "
                 "tried again in "
                 "the bands, until thirty days are over or, where the sentence says so, longer; "
                 "then it is given "
                 "up and becomes a dead letter.")
    .add(
      field::duration("hold_back")
        .min(0)
        .example("15m")
        .doc(
          "How long the events of a booking are gathered. Each arrival starts it anew, but never "
          "beyond twice its length."))
    .add(retry_bands::bands_field())
    .add(retry_bands::zone_field())
    .add(
      field::choice("profile", profile_words())
        .by_default("full")
        .doc(
          "Which steps a status change has: all, those without key dates, or neither location nor "
          "key dates."))
    .add(field::text("only_prisons")
           .by_default("")
           .example("MDI,LEI")
           .doc("The prisons that take part, comma-separated; empty means all."))
    .add(compatibility_field())
    .add(field::choice("effects", {"on", "off"})
           .by_default("on")
           .doc("Off: reads go out as ever, but writes to Delius and domain events are told on "
                "telemetry instead, each write as if it had been answered with 200."))
    .example(std::string{example});
}

sync_settings settings_of(const config::params& with) {
  auto london = zone::find(with.text("zone"));
  SALLYPORT_ASSERT(london.has_value()); // The spec has checked the name.
  return {profile_of(with.text("profile")), interested_prisons{with.text("only_prisons")},
          *std::move(london), flaws_of(with), with.text("effects") == "on"};
}

original_batches batches_of(const flaws& restored) {
  return {restored.newest_by_arrival, restored.hold_back_from_oldest,
          restored.retries_join_batches};
}

/// The Prometheus counter of §7 for status changes, right this time (§10.3).
void count_status_change(context& ctx, const message& m, std::string_view type) {
  if (m.what.type != event_type::imprisonment_status)
    return;
  ctx.count("ptpu_statusChangeCounter", "total");
  ctx.count("ptpu_statusChangeCounter", type);
}

/// Boards see a counter from its 0 on, not from its first event.
void show_counters(context& ctx, bool as_original) {
  for (const auto* type : {"total", "success", "fail"})
    ctx.count("ptpu_statusChangeCounter", type, 0);
  if (!as_original)
    ctx.count("ptpu_statusChangeCounter", "rejected", 0);
  for (const auto* type : {"total", "success", "fail"})
    ctx.count("ptpu_movement", type, 0);
  for (const auto* type : {"total", "success", "fail_no_conviction", "fail_no_offender"})
    ctx.count("ptpu_sentenceDateChange", type, 0);
}

/// The number of the booking that a timer's name `<what>/<booking>/…` is about, and what follows
/// it.
struct timer_name {
  std::string_view what;
  std::int64_t booking_id = 0;
  std::string_view rest;    ///< behind the booking
  std::string_view subject; ///< the booking and the rest

  static timer_name parse(std::string_view name) {
    timer_name out;
    const auto slash = name.find('/');
    out.what = name.substr(0, slash);
    out.subject = name.substr(slash + 1);
    const auto end = std::min(out.subject.find('/'), out.subject.size());
    std::from_chars(out.subject.data(), out.subject.data() + end, out.booking_id);
    out.rest = out.subject.substr(std::min(end + 1, out.subject.size()));
    return out;
  }
};

/// The life of a message (§2): held, in sync, waiting for its band, processed, forgotten.
///
///     hold/<booking>             the hold-back ends: a batch
///     retry/<booking>/<message>  a tick of its band, or its deleteBy
///     expire/<booking>           the oldest processed message leaves the reports
///     forget/<booking>/<type>    an unanswered write was remembered long enough
class custody final : public operator_base {
public:
  explicit custody(const config::params& with)
    : settings_(settings_of(with)), hold_back_(with.duration("hold_back")),
      bands_(retry_bands::from(with)), batches_(batches_of(settings_.restored)),
      kept_(settings_.london, settings_.restored.delete_by_wall_clock) {}

  verdict process(record&& r, context& ctx) override {
    auto snapshot = take_snapshot(r);
    if (!snapshot)
      return verdict::reject(std::move(r), "internal", snapshot.error().what);
    const auto parsed = event_of(r, profile::full, settings_.restored.missing_is_zero);
    const auto* what = std::get_if<event>(&parsed);
    if (what == nullptr)
      return verdict::reject(std::move(r), "internal", "the record is no event of ours");

    drop_event(r);
    if (!std::exchange(counters_shown_, true))
      show_counters(ctx, settings_.restored.original_counters);
    message_store store{ctx};
    message m;
    m.id = store.next_id(what->booking_id);
    m.what = *what;
    m.created = ctx.now();
    m.newest_by = what->event_time.value_or(settings_.london.to_local(ctx.now()));
    m.delete_by = kept_.from(ctx.now());
    m.snapshot = *std::move(snapshot);
    m.received = std::move(r);
    store.put_open(m);
    set_hold_timer(m.what.booking_id, store.open_of(m.what.booking_id), ctx);
    return verdict::held();
  }

  void on_command(const std::string& name, const std::string& payload, context& ctx) override {
    const auto by = parse_order(name, payload);
    if (!by) {
      refuse(nullptr, is_order(name) ? name : "unknown", by.error().what, ctx);
      return;
    }
    bool found = false;
    for (auto& m : message_store{ctx}.open_of(by->booking_id))
      if (by->message_id.empty() || by->message_id == m.id) {
        obey(std::move(m), *by, ctx);
        found = true;
      }
    // Not told: an order may go to all lanes, of which one has the booking.
    if (!found)
      ctx.count("ptpu_interventions_refused", "no_such_record");
  }

  void on_timer(const timer& fired, context& ctx) override {
    const auto name = timer_name::parse(fired.name);
    message_store store{ctx};
    if (name.what == "hold")
      start_batch_if_due(name.booking_id, ctx);
    else if (name.what == "retry")
      retry(name, ctx);
    else if (name.what == "expire")
      forget_done(name.booking_id, ctx);
    else
      store.erase_writes(name.subject);
  }

  std::string converse(talk& with, const std::string& /*key*/,
                       const std::string& subject) override {
    auto input = decode_attempt_input(subject);
    attempt_report report;
    if (input)
      report = run_attempt(with, settings_, *input);
    else
      report.exception = input.error().what;
    return encode(report);
  }

  void concluded(const conclusion& end, context& ctx) override {
    const auto input = decode_attempt_input(end.subject);
    if (!input)
      throw std::runtime_error(input.error().what);
    attempt_report report;
    if (end.failed) {
      report.exception = end.outcome;
      report.remembered = input->remembered;
    } else {
      auto decoded = decode_attempt_report(end.outcome);
      if (!decoded)
        throw std::runtime_error(decoded.error().what);
      report = *std::move(decoded);
    }
    message_store store{ctx};
    auto m = store.open(input->what.booking_id, input->message_id);
    SALLYPORT_ASSERT(m.has_value()); // Nobody takes away a message that is in sync.
    apply(*std::move(m), *input, std::move(report), ctx);
    start_batch_if_due(input->what.booking_id, ctx);
  }

private:
  // -- hold-back and batch (§3, §10.10) -------------------------------------------

  void set_hold_timer(std::int64_t booking_id, const std::vector<message>& open, context& ctx) {
    if (const auto until = hold_until(open, hold_back_, batches_))
      ctx.timer_set("hold/" + std::to_string(booking_id), *until);
  }

  /// A batch waits for the attempt that is under way, as its end decides what supersedes what.
  void start_batch_if_due(std::int64_t booking_id, context& ctx) {
    message_store store{ctx};
    auto open = store.open_of(booking_id);
    const auto until = hold_until(open, hold_back_, batches_);
    if (!until || std::ranges::any_of(
                    open, [](const message& m) { return m.phase == message_phase::in_sync; }))
      return;
    if (*until > ctx.now()) {
      set_hold_timer(booking_id, open, ctx);
      return;
    }
    ctx.timer_cancel("hold/" + std::to_string(booking_id));
    const auto plan = plan_batch(open, batches_);
    for (const auto i : plan.superseded)
      supersede(open[i], ctx);
    for (const auto i : plan.work)
      start_attempt(std::move(open[i]), false, ctx);
  }

  void supersede(const message& m, context& ctx) {
    message_store store{ctx};
    tell(telemetry::superseded(m.what, m.retry_count), m, ctx);
    if (m.phase == message_phase::waiting)
      ctx.timer_cancel("retry/" + message_store::name_of(m));
    store.erase_open(m);
    ctx.settle(term_of(m.phase), verdict::superseded());
  }

  // -- attempts -----------------------------------------------------------------

  void start_attempt(message m, bool is_retry, context& ctx) {
    message_store store{ctx};
    if (m.phase == message_phase::waiting)
      ctx.timer_cancel("retry/" + message_store::name_of(m));
    auto remembered = store.writes_of(m.what.booking_id, m.what.type);
    if (m.retry_count == 0 && remembered.forget_missed())
      store.put_writes(m.what.booking_id, m.what.type, remembered);
    ctx.settle(term_of(m.phase), verdict::in_call());
    m.phase = message_phase::in_sync;
    store.put_open(m);
    ctx.converse(std::to_string(m.what.booking_id),
                 encode(attempt_input{m.id, m.what, std::move(remembered), is_retry}));
  }

  /// What the attempt left behind, whichever way it ended.
  void apply(message m, const attempt_input& input, attempt_report report, context& ctx) {
    auto& end = report.end;
    m.status = end.status;
    if (end.crns)
      m.crns = end.crns->empty() ? std::nullopt : std::optional{joined(*end.crns)};
    if (report.refreshed)
      m.snapshot = *std::move(report.refreshed);
    if (end.done)
      report.remembered.forget_answered();
    remember_writes(m, input.remembered, report.remembered, ctx);
    if (!report.exception.empty())
      tell(telemetry::attempt_failed(m.what, m.retry_count + 1, report.exception), m, ctx);
    if (end.done) {
      finish(std::move(m), report.wrote, ctx);
      return;
    }
    ++m.retry_count;
    m.delete_by = delete_by_after(m, input.is_retry, end.retry_until, ctx);
    if (report.exception.empty())
      count_late_failure(ctx, m);
    try_later(std::move(m), ctx);
  }

  /// §10.12.
  [[nodiscard]] wall_time delete_by_after(const message& m, bool is_retry,
                                          const std::optional<sys_days>& until,
                                          context& ctx) const {
    if (!settings_.restored.retry_until_replaces)
      return kept_.extended(m.delete_by, until, ctx.now());
    return is_retry ? kept_.replaced(m.delete_by, until, ctx.now()) : m.delete_by;
  }

  void remember_writes(const message& m, const progress& before, const progress& p, context& ctx) {
    if (before.empty() && p.empty())
      return;
    const auto name = "forget/" + message_store::name_of(m.what.booking_id, m.what.type);
    message_store{ctx}.put_writes(m.what.booking_id, m.what.type, p);
    if (!p.empty())
      ctx.timer_set(name, ctx.now() + unanswered_write_kept_for);
    else if (ctx.timer_due(name))
      ctx.timer_cancel(name);
  }

  void finish(message m, bool wrote, context& ctx) {
    message_store store{ctx};
    store.erase_open(m);
    m.phase = message_phase::processed;
    m.processed = ctx.now();
    m.delete_by = kept_.from(ctx.now());
    m.received = {};
    m.paused.reset();
    store.put_done(m);
    if (const auto timer = "expire/" + std::to_string(m.what.booking_id); !ctx.timer_due(timer))
      ctx.timer_set(timer, m.delete_by);
    ctx.count("ptpu_processed", to_string(m.status));
    const bool success =
      m.status == message_status::completed || settings_.restored.original_counters;
    count_status_change(ctx, m, success ? "success" : "rejected");
    if (success)
      observe_success(ctx, m);
    if (wrote && m.status == message_status::completed)
      observe_update(ctx, m);
    ctx.settle(term::in_call, verdict::done());
  }

  /// Reports forget what was done 30 days ago. One timer a booking, for the oldest of its messages.
  void forget_done(std::int64_t booking_id, context& ctx) {
    const auto next = message_store{ctx}.erase_done(booking_id, ctx.now());
    if (next)
      ctx.timer_set("expire/" + std::to_string(booking_id), *next);
  }

  /// How long the change was on its way from NOMIS to Delius.
  void observe_update(context& ctx, const message& m) const {
    const auto at = m.what.event_time
                      ? settings_.london.to_utc(std::chrono::floor<duration>(*m.what.event_time))
                      : m.created;
    const auto took = std::max(ctx.now() - at, duration{0});
    ctx.observe("ptpu_delius_update_seconds", "eventType=" + std::string{to_string(m.what.type)},
                std::chrono::duration<double>{took}.count());
  }

  /// §7: after how many retries and how many days a status change was done.
  static void observe_success(context& ctx, const message& m) {
    if (m.what.type != event_type::imprisonment_status)
      return;
    const auto days = std::chrono::floor<std::chrono::days>(ctx.now() - m.created).count() + 1;
    ctx.observe("ptpu_statusChange_retries", "eventType=successAfterRetries",
                static_cast<double>(m.retry_count));
    ctx.observe("ptpu_statusChange", "eventType=successAfterTimeDays", static_cast<double>(days));
  }

  // -- retry and give-up (§5) ------------------------------------------------------

  void try_later(message m, context& ctx) {
    if (m.delete_by <= ctx.now()) {
      give_up(std::move(m), ctx);
      return;
    }
    ctx.settle(term::in_call, verdict::waiting());
    m.phase = message_phase::waiting;
    ctx.count("ptpu_try_later", to_string(m.status));
    wait_for_tick(m, ctx);
    message_store{ctx}.put_open(m);
  }

  void wait_for_tick(const message& m, context& ctx) {
    const auto tick =
      m.paused ? m.delete_by : bands_.next(m.retry_count, ctx.now()).value_or(m.delete_by);
    ctx.timer_set("retry/" + message_store::name_of(m), std::min(tick, m.delete_by));
  }

  void retry(const timer_name& of, context& ctx) {
    message_store store{ctx};
    auto m = store.open(of.booking_id, of.rest);
    if (!m || m->phase != message_phase::waiting)
      return;
    if (m->delete_by <= ctx.now())
      give_up(*std::move(m), ctx);
    else if (m->paused || is_held_back(*m, store.open_of(of.booking_id), batches_))
      wait_for_tick(*m, ctx); // §10.9: the newer one's batch will supersede it.
    else
      start_attempt(*std::move(m), true, ctx);
  }

  void give_up(message m, context& ctx) {
    message_store{ctx}.erase_open(m);
    if (settings_.restored.give_up_silently) {
      ctx.settle(term_of(m.phase), verdict::discard("expired"));
      return;
    }
    tell(telemetry::given_up(m.what, to_string(m.status), m.retry_count), m, ctx);
    if (!settings_.restored.original_counters)
      count_status_change(ctx, m, "fail");
    ctx.count("ptpu_given_up", to_string(m.status));
    ctx.settle(term_of(m.phase), verdict::reject(std::move(m.received), "given_up",
                                                 std::string{to_string(m.status)}));
  }

  /// §7 as the original counts: a try later fails when deleteBy is less than a day away.
  void count_late_failure(context& ctx, const message& m) const {
    if (settings_.restored.original_counters && m.delete_by - std::chrono::days{1} < ctx.now())
      count_status_change(ctx, m, "fail");
  }

  // -- what a person may do -------------------------------------------------------

  void obey(message m, const order& by, context& ctx) {
    if (const auto why = reason_against(m, by, ctx); !why.empty()) {
      refuse(&m.what, to_string(by.what), why, ctx);
      return;
    }
    message_store store{ctx};
    ctx.count("ptpu_interventions", to_string(by.what));
    tell(telemetry::intervention(m.what, by, to_string(m.status), m.retry_count), m, ctx);
    switch (by.what) {
    case order::kind::retry_now: start_attempt(std::move(m), true, ctx); return;
    case order::kind::pause: m.paused = by.reason; break;
    case order::kind::resume: m.paused.reset(); break;
    case order::kind::discard:
      if (m.phase == message_phase::waiting)
        ctx.timer_cancel("retry/" + message_store::name_of(m));
      store.erase_open(m);
      ctx.settle(term_of(m.phase), verdict::discard("by_a_person"));
      return;
    }
    wait_for_tick(m, ctx);
    store.put_open(m);
  }

  /// Why the order cannot be followed now, or changes nothing; empty: it can.
  [[nodiscard]] std::string_view reason_against(const message& m, const order& by,
                                                context& ctx) const {
    if (m.phase == message_phase::in_sync)
      return "in_sync";
    if (by.what == order::kind::discard)
      return {};
    if (m.phase == message_phase::held)
      return "held";
    if (by.what == order::kind::retry_now &&
        is_held_back(m, message_store{ctx}.open_of(m.what.booking_id), batches_))
      return "newer_is_held";
    if (by.what == order::kind::pause && m.paused)
      return "is_paused";
    if (by.what == order::kind::resume && !m.paused)
      return "is_not_paused";
    return {};
  }

  static void refuse(const event* on, std::string_view command, std::string_view why,
                     context& ctx) {
    ctx.count("ptpu_interventions_refused", on != nullptr ? why : "bad_command");
    ctx.publish("telemetry",
                telemetry::intervention_refused(on, command, why)
                  .to_record(on != nullptr ? std::to_string(on->booking_id) : "", ctx.now()));
  }

  static term term_of(message_phase phase) {
    switch (phase) {
    case message_phase::held: return term::held;
    case message_phase::in_sync: return term::in_call;
    case message_phase::waiting: return term::waiting;
    case message_phase::processed: break;
    }
    return term::done;
  }

  static void tell(const telemetry_event& news, const message& m, context& ctx) {
    ctx.publish("telemetry", news.to_record(std::to_string(m.what.booking_id), ctx.now()));
  }

  sync_settings settings_;
  duration hold_back_;
  retry_bands bands_;
  original_batches batches_;
  retention kept_;
  bool counters_shown_ = false;
};

operator_entry custody_entry() {
  operator_entry entry;
  entry.spec = custody_spec();
  entry.keeps = "the messages of each booking, what was done with them, its snapshot";
  entry.timers = "the hold-back ends; the next attempt is due; a message is given up";
  entry.outputs = {};
  entry.publishes = {"telemetry", "probation-case-events"};
  entry.calls = {"prison-api", "community-api", "offender-search"};
  entry.make = [](const config::params& with) { return std::make_unique<custody>(with); };
  entry.lint = retry_bands::lint;
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(custody, custody_entry());

} // namespace sallyport::prison_to_probation
