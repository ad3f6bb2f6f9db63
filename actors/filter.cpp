#include "actors/condition.hpp"
#include "engine/operators/registry.hpp"

namespace sallyport {
namespace {

config::spec filter_spec() {
  using config::field;
  return config::spec{"filter"}
    .summary("Lets the records through that meet all conditions; discards the others.")
    .description("What is discarded is counted under `reason`. A value that a condition reads and "
                 "that is not JSON is rejected as `invalid`.")
    .add(conditions::field("when")
           .example("[{field: /eventType, equals: MOVED}]")
           .doc("The conditions, of which all must hold for a record to go on."))
    .add(field::text("reason")
           .by_default("filtered")
           .doc("Why the others are discarded: a short fixed text, a label of the metric."))
    .example("when:\n"
             "  - { field: /eventType, in: [MOVED, RELEASED] }\n"
             "  - { header: test, exists: false }\n"
             "reason: other_event\n");
}

class filter final : public operator_base {
public:
  explicit filter(const config::params& with)
    : when_(conditions::from(with, "when")), reason_(with.text("reason")) {}

  verdict process(record&& r, context& /*ctx*/) override {
    const auto holds = when_.hold(r);
    if (!holds)
      return verdict::reject(std::move(r), std::string{causes::invalid}, holds.error().what);
    return *holds ? verdict::forward(std::move(r)) : verdict::discard(reason_);
  }

private:
  conditions when_;
  std::string reason_;
};

operator_entry filter_entry() {
  operator_entry entry;
  entry.spec = filter_spec();
  entry.make = [](const config::params& with) { return std::make_unique<filter>(with); };
  entry.lint = [](const config::params& with, config::findings& out) {
    conditions::lint(with, "when", out);
  };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(filter, filter_entry());

} // namespace sallyport
