#include "engine/operators/registry.hpp"
#include "engine/time/zone.hpp"

namespace sallyport {
namespace {

config::spec dead_letter_spec() {
  using config::field;
  return config::spec{"dead_letter"}
    .summary("Writes what cannot be worked on to a dead-letter topic, with the reason in headers.")
    .description(
      "A record that was rejected brings `sallyport-cause`, `sallyport-detail`, `sallyport-stage` "
      "and `sallyport-source`; they are kept, and `sallyport-dead-at` (UTC) is added. Key and "
      "value "
      "are those of the record.")
    .add(field::text("to").example("dead-letters").doc("The sink port of the dead letters."))
    .add(
      field::text("cause")
        .by_default("unspecified")
        .doc("The cause of a record that brings none: a short fixed text, a label of the metric."))
    .example("to: dead-letters\n")
    .example("to: dead-letters\ncause: given_up\n");
}

class dead_letter final : public operator_base {
public:
  explicit dead_letter(const config::params& with)
    : to_(with.text("to")), cause_(with.text("cause")) {}

  verdict process(record&& r, context& ctx) override {
    std::string cause{r.find("sallyport-cause").value_or(cause_)};
    r.set("sallyport-cause", cause);
    r.set("sallyport-dead-at", format_utc(ctx.now()));
    ctx.publish(to_, std::move(r));
    return verdict::dead(std::move(cause));
  }

private:
  std::string to_;
  std::string cause_;
};

operator_entry dead_letter_entry() {
  operator_entry entry;
  entry.spec = dead_letter_spec();
  entry.outputs = {};
  entry.publishes_by = {"to"};
  entry.make = [](const config::params& with) { return std::make_unique<dead_letter>(with); };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(dead_letter, dead_letter_entry());

} // namespace sallyport
