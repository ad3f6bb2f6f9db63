#include "actors/retry_bands.hpp"
#include "engine/core/assert.hpp"
#include "engine/operators/registry.hpp"
#include "topologies/prison_to_probation/aggregation.hpp"
#include "topologies/prison_to_probation/message_store.hpp"
#include "topologies/prison_to_probation/retention.hpp"
#include "topologies/prison_to_probation/snapshot_header.hpp"
#include "topologies/prison_to_probation/sync.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

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
    .example(std::string{example});
}

sync_settings settings_of(const config::params& with) {
  auto london = zone::find(with.text("zone"));
  SALLYPORT_ASSERT(london.has_value()); // The spec has checked the name.
  return {profile_of(with.text("profile")), interested_prisons{with.text("only_prisons")},
          *std::move(london)};
}

/// The Prometheus counter of §7 for status changes, right this time (§10.3).
void count_status_change(context& ctx, const message& m, std::string_view type) {
  if (m.what.type != event_type::imprisonment_status)
    return;
  ctx.count("ptpu_statusChangeCounter", "total");
  ctx.count("ptpu_statusChangeCounter", type);
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
///     expire/<booking>/<message> a processed message leaves the reports
///     forget/<booking>/<type>    an unanswered write was remembered long enough
class custody final : public operator_base {
public:
  explicit custody(const config::params& with)
    : settings_(settings_of(with)), hold_back_(with.duration("hold_back")),
      bands_(retry_bands::from(with)) {}

  verdict process(record&& r, context& ctx) override {
    auto snapshot = take_snapshot(r);
    if (!snapshot)
      return verdict::reject(std::move(r), "internal", snapshot.error().what);
    const auto parsed = parse_event(r, profile::full);
    const auto* what = std::get_if<event>(&parsed);
    if (what == nullptr)
      return verdict::reject(std::move(r), "internal", "the record is no event of ours");

    message_store store{ctx};
    message m;
    m.id = store.next_id(what->booking_id);
    m.what = *what;
    m.created = ctx.now();
    m.newest_by = what->event_time.value_or(settings_.london.to_local(ctx.now()));
    m.delete_by = ctx.now() + message_kept_for;
    m.snapshot = *std::move(snapshot);
    m.received = std::move(r);
    store.put_open(m);
    set_hold_timer(m.what.booking_id, store.open_of(m.what.booking_id), ctx);
    return verdict::held();
  }

  void on_timer(const timer& fired, context& ctx) override {
    const auto name = timer_name::parse(fired.name);
    message_store store{ctx};
    if (name.what == "hold")
      start_batch_if_due(name.booking_id, ctx);
    else if (name.what == "retry")
      retry(name, ctx);
    else if (name.what == "expire")
      store.erase_done(name.subject);
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
    apply(*std::move(m), std::move(report), ctx);
    start_batch_if_due(input->what.booking_id, ctx);
  }

private:
  // -- hold-back and batch (§3, §10.10) -------------------------------------------

  void set_hold_timer(std::int64_t booking_id, const std::vector<message>& open, context& ctx) {
    if (const auto until = hold_until(open, hold_back_))
      ctx.timer_set("hold/" + std::to_string(booking_id), *until);
  }

  /// A batch waits for the attempt that is under way, as its end decides what supersedes what.
  void start_batch_if_due(std::int64_t booking_id, context& ctx) {
    message_store store{ctx};
    auto open = store.open_of(booking_id);
    const auto until = hold_until(open, hold_back_);
    if (!until || std::ranges::any_of(
                    open, [](const message& m) { return m.phase == message_phase::in_sync; }))
      return;
    if (*until > ctx.now()) {
      set_hold_timer(booking_id, open, ctx);
      return;
    }
    ctx.timer_cancel("hold/" + std::to_string(booking_id));
    const auto plan = plan_batch(open);
    for (const auto i : plan.superseded)
      supersede(open[i], ctx);
    for (const auto i : plan.work)
      start_attempt(std::move(open[i]), ctx);
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

  void start_attempt(message m, context& ctx) {
    message_store store{ctx};
    auto remembered = store.writes_of(m.what.booking_id, m.what.type);
    if (m.retry_count == 0)
      remembered.forget_missed();
    ctx.settle(term_of(m.phase), verdict::in_call());
    m.phase = message_phase::in_sync;
    store.put_open(m);
    ctx.converse(std::to_string(m.what.booking_id),
                 encode(attempt_input{m.id, m.what, std::move(remembered)}));
  }

  /// What the attempt left behind, whichever way it ended.
  void apply(message m, attempt_report report, context& ctx) {
    auto& end = report.end;
    m.status = end.status;
    if (end.crns)
      m.crns = end.crns->empty() ? std::nullopt : std::optional{joined(*end.crns)};
    if (report.refreshed)
      m.snapshot = *std::move(report.refreshed);
    if (end.done)
      report.remembered.forget_answered();
    remember_writes(m, report.remembered, ctx);
    if (!report.exception.empty())
      tell(telemetry::attempt_failed(m.what, m.retry_count + 1, report.exception), m, ctx);
    if (end.done)
      finish(std::move(m), ctx);
    else
      try_later(std::move(m), end.retry_until, ctx);
  }

  void remember_writes(const message& m, const progress& p, context& ctx) {
    const auto name = "forget/" + message_store::name_of(m.what.booking_id, m.what.type);
    message_store{ctx}.put_writes(m.what.booking_id, m.what.type, p);
    if (!p.empty())
      ctx.timer_set(name, ctx.now() + unanswered_write_kept_for);
    else if (ctx.timer_due(name))
      ctx.timer_cancel(name);
  }

  void finish(message m, context& ctx) {
    message_store store{ctx};
    store.erase_open(m);
    m.phase = message_phase::processed;
    m.processed = ctx.now();
    m.delete_by = ctx.now() + message_kept_for;
    m.received = {};
    store.put_done(m);
    ctx.timer_set("expire/" + message_store::name_of(m), m.delete_by);
    count_status_change(ctx, m,
                        m.status == message_status::no_longer_valid ? "rejected" : "success");
    ctx.count("ptpu_processed", to_string(m.status));
    observe_success(ctx, m);
    ctx.settle(term::in_call, verdict::done());
  }

  /// §7: after how many retries and how many days a status change reached Delius.
  static void observe_success(context& ctx, const message& m) {
    if (m.what.type != event_type::imprisonment_status || m.status != message_status::completed)
      return;
    const auto days = std::chrono::floor<std::chrono::days>(ctx.now() - m.created).count() + 1;
    ctx.observe("ptpu_statusChange_retries", "eventType=successAfterRetries",
                static_cast<double>(m.retry_count));
    ctx.observe("ptpu_statusChange", "eventType=successAfterTimeDays", static_cast<double>(days));
  }

  // -- retry and give-up (§5) ------------------------------------------------------

  void try_later(message m, const std::optional<sys_days>& until, context& ctx) {
    ++m.retry_count;
    m.delete_by = extended(m.delete_by, until, ctx.now(), settings_.london);
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
    const auto tick = bands_.next(m.retry_count, ctx.now()).value_or(m.delete_by);
    ctx.timer_set("retry/" + message_store::name_of(m), std::min(tick, m.delete_by));
  }

  void retry(const timer_name& of, context& ctx) {
    message_store store{ctx};
    auto m = store.open(of.booking_id, of.rest);
    if (!m || m->phase != message_phase::waiting)
      return;
    if (m->delete_by <= ctx.now())
      give_up(*std::move(m), ctx);
    else if (is_paused(*m, store.open_of(of.booking_id)))
      wait_for_tick(*m, ctx); // §10.9: the newer one's batch will supersede it.
    else
      start_attempt(*std::move(m), ctx);
  }

  void give_up(message m, context& ctx) {
    message_store{ctx}.erase_open(m);
    tell(telemetry::given_up(m.what, to_string(m.status), m.retry_count), m, ctx);
    count_status_change(ctx, m, "fail");
    ctx.count("ptpu_given_up", to_string(m.status));
    ctx.settle(term_of(m.phase), verdict::reject(std::move(m.received), "given_up",
                                                 std::string{to_string(m.status)}));
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
};

operator_entry custody_entry() {
  operator_entry entry;
  entry.spec = custody_spec();
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
