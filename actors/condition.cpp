#include "actors/condition.hpp"

#include "engine/core/assert.hpp"

#include <algorithm>

namespace sallyport {

config::field conditions::field(std::string name) {
  using config::field;
  return field::list(
    std::move(name),
    field::object(
      "", {field::text("field")
             .optional()
             .check(check_json_pointer)
             .example("/eventType")
             .doc("The JSON pointer of the field that is looked at."),
           field::text("header")
             .optional()
             .example("eventType")
             .doc("The header that is looked at, instead of a field."),
           field::text("equals")
             .optional()
             .example("TRANSFER")
             .doc("Holds when it is this text. Numbers and booleans compare as they are written."),
           field::list("in", field::text("").doc("One of the texts."))
             .optional()
             .example("[A, B]")
             .doc("Holds when it is one of these texts."),
           field::boolean("exists").optional().example("true").doc(
             "Holds when it is there (true) or is not (false). A JSON null is not there."),
           field::boolean("not").by_default("false").doc("Turns the condition round.")})
      .doc("A condition: a field or header, and what it must be."));
}

void conditions::lint(const config::params& with, std::string_view name, config::findings& out) {
  for (const auto& c : with.list(name)) {
    check_one_of(c, "field", "header", true, out);
    const int tests = (c.has("equals") ? 1 : 0) + (c.has("in") ? 1 : 0) + (c.has("exists") ? 1 : 0);
    if (tests != 1)
      out.push_back({c.where(), "a condition needs one of 'equals', 'in' and 'exists'",
                     tests == 0 ? "add one" : "keep one"});
  }
}

conditions conditions::from(const config::params& with, std::string_view name) {
  conditions made;
  for (const auto& c : with.list(name)) {
    auto what = selector::from(c, "field", "header");
    SALLYPORT_ASSERT(what.has_value());
    one condition{std::move(*what), {}, true, c.boolean("not")};
    if (c.has("equals"))
      condition.words.push_back(c.text("equals"));
    else if (c.has("in"))
      condition.words = c.texts("in");
    else
      condition.exists = c.boolean("exists");
    made.all_.push_back(std::move(condition));
  }
  return made;
}

result<bool> conditions::hold(const record& r) {
  for (auto& c : all_) {
    SALLYPORT_TRY(const auto text, c.what.text(r));
    const bool holds = c.words.empty()
                         ? text.has_value() == c.exists
                         : text.has_value() && std::ranges::find(c.words, *text) != c.words.end();
    if (holds == c.negated)
      return false;
  }
  return true;
}

} // namespace sallyport
