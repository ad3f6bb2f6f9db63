#include "engine/topology/reference.hpp"

#include "engine/topology/load.hpp"
#include "engine/topology/plan.hpp"
#include "engine/topology/schema.hpp"

#include <algorithm>

namespace sallyport::topology {

namespace {

using config::markdown_text;
using config::page;

constexpr std::string_view generated =
  "<!-- Made by `sallyport docs --markdown docs/reference`; a change here is overwritten. -->\n\n";

// -- what an operator touches ---------------------------------------------------------------------

struct fact {
  std::string name;
  std::vector<std::string> values; ///< names, shown as code
  std::string text;                ///< or a sentence
};

std::vector<std::string> named_by(const std::vector<std::string>& fixed,
                                  const std::vector<std::string>& fields) {
  auto all = fixed;
  for (const auto& f : fields)
    all.push_back(f + ":");
  return all;
}

/// What is to be known of an operator beside its fields. A value that ends in ':' is a field that
/// gives the name.
std::vector<fact> facts_of(const operator_entry& op) {
  auto outputs = op.outputs;
  outputs.emplace_back("rejected");
  std::vector<fact> all{{"Outputs", std::move(outputs), ""}};
  if (auto topics = named_by(op.publishes, op.publishes_by); !topics.empty())
    all.push_back({"Writes to", std::move(topics), ""});
  if (auto calls = named_by(op.calls, op.calls_by); !calls.empty())
    all.push_back({"Calls", std::move(calls), ""});
  if (!op.keeps.empty())
    all.push_back({"Keeps", {}, op.keeps});
  if (!op.timers.empty())
    all.push_back({"Timers", {}, op.timers});
  return all;
}

std::string value_of(const fact& f, const char* mark) {
  std::string out = f.text;
  for (const auto& v : f.values) {
    const bool by_field = v.ends_with(':');
    out += (out.empty() ? "" : ", ") + std::string{by_field ? "what " : ""} + mark +
           v.substr(0, v.size() - (by_field ? 1 : 0)) + mark + (by_field ? " names" : "");
  }
  return out;
}

std::string describe(const operator_entry& op, const page& how) {
  auto out = heading(op.spec.name, how) + config::wrapped(op.spec.summary_text, "  ", how.width);
  if (!op.spec.description_text.empty())
    out += "\n" + config::wrapped(op.spec.description_text, "  ", how.width);
  out += "\n";
  for (const auto& f : facts_of(op)) {
    auto text = config::wrapped(value_of(f, ""), "             ", how.width);
    text.replace(0, 13, "  " + f.name + std::string(11 - f.name.size(), ' '));
    out += text;
  }
  if (!op.spec.fields.empty())
    out += "\n" + heading("Fields", how) + config::describe_fields(op.spec.fields, "  ", how);
  return out + config::describe_examples(op.spec, how);
}

std::string markdown(const operator_entry& op) {
  auto out = std::string{generated} + "# " + op.spec.name + "\n\n" +
             markdown_text(op.spec.summary_text) + "\n";
  if (!op.spec.description_text.empty())
    out += "\n" + markdown_text(op.spec.description_text) + "\n";
  out += "\n| | |\n|---|---|\n";
  for (const auto& f : facts_of(op))
    out += "| " + f.name + " | " + value_of(f, "`") + " |\n";
  if (!op.spec.fields.empty())
    out += "\n## Fields\n\n" + config::markdown_fields(op.spec.fields);
  if (!op.spec.examples.empty())
    out += "\n## Examples\n\nBelow `with:`\n" + config::markdown_examples(op.spec);
  return out;
}

// -- connectors -----------------------------------------------------------------------------------

struct ability {
  const char* title;
  const char* where;
  const config::spec* form;
};

std::vector<ability> abilities_of(const connector_entry& c) {
  std::vector<ability> all;
  if (c.as_log)
    all.push_back({"Is a log", "what stands below log:", &c.as_log->spec});
  if (c.as_ingress)
    all.push_back({"Feeds a topic", "below ingress: of a source port", &c.as_ingress->spec});
  if (c.as_egress)
    all.push_back({"Empties a topic", "below egress: of a sink port", &c.as_egress->spec});
  if (c.as_caller)
    all.push_back({"Makes calls", "the binding of a call port", &c.as_caller->spec});
  return all;
}

std::string describe(const connector_entry& c, const page& how) {
  auto out = heading(c.name, how) + config::wrapped(c.summary, "  ", how.width);
  for (const auto& a : abilities_of(c)) {
    out += "\n" + heading(a.title + std::string{" ("} + a.where + ")", how) +
           config::wrapped(a.form->summary_text, "  ", how.width);
    if (!a.form->description_text.empty())
      out += "\n" + config::wrapped(a.form->description_text, "  ", how.width);
    if (!a.form->fields.empty())
      out += "\n" + config::describe_fields(a.form->fields, "  ", how);
    out += config::describe_examples(*a.form, how);
  }
  return out;
}

std::string markdown(const connector_entry& c) {
  auto out = std::string{generated} + "# " + c.name + "\n\n" + markdown_text(c.summary) + "\n";
  for (const auto& a : abilities_of(c)) {
    out += "\n## " + std::string{a.title} + "\n\nIt is written as " + a.where + ". " +
           markdown_text(a.form->summary_text) + "\n";
    if (!a.form->description_text.empty())
      out += "\n" + markdown_text(a.form->description_text) + "\n";
    if (!a.form->fields.empty())
      out += "\n" + config::markdown_fields(a.form->fields);
    out += config::markdown_examples(*a.form);
  }
  return out;
}

// -- the forms of files ---------------------------------------------------------------------------

struct form {
  const char* name;
  const char* summary;
  const char* more;
  std::vector<const config::spec*> specs;
};

const std::vector<form>& forms() {
  static const auto binding = topic_spec("PORT", "the port's name", 4, "ingress");
  static const std::vector<form> all{
    {"config",
     "The form of a config file: where a topology runs, and with what.",
     "docs/configuration.md explains it. A binding of a source, sink or internal topic takes the "
     "fields of `bind.PORT` (a sink has `egress` for `ingress`); one of a call port names a "
     "connector.",
     {&config_spec(), &binding}},
    {"topology",
     "The form of a topology file: what happens to records.",
     "docs/configuration.md explains it. What stands below `with:` depends on the operator.",
     {&topology_spec()}}};
  return all;
}

std::string describe(const form& f, const page& how) {
  auto out = heading(f.name, how) + config::wrapped(f.summary, "  ", how.width) + "\n" +
             config::wrapped(f.more, "  ", how.width);
  for (const auto* s : f.specs)
    out +=
      "\n" + heading("Fields of " + s->name, how) + config::describe_fields(s->fields, "  ", how);
  return out;
}

std::string markdown(const form& f) {
  auto out = std::string{generated} + "# " + f.name + "\n\n" + f.summary + " " + f.more + "\n";
  for (const auto* s : f.specs)
    out += "\n## Fields of " + s->name + "\n\n" + config::markdown_fields(s->fields);
  return out;
}

// -- the whole ------------------------------------------------------------------------------------

std::string folder_of(const component& c) { return c.kind == "form" ? "" : c.kind + "s/"; }

std::string index_page() {
  auto out =
    std::string{generated} +
    "# Reference\n\nAll that a topology or config can name. `sallyport docs NAME` shows the "
    "same in the terminal. The schemas [topology.schema.json](topology.schema.json) and "
    "[config.schema.json](config.schema.json) let an editor complete and check files: see "
    "[configuration.md](../configuration.md#in-an-editor).\n";
  std::string kind;
  for (const auto& c : components()) {
    if (c.kind != kind)
      out += "\n| " + c.kind + " | |\n|---|---|\n";
    kind = c.kind;
    out +=
      "| [" + c.name + "](" + folder_of(c) + c.name + ".md) | " + markdown_text(c.summary) + " |\n";
  }
  return out;
}

} // namespace

std::vector<component> components() {
  std::vector<component> all;
  const auto& connectors = connector_registry::instance();
  for (const auto& name : connectors.names())
    all.push_back({"connector", name, connectors.find(name)->summary});
  for (const auto& f : forms())
    all.push_back({"form", f.name, f.summary});
  const auto& operators = operator_registry::instance();
  for (const auto& name : operators.names())
    all.push_back({"operator", name, operators.find(name)->spec.summary_text});
  return all;
}

std::optional<std::string> describe_component(std::string_view name, const page& how) {
  if (const auto* op = operator_registry::instance().find(name))
    return describe(*op, how);
  if (const auto* c = connector_registry::instance().find(name))
    return describe(*c, how);
  for (const auto& f : forms())
    if (f.name == name)
      return describe(f, how);
  return std::nullopt;
}

std::map<std::string, std::string> reference_files() {
  std::map<std::string, std::string> files{{"README.md", index_page()},
                                           {"topology.schema.json", topology_schema()},
                                           {"config.schema.json", config_schema()}};
  const auto& operators = operator_registry::instance();
  for (const auto& name : operators.names())
    files["operators/" + name + ".md"] = markdown(*operators.find(name));
  const auto& connectors = connector_registry::instance();
  for (const auto& name : connectors.names())
    files["connectors/" + name + ".md"] = markdown(*connectors.find(name));
  for (const auto& f : forms())
    files[std::string{f.name} + ".md"] = markdown(f);
  return files;
}

} // namespace sallyport::topology
