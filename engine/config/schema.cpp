#include "engine/config/schema.hpp"

#include "engine/config/docs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace sallyport::config {

namespace {

using json = nlohmann::ordered_json;

/// A value that is one `${...}` and nothing else is read as what it becomes.
constexpr const char* one_variable = R"(^\$\{[^}]+\}$)";

json text_that(const std::string& pattern, const char* message) {
  return {{"type", "string"}, {"pattern", pattern}, {"patternErrorMessage", message}};
}

/// Where `${...}` stands in a text, nothing is known of it before the file is read.
std::string or_variable(const std::string& pattern) { return R"(\$\{|)" + pattern; }

json number_of(const field& f, const char* type) {
  json number{{"type", type}};
  if (f.least)
    number["minimum"] = *f.least;
  if (f.most)
    number["maximum"] = *f.most;
  return {{"anyOf", json::array({std::move(number),
                                 text_that(one_variable, "a number is written without quotes")})}};
}

json list_of(const field& f) {
  json out{{"type", f.least.value_or(0) > 0 ? json("array") : json::array({"array", "null"})},
           {"items", schema_of(*f.element)}};
  if (f.least)
    out["minItems"] = *f.least;
  if (f.most)
    out["maxItems"] = *f.most;
  return out;
}

json map_of(const field& f) {
  json out{{"type", f.least.value_or(0) > 0 ? json("object") : json::array({"object", "null"})},
           {"additionalProperties", schema_of(*f.element)}};
  if (f.least)
    out["minProperties"] = *f.least;
  if (f.most)
    out["maxProperties"] = *f.most;
  return out;
}

json type_of(const field& f) {
  switch (f.type) {
  // A text may look like a number: `description: 12`.
  case field_type::text: return {{"type", json::array({"string", "number", "boolean"})}};
  case field_type::number: return number_of(f, "integer");
  case field_type::decimal: return number_of(f, "number");
  case field_type::boolean:
    return {{"anyOf", json::array({json{{"type", "boolean"}},
                                   text_that(one_variable, "true or false, without quotes")})}};
  case field_type::duration:
    return text_that(or_variable(R"(^(?=.)(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$)"),
                     "a duration carries its units: 250ms, 2s, 15m, 1h30m, 30d");
  case field_type::size:
    return text_that(or_variable(R"(^\d+(B|KiB|MiB|GiB|TiB)$)"),
                     "a size carries its unit: 64B, 512KiB, 16MiB, 4GiB");
  case field_type::choice:
    return {{"anyOf", json::array({json{{"enum", f.words}},
                                   text_that(R"(\$\{)", "one of the words, or ${...}")})}};
  case field_type::object: return schema_of(f.fields);
  case field_type::map: return map_of(f);
  case field_type::list: return list_of(f);
  case field_type::any: break;
  }
  return json::object();
}

/// Defaults stand in a spec as they would in a file.
json value_of(const field& f, const std::string& text) {
  if (f.type == field_type::text || f.type == field_type::choice ||
      f.type == field_type::duration || f.type == field_type::size)
    return text;
  auto read = json::parse(text, nullptr, false);
  return read.is_discarded() ? json(text) : read;
}

/// An object that nobody wrote stands with its defaults; `needs_any` says whether it can.
bool is_required(const field& f) {
  return !f.is_optional && !f.default_value &&
         (f.type != field_type::object || needs_any(f.fields));
}

} // namespace

bool needs_any(const std::vector<field>& fields) {
  return std::ranges::any_of(fields, is_required);
}

json schema_of(const field& of) {
  auto out = type_of(of);
  const auto notes = notes_of(of);
  out["description"] = of.documentation.empty() ? notes : of.documentation + "\n(" + notes + ")";
  if (of.default_value)
    out["default"] = value_of(of, *of.default_value);
  if (!of.example_value.empty() && of.type != field_type::object && of.type != field_type::map &&
      of.type != field_type::list && of.type != field_type::any)
    out["examples"] = json::array({value_of(of, of.example_value)});
  return out;
}

json schema_of(const std::vector<field>& fields) {
  auto properties = json::object();
  auto required = json::array();
  for (const auto& f : fields) {
    properties[f.name] = schema_of(f);
    if (is_required(f))
      required.push_back(f.name);
  }
  json out{{"type", required.empty() ? json::array({"object", "null"}) : json("object")},
           {"properties", std::move(properties)},
           {"additionalProperties", false}};
  if (!required.empty())
    out["required"] = std::move(required);
  return out;
}

} // namespace sallyport::config
