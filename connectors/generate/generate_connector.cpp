#include "connectors/generate/generate_ingress.hpp"
#include "engine/connectors/registry.hpp"

namespace sallyport::generate {

namespace {

using config::field;

std::optional<std::string> is_template(std::string_view text) {
  const auto parsed = text_template::parse(text);
  return parsed ? std::nullopt : std::optional{parsed.error().what};
}

config::spec ingress_spec() {
  return config::spec{"generate"}
    .summary("Makes records of a template.")
    .description("For trying things out and for benchmarks. In the templates `{{n}}` is the number "
                 "of the record, counted from 1, and `{{random a b}}` a whole number between a and "
                 "b. A restart goes on with the next number.")
    .add(field::text("value")
           .doc("Template of the value.")
           .example(R"('{"bookingId":{{random 1 500}},"n":{{n}}}')")
           .check(is_template))
    .add(field::text("key")
           .doc("Template of the key; without it records have none.")
           .optional()
           .example("'{{random 1 500}}'")
           .check(is_template))
    .add(field::map("headers", field::text("").doc("Template of the value.").check(is_template))
           .doc("Headers of each record.")
           .optional())
    .add(field::number("count")
           .doc("How many records in all; 0 means without end.")
           .min(0)
           .by_default("0"))
    .add(field::decimal("rate")
           .doc("Records a second; 0 means as fast as the log takes them.")
           .min(0)
           .by_default("0"))
    .add(field::number("seed").doc("What is drawn depends on it alone.").min(0).by_default("1"))
    .add(field::text("name")
           .doc("Tells it from another one on the same topic; a new name begins anew.")
           .by_default("generate"))
    .example("value: '{\"bookingId\":{{random 1 500}},\"n\":{{n}}}'\nkey: '{{n}}'\ncount: 1000\n"
             "rate: 100\n");
}

result<std::unique_ptr<ingress>> make_ingress(const config::params& given) {
  generate_options options;
  SALLYPORT_TRY(options.value, text_template::parse(given.text("value")));
  if (given.has("key")) {
    SALLYPORT_TRY(auto key, text_template::parse(given.text("key")));
    options.key = std::move(key);
  }
  if (given.has("headers"))
    for (const auto& each : given.map("headers")) {
      SALLYPORT_TRY(auto text, text_template::parse(each.value.text("")));
      options.headers.emplace_back(each.name, std::move(text));
    }
  options.count = static_cast<std::uint64_t>(given.number("count"));
  options.rate = given.decimal("rate");
  options.seed = static_cast<std::uint64_t>(given.number("seed"));
  options.name = given.text("name");
  return std::make_unique<generate_ingress>(std::move(options));
}

connector_entry entry() {
  connector_entry made;
  made.name = "generate";
  made.summary = "Records made of a template.";
  auto kind = std::make_shared<connector_entry::ingress_kind>();
  kind->spec = ingress_spec();
  kind->make = make_ingress;
  made.as_ingress = std::move(kind);
  return made;
}

} // namespace

SALLYPORT_CONNECTOR(generate, entry());

} // namespace sallyport::generate
