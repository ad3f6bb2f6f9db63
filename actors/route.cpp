#include "actors/condition.hpp"
#include "engine/operators/registry.hpp"

namespace sallyport {
namespace {

config::spec route_spec() {
  using config::field;
  return config::spec{"route"}
    .summary("Sends each record by the port of the first rule that it meets.")
    .description("The ports are `first`, `second`, `third` and, for what meets no rule, `other`. "
                 "A value that a rule reads and that is not JSON is rejected as `invalid`.")
    .add(field::list("rules",
                     field::object("", {field::choice("to", {"first", "second", "third", "other"})
                                          .example("first")
                                          .doc("The port of what meets the rule."),
                                        conditions::field("when")
                                          .example("[{header: kind, equals: A}]")
                                          .doc("The conditions, of which all must hold.")})
                       .doc("A port and its conditions."))
           .example("[{to: first, when: [{header: kind, equals: A}]}]")
           .doc("The rules, asked in this order."))
    .example("rules:\n"
             "  - { to: first, when: [{ field: /type, equals: MOVED }] }\n"
             "  - { to: second, when: [{ field: /type, in: [RELEASED, RECALLED] }, "
             "{ field: /prison, exists: true }] }\n");
}

class route final : public operator_base {
public:
  explicit route(const config::params& with) {
    for (const auto& rule : with.list("rules"))
      rules_.emplace_back(rule.text("to"), conditions::from(rule, "when"));
  }

  verdict process(record&& r, context& /*ctx*/) override {
    for (auto& [port, when] : rules_) {
      const auto holds = when.hold(r);
      if (!holds)
        return verdict::reject(std::move(r), std::string{causes::invalid}, holds.error().what);
      if (*holds)
        return verdict::forward(std::move(r), port);
    }
    return verdict::forward(std::move(r), "other");
  }

private:
  std::vector<std::pair<std::string, conditions>> rules_;
};

operator_entry route_entry() {
  operator_entry entry;
  entry.spec = route_spec();
  entry.outputs = {"first", "second", "third", "other"};
  entry.make = [](const config::params& with) { return std::make_unique<route>(with); };
  entry.lint = [](const config::params& with, config::findings& out) {
    for (const auto& rule : with.list("rules"))
      conditions::lint(rule, "when", out);
  };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(route, route_entry());

} // namespace sallyport
