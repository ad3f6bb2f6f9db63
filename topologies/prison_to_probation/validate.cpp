#include "engine/operators/registry.hpp"
#include "topologies/prison_to_probation/checks.hpp"
#include "topologies/prison_to_probation/event_header.hpp"
#include "topologies/prison_to_probation/flaws.hpp"
#include "topologies/prison_to_probation/message_ids.hpp"
#include "topologies/prison_to_probation/snapshot_header.hpp"
#include "topologies/prison_to_probation/telemetry.hpp"

#include <algorithm>

namespace sallyport::prison_to_probation {
namespace {

/// How long to wait before the reads of a validation are made again (§10.13).
constexpr duration again_initial = std::chrono::seconds{5};
constexpr duration again_max = std::chrono::minutes{5};

/// In compatibility: how often a message is received before it is dead, and the pause between two
/// receives, so that it is over within a second (§9).
constexpr std::uint64_t receives_max = 3;
constexpr duration receive_again{300};

duration pause_after(std::uint64_t tries) {
  auto pause = again_initial;
  for (std::uint64_t i = 1; i < tries && pause < again_max; ++i)
    pause *= 2;
  return std::min(pause, again_max);
}

config::spec validate_spec() {
  using config::field;
  return config::spec{"prison_to_probation.validate"}
    .summary("Asks prison-api whether an event has anything for Delius.")
    .description(
      "A message whose id came within the last 30 days is discarded. The checks of the event's "
      "type "
      "are made in order, in a conversation for each booking; the first that fails discards the "
      "event "
      "with its reason. An event that passes goes on with a snapshot of its booking. A read that "
      "prison-api refuses makes the event a dead letter; any other failure is repeated until it "
      "succeeds.")
    .add(field::choice("profile", profile_words())
           .by_default("full")
           .doc("Which event types are handled."))
    .add(field::text("only_prisons")
           .by_default("")
           .example("MDI,LEI")
           .doc("The prisons that take part, comma-separated; empty means all."))
    .add(compatibility_field())
    .example("profile: full\nonly_prisons: \"\"\n");
}

/// What a validation is about: the subject of its conversation, and of the timer that repeats it.
struct validation_subject {
  static constexpr std::uint8_t format = 1;
  std::uint64_t tries = 1;
  record received;

  [[nodiscard]] std::string encode() const {
    std::string out;
    binary::put_u8(out, format);
    binary::put_varint(out, tries);
    binary::put_record(out, received);
    return out;
  }

  static result<validation_subject> decode(std::string_view bytes) {
    binary::reader in{bytes};
    if (in.u8() != format)
      return fail(error::data("the subject of a validation has another format"));
    validation_subject out;
    out.tries = in.varint();
    out.received = in.read_record();
    if (in.failed() || !in.at_end())
      return fail(error::data("the subject of a validation is cut short"));
    return out;
  }
};

/// How a validation ended.
struct validation_end {
  static constexpr std::uint8_t format = 1;
  enum class kind : std::uint8_t { passed, refused, dead, again };
  kind what = kind::passed;
  std::string text; ///< the snapshot, the reason, or what went wrong

  [[nodiscard]] std::string encode() const {
    std::string out;
    binary::put_u8(out, format);
    binary::put_u8(out, static_cast<std::uint8_t>(what));
    binary::put_string(out, text);
    return out;
  }

  static result<validation_end> decode(std::string_view bytes) {
    binary::reader in{bytes};
    if (in.u8() != format)
      return fail(error::data("the end of a validation has another format"));
    validation_end out;
    out.what = static_cast<kind>(in.u8());
    out.text = std::string{in.string()};
    if (in.failed() || !in.at_end() || out.what > kind::again)
      return fail(error::data("the end of a validation is cut short"));
    return out;
  }
};

/// §1, with the defaults of §10.11, §10.13 and §10.14. Its state: the ids of messages.
class validate final : public operator_base {
public:
  explicit validate(const config::params& with)
    : profile_(profile_of(with.text("profile"))), prisons_(with.text("only_prisons")),
      restored_(flaws_of(with)) {}

  verdict process(record&& r, context& ctx) override {
    const auto parsed = event_of(r, profile_, restored_.missing_is_zero);
    if (const auto* bad = std::get_if<bad_event>(&parsed))
      return verdict::reject(std::move(r), bad->cause, bad->detail);
    const auto* what = std::get_if<event>(&parsed);
    if (what == nullptr)
      return verdict::discard("unexpected_type");
    if (!what->message_id.empty() && !restored_.repeats_pass &&
        !message_ids::add(what->message_id, ctx)) {
      tell(telemetry::repeated(*what), *what, ctx);
      return verdict::discard("repeated_message");
    }
    ctx.converse(std::to_string(what->booking_id), validation_subject{1, std::move(r)}.encode());
    return verdict::in_call();
  }

  std::string converse(talk& with, const std::string& /*key*/,
                       const std::string& subject) override {
    using kind = validation_end::kind;
    const auto about = validation_subject::decode(subject);
    if (!about)
      return validation_end{kind::dead, about.error().what}.encode();
    const auto what = event_in(about->received);
    peers ask{with, what.booking_id, restored_.one_try};
    auto found = check_event(ask, what, prisons_);
    if (!found)
      return validation_end{found.error().retry == retry_hint::never ? kind::dead : kind::again,
                            found.error().what}
        .encode();
    if (!found->refused.empty())
      return validation_end{kind::refused, std::string{found->refused}}.encode();
    if (restored_.booking_read_again) {
      auto again = ask.read_booking();
      if (!again)
        return validation_end{kind::again, again.error().what}.encode();
      found->of = *std::move(again);
    }
    return validation_end{kind::passed, encode(snapshot_of(*found->of))}.encode();
  }

  void concluded(const conclusion& end, context& ctx) override {
    using kind = validation_end::kind;
    auto about = validation_subject::decode(end.subject);
    if (!about) {
      ctx.settle(term::in_call, verdict::reject({}, "internal", about.error().what));
      return;
    }
    auto& received = about->received;
    const auto what = event_in(received);
    auto outcome =
      end.failed ? fail(error::internal(end.outcome)) : validation_end::decode(end.outcome);
    if (!outcome) {
      reject(std::move(received), what, "internal", outcome.error().what, ctx);
      return;
    }
    if (restored_.three_receives && (outcome->what == kind::dead || outcome->what == kind::again))
      outcome->what = about->tries < receives_max ? kind::again : kind::dead;
    switch (outcome->what) {
    case kind::passed:
      set_snapshot(received, outcome->text);
      ctx.settle(term::in_call, verdict::forward(std::move(received)));
      break;
    case kind::refused:
      if (!restored_.rejects_lost)
        tell(telemetry::rejected(what, outcome->text), what, ctx);
      ctx.settle(term::in_call, verdict::discard(std::move(outcome->text)));
      break;
    case kind::dead: reject(std::move(received), what, "read_refused", outcome->text, ctx); break;
    case kind::again: {
      const auto name = "again/" + end.key + "/" + std::to_string(ctx.number());
      const auto at =
        ctx.now() + (restored_.three_receives ? receive_again : pause_after(about->tries));
      ++about->tries;
      ctx.count("ptpu_validation_repeats", "");
      ctx.timer_set(name, at, about->encode());
      ctx.settle(term::in_call, verdict::waiting());
      break;
    }
    }
  }

  void on_timer(const timer& fired, context& ctx) override {
    if (fired.name.starts_with(message_ids::timer_prefix)) {
      message_ids::on_timer(fired, ctx);
      return;
    }
    const auto key = std::string_view{fired.name}.substr(std::string_view{"again/"}.size());
    ctx.settle(term::waiting, verdict::in_call());
    ctx.converse(key.substr(0, key.find('/')), fired.payload);
  }

private:
  /// The event of a record that `process` let in.
  [[nodiscard]] event event_in(const record& received) const {
    auto parsed = event_of(received, profile::full, restored_.missing_is_zero);
    const auto* what = std::get_if<event>(&parsed);
    return what != nullptr ? *what : event{};
  }

  static void tell(const telemetry_event& news, const event& what, context& ctx) {
    ctx.publish("telemetry", news.to_record(std::to_string(what.booking_id), ctx.now()));
  }

  static void reject(record received, const event& what, std::string cause,
                     const std::string& detail, context& ctx) {
    drop_event(received);
    if (!what.message_id.empty())
      message_ids::remove(what.message_id, ctx);
    tell(telemetry::dead_letter(to_string(what.type), what.booking_id, cause, detail), what, ctx);
    ctx.settle(term::in_call, verdict::reject(std::move(received), std::move(cause), detail));
  }

  profile profile_;
  interested_prisons prisons_;
  flaws restored_;
};

operator_entry validate_entry() {
  operator_entry entry;
  entry.spec = validate_spec();
  entry.keeps = "the ids of messages, and those that wait for an answer";
  entry.timers = "an unanswered question is asked again; ids are forgotten";
  entry.publishes = {"telemetry"};
  entry.calls = {"prison-api"};
  entry.make = [](const config::params& with) { return std::make_unique<validate>(with); };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(validate, validate_entry());

} // namespace sallyport::prison_to_probation
