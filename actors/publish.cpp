#include "engine/operators/registry.hpp"

namespace sallyport {
namespace {

config::spec publish_spec() {
  using config::field;
  return config::spec{"publish"}
    .summary("Writes each record to a sink port or internal topic; with that it is done.")
    .add(field::text("to").example("telemetry").doc("The sink port or internal topic."))
    .example("to: telemetry\n");
}

class publish final : public operator_base {
public:
  explicit publish(const config::params& with) : to_(with.text("to")) {}

  verdict process(record&& r, context& ctx) override {
    ctx.publish(to_, std::move(r));
    return verdict::done();
  }

private:
  std::string to_;
};

operator_entry publish_entry() {
  operator_entry entry;
  entry.spec = publish_spec();
  entry.outputs = {};
  entry.publishes_by = {"to"};
  entry.make = [](const config::params& with) { return std::make_unique<publish>(with); };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(publish, publish_entry());

} // namespace sallyport
