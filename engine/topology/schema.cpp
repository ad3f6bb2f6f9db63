#include "engine/topology/schema.hpp"

#include "engine/config/schema.hpp"
#include "engine/topology/load.hpp"
#include "engine/topology/plan.hpp"

#include <nlohmann/json.hpp>

namespace sallyport::topology {

namespace {

using json = nlohmann::ordered_json;
using config::schema_of;

json headed(const config::spec& form, const std::string& title) {
  json out{{"$schema", "http://json-schema.org/draft-07/schema#"},
           {"title", title},
           {"description", form.summary_text}};
  out.update(schema_of(form.fields));
  return out;
}

json described(const config::spec& of) {
  auto out = schema_of(of.fields);
  out["description"] = of.summary_text;
  return out;
}

/// What stands below `with:` depends on the operator.
json fields_of_operators() {
  auto rules = json::array();
  const auto& registry = operator_registry::instance();
  for (const auto& name : registry.names()) {
    const auto& form = registry.find(name)->spec;
    json then{{"properties", {{"with", {{"$ref", "#/definitions/" + name}}}}}};
    if (config::needs_any(form.fields))
      then["required"] = json::array({"with"});
    rules.push_back({{"if",
                      {{"properties", {{"operator", {{"const", name}}}}},
                       {"required", json::array({"operator"})}}},
                     {"then", std::move(then)}});
  }
  return rules;
}

// -- bindings -------------------------------------------------------------------------------------

const config::spec* caller_of(const connector_entry& c) {
  return c.as_caller ? &c.as_caller->spec : nullptr;
}
const config::spec* ingress_of(const connector_entry& c) {
  return c.as_ingress ? &c.as_ingress->spec : nullptr;
}
const config::spec* egress_of(const connector_entry& c) {
  return c.as_egress ? &c.as_egress->spec : nullptr;
}

const config::spec* log_of(const connector_entry& c) {
  return c.as_log ? &c.as_log->spec : nullptr;
}

/// The connectors that have the ability, each with its fields.
json connectors_that(const config::spec* (*ability)(const connector_entry&) ) {
  auto properties = json::object();
  const auto& registry = connector_registry::instance();
  for (const auto& name : registry.names())
    if (const auto* form = ability(*registry.find(name)))
      properties[name] = described(*form);
  return properties;
}

/// `- file: {...}`, with `name:` beside it.
json list_of_connectors(const config::spec* (*ability)(const connector_entry&),
                        const char* description) {
  auto properties = connectors_that(ability);
  auto one_of = json::array();
  for (const auto& [name, form] : properties.items())
    one_of.push_back({{"required", json::array({name})}});
  properties["name"] = {{"type", json::array({"string", "number"})},
                        {"description", "Its name, under which its position is kept; default "
                                        "<port>.<connector>."}};
  json item{{"type", "object"},
            {"properties", std::move(properties)},
            {"additionalProperties", false},
            {"maxProperties", 2}};
  if (!one_of.empty())
    item["oneOf"] = std::move(one_of);
  return {{"type", json::array({"array", "null"})},
          {"description", description},
          {"items", std::move(item)}};
}

/// A binding: of a topic, or of a call port to one connector. The kind of its port is not known
/// here.
json binding() {
  auto topic = schema_of(topic_spec("PORT", "", 4, "").fields);
  auto& properties = topic["properties"];
  properties["topic"].erase("default");
  properties["topic"]["description"] = "Its topic; default the port's name.";
  properties["ingress"] = list_of_connectors(ingress_of, "Connectors that feed the topic.");
  properties["egress"] = list_of_connectors(egress_of, "Connectors that empty the topic.");
  auto rules = json::array();
  const auto callers = connectors_that(caller_of);
  for (const auto& [name, form] : callers.items()) {
    properties[name] = form;
    rules.push_back(
      {{"if", {{"required", json::array({name})}}}, {"then", {{"maxProperties", 1}}}});
  }
  topic["description"] = "A topic, or for a call port one connector.";
  topic["allOf"] = std::move(rules);
  return topic;
}

json log_binding_schema() {
  json kinds{{"embedded", described(embedded_log_spec())}};
  kinds.update(connectors_that(log_of));
  return {{"type", "object"},
          {"description", "The log to run on."},
          {"properties", std::move(kinds)},
          {"additionalProperties", false},
          {"minProperties", 1},
          {"maxProperties", 1}};
}

} // namespace

std::string topology_schema() {
  auto root = headed(topology_spec(), "Sallyport topology");
  auto& stage =
    root["properties"]["parts"]["additionalProperties"]["properties"]["stages"]["items"];
  const auto& registry = operator_registry::instance();
  stage["properties"]["operator"] = {{"enum", registry.names()},
                                     {"description", "What it runs; 'sallyport docs NAME' tells of "
                                                     "each."}};
  stage["allOf"] = fields_of_operators();
  auto definitions = json::object();
  for (const auto& name : registry.names())
    definitions[name] = described(registry.find(name)->spec);
  root["definitions"] = std::move(definitions);
  return root.dump(2) + "\n";
}

std::string config_schema() {
  auto root = headed(config_spec(), "Sallyport config");
  auto& properties = root["properties"];
  properties["log"] = log_binding_schema();
  properties["bind"]["additionalProperties"] = {{"$ref", "#/definitions/binding"}};
  properties["settings"]["additionalProperties"] = {
    {"type", json::array({"string", "number", "boolean"})}};
  root["definitions"] = {{"binding", binding()}};
  return root.dump(2) + "\n";
}

} // namespace sallyport::topology
