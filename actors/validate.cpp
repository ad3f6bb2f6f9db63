#include "actors/selector.hpp"
#include "engine/operators/registry.hpp"
#include "engine/time/zone.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

namespace sallyport {
namespace {

config::spec validate_spec() {
  using config::field;
  return config::spec{"validate"}
    .summary("Checks that a value is JSON and has the fields that later stages count on.")
    .description(
      "What fails is rejected as `invalid`, with the field's pointer in the detail and never its "
      "value. The whole value is parsed, so what goes on is JSON in all its parts.")
    .add(
      field::list(
        "fields",
        field::object(
          "",
          {field::text("field")
             .check(check_json_pointer)
             .example("/bookingId")
             .doc("The JSON pointer of the field."),
           field::choice("type", {"any", "text", "integer", "number", "boolean", "object", "array",
                                  "date", "date_time"})
             .by_default("any")
             .doc("What it must be. `date` is a text like 2020-02-12, `date_time` one like "
                  "2020-02-12T15:14:24.125, with or without an offset."),
           field::boolean("required")
             .by_default("true")
             .doc("Whether it must be there; a null is not there."),
           field::decimal("min").optional().example("1").doc(
             "The least number, or the least length of a text or array."),
           field::decimal("max").optional().example("100").doc(
             "The greatest number, or the greatest length of a text or array."),
           field::list("in", field::text("").doc("One of the texts."))
             .optional()
             .example("[ADM, TRN]")
             .doc("The texts that it may be."),
           field::text("form").optional().example("A9999AA").doc(
             "The form of a text: `A` stands for an upper-case letter, `9` for a digit, any other "
             "character for itself.")})
          .doc("A field and what it must be."))
        .by_default("[]")
        .example("[{ field: /bookingId, type: integer, min: 1 }]")
        .doc("The fields, checked in this order up to the first that fails."))
    .example("fields:\n"
             "  - { field: /bookingId, type: integer, min: 1 }\n"
             "  - { field: /offenderNo, type: text, form: A9999AA }\n"
             "  - { field: /eventDatetime, type: date_time, required: false }\n");
}

struct rule {
  json_pointer where;
  std::string type;
  bool required = true;
  std::optional<double> min;
  std::optional<double> max;
  std::vector<std::string> in;
  std::optional<std::string> form;
};

bool has_form(std::string_view text, std::string_view form) {
  return std::ranges::equal(text, form, [](char c, char f) {
    if (f == 'A')
      return c >= 'A' && c <= 'Z';
    if (f == '9')
      return c >= '0' && c <= '9';
    return c == f;
  });
}

/// Characters, not bytes: what continues a character in UTF-8 does not count.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
    text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

bool is_integer(std::string_view raw) { return raw.find_first_of(".eE") == std::string_view::npos; }

/// What is wrong with the type, or nothing.
const char* check_type(const std::string& wanted, std::string_view raw, const std::string& text) {
  const auto type = json_type_of(raw);
  const bool is_text = type == json_type::string;
  if (wanted == "text")
    return is_text ? nullptr : "not a text";
  if (wanted == "integer")
    return type == json_type::number && is_integer(raw) ? nullptr : "not a whole number";
  if (wanted == "number")
    return type == json_type::number ? nullptr : "not a number";
  if (wanted == "boolean")
    return type == json_type::boolean ? nullptr : "not a boolean";
  if (wanted == "object")
    return type == json_type::object ? nullptr : "not an object";
  if (wanted == "array")
    return type == json_type::array ? nullptr : "not an array";
  if (wanted == "date")
    return is_text && parse_date(text) ? nullptr : "not a date";
  if (wanted == "date_time")
    return is_text && (parse_local_datetime(text) || parse_offset_datetime(text))
             ? nullptr
             : "not a date and time";
  return nullptr;
}

const char* check_size(const rule& r, std::string_view raw, const std::string& text) {
  if (!r.min && !r.max)
    return nullptr;
  double size = 0;
  switch (json_type_of(raw)) {
  case json_type::number: std::from_chars(raw.data(), raw.data() + raw.size(), size); break;
  case json_type::string: size = static_cast<double>(length_of(text)); break;
  case json_type::array: {
    simdjson::dom::parser parser;
    simdjson::dom::array array;
    if (parser.parse(raw.data(), raw.size(), true).get(array) == simdjson::SUCCESS)
      size = static_cast<double>(array.size());
    break;
  }
  default: return "has no size";
  }
  if (r.min && size < *r.min)
    return "too small";
  if (r.max && size > *r.max)
    return "too great";
  return nullptr;
}

const char* check(const rule& r, std::string_view raw) {
  const auto text = json_text(raw).value_or("");
  if (const auto* wrong = check_type(r.type, raw, text))
    return wrong;
  if (const auto* wrong = check_size(r, raw, text))
    return wrong;
  if (!r.in.empty() && std::ranges::find(r.in, text) == r.in.end())
    return "not one of the values it may have";
  if (r.form && (json_type_of(raw) != json_type::string || !has_form(text, *r.form)))
    return "not of the form it must have";
  return nullptr;
}

class validate final : public operator_base {
public:
  explicit validate(const config::params& with) : rules_(rules(with)), picker_(pointers(rules_)) {}

  verdict process(record&& r, context& /*ctx*/) override {
    const auto reject = [&](std::string detail) {
      return verdict::reject(std::move(r), std::string{causes::invalid}, std::move(detail));
    };
    if (r.value.is_null())
      return reject("the record has no value");
    if (parser_.parse(r.value.data(), r.value.size(), true).error() != simdjson::SUCCESS ||
        !picker_.pick(r.value.view()))
      return reject("the value is not JSON");
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const auto& rule = rules_[i];
      const auto raw = picker_.raw(i);
      if (!raw || json_type_of(*raw) == json_type::null) {
        if (rule.required)
          return reject(rule.where.text + ": missing");
        continue;
      }
      if (const auto* wrong = check(rule, *raw))
        return reject(rule.where.text + ": " + wrong);
    }
    return verdict::forward(std::move(r));
  }

private:
  static std::vector<rule> rules(const config::params& with) {
    std::vector<rule> all;
    for (const auto& f : with.list("fields")) {
      rule made;
      made.where = json_pointer::parse(f.text("field")).value();
      made.type = f.text("type");
      made.required = f.boolean("required");
      if (f.has("min"))
        made.min = f.decimal("min");
      if (f.has("max"))
        made.max = f.decimal("max");
      if (f.has("in"))
        made.in = f.texts("in");
      if (f.has("form"))
        made.form = f.text("form");
      all.push_back(std::move(made));
    }
    return all;
  }

  static std::vector<json_pointer> pointers(const std::vector<rule>& rules) {
    std::vector<json_pointer> all;
    for (const auto& r : rules)
      all.push_back(r.where);
    return all;
  }

  std::vector<rule> rules_;
  json_picker picker_;
  simdjson::dom::parser parser_;
};

operator_entry validate_entry() {
  operator_entry entry;
  entry.spec = validate_spec();
  entry.make = [](const config::params& with) { return std::make_unique<validate>(with); };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(validate, validate_entry());

} // namespace sallyport
