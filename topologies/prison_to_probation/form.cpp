#include "engine/operators/registry.hpp"
#include "topologies/prison_to_probation/event_header.hpp"
#include "topologies/prison_to_probation/flaws.hpp"
#include "topologies/prison_to_probation/telemetry.hpp"

namespace sallyport::prison_to_probation {
namespace {

config::spec form_spec() {
  using config::field;
  return config::spec{"prison_to_probation.form"}
    .summary("Checks the form of a prison event and names its type and booking in headers.")
    .description(
      "A record is the envelope of SNS, or the message itself with a header `eventType`. It goes "
      "on "
      "as it came, with the headers `eventType`, `bookingId` and `messageId`, and the booking as "
      "its "
      "key. One that can never be an event is rejected with the name of the field that is wrong; "
      "one "
      "of a type that the profile does not handle is discarded. Both are told by telemetry.")
    .add(field::choice("profile", profile_words())
           .by_default("full")
           .doc("Which event types are handled: all five, those without the date events, or status "
                "changes and booking numbers only."))
    .add(compatibility_field())
    .example("profile: full\n");
}

class form final : public operator_base {
public:
  explicit form(const config::params& with)
    : profile_(profile_of(with.text("profile"))), missing_is_zero_(flaws_of(with).missing_is_zero) {
  }

  verdict process(record&& r, context& ctx) override {
    const auto parsed = parse_event(r, profile_, missing_is_zero_);
    if (const auto* bad = std::get_if<bad_event>(&parsed)) {
      ctx.publish("telemetry", telemetry::dead_letter("", std::nullopt, bad->cause, bad->detail)
                                 .to_record(r.key.view(), ctx.now()));
      return verdict::reject(std::move(r), bad->cause, bad->detail);
    }
    if (const auto* unexpected = std::get_if<unexpected_event>(&parsed)) {
      ctx.publish("telemetry",
                  telemetry::unexpected_type(unexpected->type).to_record(r.key.view(), ctx.now()));
      return verdict::discard("unexpected_type");
    }
    const auto& what = std::get<event>(parsed);
    auto booking_id = std::to_string(what.booking_id);
    r.set("eventType", std::string{to_string(what.type)});
    if (!what.message_id.empty())
      r.set("messageId", what.message_id);
    r.key = bytes{booking_id};
    r.set("bookingId", std::move(booking_id));
    set_event(r, what);
    return verdict::forward(std::move(r));
  }

private:
  profile profile_;
  bool missing_is_zero_;
};

operator_entry form_entry() {
  operator_entry entry;
  entry.spec = form_spec();
  entry.publishes = {"telemetry"};
  entry.make = [](const config::params& with) { return std::make_unique<form>(with); };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(form, form_entry());

} // namespace sallyport::prison_to_probation
