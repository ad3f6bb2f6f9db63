#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

/// The detail with which a value is rejected, or "" if it goes on.
std::string detail(std::string_view rule, std::string_view value) {
  auto h = harness_of("validate", "fields: [" + std::string{rule} + "]");
  h.feed(record_of("k", value));
  if (h.rejected().empty())
    return h.out().size() == 1 ? "" : "lost";
  EXPECT_EQ(cause_of(h.rejected()[0]), "invalid");
  EXPECT_EQ(h.rejected()[0].value, bytes(value));
  return detail_of(h.rejected()[0]);
}

TEST(validate, a_value_with_all_that_is_asked_goes_on_unchanged) {
  auto h = harness_of("validate", std::string{entry_of("validate").spec.examples[0]});
  const auto r = record_of("k", R"( {"bookingId": 1, "offenderNo": "A1234BC", "x": [1]} )");
  h.feed(r);
  EXPECT_EQ(h.out(), std::vector{r});
}

TEST(validate, what_is_no_json_in_any_part_is_rejected) {
  for (const auto* value : {"", "{", R"({"a":1,"b":tru})", R"({"a":1} x)", "{\"a\":\"\xff\"}"})
    EXPECT_EQ(detail("{ field: /a, required: false }", value), "the value is not JSON") << value;
  auto h = harness_of("validate", "fields: []");
  h.feed(tombstone("k"));
  EXPECT_EQ(detail_of(h.rejected().at(0)), "the record has no value");
}

TEST(validate, a_missing_field_is_named_unless_it_may_be_missing) {
  EXPECT_EQ(detail("{ field: /a/b }", R"({"a":{}})"), "/a/b: missing");
  EXPECT_EQ(detail("{ field: /a }", R"({"a":null})"), "/a: missing");
  EXPECT_EQ(detail("{ field: /a, type: integer, required: false }", R"({"a":null})"), "");
  EXPECT_EQ(detail("{ field: /a }", R"({"a":false})"), "");
}

TEST(validate, types_are_told_apart) {
  const std::vector<std::pair<std::string, std::string>> values{
    {"text", R"("x")"},
    {"integer", "12"},
    {"number", "1.5"},
    {"boolean", "false"},
    {"object", "{}"},
    {"array", "[]"},
    {"date", R"("2024-02-29")"},
    {"date_time", R"("2020-02-12T15:14:24.125533")"}};
  for (const auto& [type, good] : values) {
    for (const auto& [other, value] : values) {
      const bool fits = type == other || (type == "number" && other == "integer") ||
                        (type == "text" && (other == "date" || other == "date_time"));
      EXPECT_EQ(detail("{ field: /a, type: " + type + " }", "{\"a\":" + value + "}").empty(), fits)
        << type << " " << value;
    }
  }
  EXPECT_EQ(detail("{ field: /a, type: date }", R"({"a":"2023-02-29"})"), "/a: not a date");
  EXPECT_EQ(detail("{ field: /a, type: date_time }", R"({"a":"2024-02-29T10:00:00+01:00"})"), "");
}

TEST(validate, ranges_hold_for_numbers_texts_and_arrays) {
  const std::string rule = "{ field: /a, min: 2, max: 3 }";
  for (const auto* value : {"2", "3", "2.5", R"("ab")", R"("éé")", "[1,2,3]"})
    EXPECT_EQ(detail(rule, "{\"a\":" + std::string{value} + "}"), "") << value;
  for (const auto* value : {"1", "-5", "\"a\"", "[]"})
    EXPECT_EQ(detail(rule, "{\"a\":" + std::string{value} + "}"), "/a: too small") << value;
  for (const auto* value : {"3.01", "\"abcd\"", "[1,2,3,4]"})
    EXPECT_EQ(detail(rule, "{\"a\":" + std::string{value} + "}"), "/a: too great") << value;
  EXPECT_EQ(detail(rule, R"({"a":true})"), "/a: has no size");
}

TEST(validate, words_and_forms_are_kept_to) {
  EXPECT_EQ(detail("{ field: /a, in: [ADM, TRN] }", R"({"a":"TRN"})"), "");
  EXPECT_EQ(detail("{ field: /a, in: [ADM, TRN] }", R"({"a":"X"})"),
            "/a: not one of the values it may have");
  EXPECT_EQ(detail("{ field: /a, form: A9999AA }", R"({"a":"A5089DY"})"), "");
  for (const auto* value : {"A5089D", "A5089DYY", "a5089DY", "AA089DY"})
    EXPECT_EQ(detail("{ field: /a, form: A9999AA }", "{\"a\":\"" + std::string{value} + "\"}"),
              "/a: not of the form it must have");
}

} // namespace
} // namespace sallyport::actors_test
