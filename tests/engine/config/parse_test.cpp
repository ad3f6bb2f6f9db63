#include "engine/config/parse.hpp"

#include "engine/config/node.hpp"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

spec hold_back() {
  return spec{"hold_back"}
    .summary("Gathers.")
    .add(field::duration("for").doc("How long.").min(0).max(3'600'000).example("15m"))
    .add(field::list("by", field::text("")).doc("Pointers.").by_default("[]"))
    .add(field::choice("keep", {"first", "latest"}).doc("Which.").by_default("latest"))
    .add(field::number("rows").doc("At most.").by_default("10").min(1))
    .add(field::boolean("loud").doc("Tells.").by_default("false"))
    .add(field::size("memory").doc("At most.").by_default("1MiB").max(1 << 30))
    .add(field::decimal("factor").doc("Grows by.").by_default("2.0"))
    .add(field::any("rest").doc("For later.").optional())
    .add(field::map("headers", field::text("")).doc("Names.").by_default("{}"))
    .add(field::text("token").doc("Proof.").optional().secret().check(
      [](std::string_view text) -> std::optional<std::string> {
        return text.size() < 3 ? std::optional<std::string>{"is too short"} : std::nullopt;
      }))
    .add(field::object("auth", {field::text("url").doc("Where."),
                                field::number("tries").doc("How often.").by_default("3")})
           .doc("Who.")
           .optional())
    .add(field::object("retry", {field::number("most").doc("How often.").by_default("4")})
           .doc("Again."));
}

std::string mistakes(std::string_view yaml) {
  auto made = parse_params(hold_back(), yaml);
  return made ? "" : made.error().what;
}

TEST(parse, values_are_read_as_their_types) {
  auto made = parse_params(hold_back(), R"(
for: 1h
by: [eventType, /bookingId]
keep: first
rows: 12
loud: true
memory: 16MiB
factor: 1.5
rest: { a: [1, two] }
headers: { x-a: "1", x-b: two }
token: abc
auth: { url: http://there }
)");
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->duration("for"), std::chrono::hours{1});
  EXPECT_EQ(made->texts("by"), (std::vector<std::string>{"eventType", "/bookingId"}));
  EXPECT_EQ(made->text("keep"), "first");
  EXPECT_EQ(made->number("rows"), 12);
  EXPECT_TRUE(made->boolean("loud"));
  EXPECT_EQ(made->size("memory"), 16U << 20U);
  EXPECT_DOUBLE_EQ(made->decimal("factor"), 1.5);
  ASSERT_NE(made->raw("rest"), nullptr);
  EXPECT_EQ(made->raw("rest")->find("a")->items[1].text, "two");
  ASSERT_EQ(made->map("headers").size(), 2U);
  EXPECT_EQ(made->map("headers")[0].name, "x-a");
  EXPECT_EQ(made->map("headers")[0].value.text(""), "1");
  EXPECT_EQ(made->object("auth").text("url"), "http://there");
  EXPECT_EQ(made->object("auth").number("tries"), 3);
  EXPECT_EQ(made->where("rows").line, 5);
}

TEST(parse, what_is_left_out_has_its_default_or_is_absent) {
  auto made = parse_params(hold_back(), "for: 15m");
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_TRUE(made->texts("by").empty());
  EXPECT_TRUE(made->has("by"));
  EXPECT_EQ(made->text("keep"), "latest");
  EXPECT_EQ(made->number("rows"), 10);
  EXPECT_FALSE(made->has("rest"));
  EXPECT_EQ(made->raw("rest"), nullptr);
  EXPECT_FALSE(made->has("token"));
  EXPECT_EQ(made->text("token"), "");
  EXPECT_FALSE(made->has("auth"));
  EXPECT_EQ(made->object("auth").text("url"), "");
  EXPECT_EQ(made->object("retry").number("most"), 4);
}

TEST(parse, nothing_given_is_an_empty_mapping) {
  EXPECT_EQ(mistakes(""), "hold_back:1:1: missing field 'for' in hold_back; add for example "
                          "'for: 15m'");
}

TEST(parse, an_unknown_field_names_the_nearest_one) {
  EXPECT_EQ(mistakes("for: 1m\nlodu: true"),
            "hold_back:2:1: unknown field 'lodu' in hold_back; did you mean 'loud'?");
}

TEST(parse, all_mistakes_come_at_once) {
  EXPECT_EQ(mistakes("keep: lastest\nrows: 0\nloud: yes\nmemory: 16MB\nfactor: fast\nauth: {}"),
            "hold_back:1:1: missing field 'for' in hold_back; add for example 'for: 15m'\n"
            "hold_back:1:7: hold_back.keep cannot be 'lastest'; did you mean 'latest'?\n"
            "hold_back:2:7: hold_back.rows is '0', less than the least; write 1 or more\n"
            "hold_back:3:7: hold_back.loud must be true or false, but it is 'yes'\n"
            "hold_back:4:9: hold_back.memory: the unit 'MB' of '16MB' is not one of B, KiB, MiB, "
            "GiB or TiB\n"
            "hold_back:5:9: hold_back.factor must be a number, but it is 'fast'\n"
            "hold_back:6:1: missing field 'url' in hold_back.auth; it is a text");
}

TEST(parse, a_quoted_number_is_refused_but_a_quoted_duration_is_not) {
  EXPECT_EQ(mistakes("for: \"1m\"\nrows: \"12\""),
            "hold_back:2:7: hold_back.rows must be a whole number, but a quoted text stands here; "
            "write it without quotes");
}

TEST(parse, a_duration_without_a_unit_or_out_of_range_is_refused) {
  EXPECT_EQ(mistakes("for: 15"), "hold_back:1:6: hold_back.for: '15' has no unit; write ms, s, m, "
                                 "h or d, as 15s");
  EXPECT_EQ(mistakes("for: 2h"), "hold_back:1:6: hold_back.for is '2h', more than the most; write "
                                 "1h or less");
}

TEST(parse, a_wrong_shape_is_told_in_words) {
  EXPECT_EQ(mistakes("for: [1m]"),
            "hold_back:1:6: hold_back.for must be a duration, but a list stands here");
  EXPECT_EQ(mistakes("for: 1m\nby: eventType"),
            "hold_back:2:5: hold_back.by must be a list, but a single value stands here; put it in "
            "brackets: [...]");
  EXPECT_EQ(mistakes("for: 1m\nauth: me"),
            "hold_back:2:7: hold_back.auth must be a mapping, but a single value stands here");
  EXPECT_EQ(mistakes("for:"), "hold_back:1:1: hold_back.for has no value; it is a duration");
  EXPECT_EQ(mistakes("- for"),
            "hold_back:1:1: hold_back must be a mapping, but a list stands here");
}

TEST(parse, a_rule_is_asked_and_a_secret_is_never_shown) {
  EXPECT_EQ(mistakes("for: 1m\ntoken: ab"), "hold_back:2:8: hold_back.token: is too short");
  auto secret = spec{"pin"}.add(field::number("code").doc("Secret.").secret());
  auto made = parse_params(secret, "code: hunter2");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().what, "pin:1:7: pin.code must be a whole number, but it is ***");
}

TEST(parse, a_list_of_objects_is_read_element_by_element) {
  auto s = spec{"fanout"}.add(
    field::list("to", field::object("", {field::text("name").doc("Who."),
                                         field::number("share").doc("Part.").by_default("1")}))
      .doc("Targets."));
  auto made = parse_params(s, "to:\n  - name: a\n  - { name: b, share: 2 }");
  ASSERT_TRUE(made) << made.error().what;
  ASSERT_EQ(made->list("to").size(), 2U);
  EXPECT_EQ(made->list("to")[0].text("name"), "a");
  EXPECT_EQ(made->list("to")[1].number("share"), 2);
  auto wrong = parse_params(s, "to:\n  - nam: a");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().what,
            "fanout:2:5: unknown field 'nam' in fanout.to[0]; did you mean 'name'?\n"
            "fanout:2:5: missing field 'name' in fanout.to[0]; it is a text");
}

TEST(parse, defaults_of_lists_and_maps_may_hold_values) {
  auto s = spec{"x"}
             .add(field::list("l", field::number("")).doc("Numbers.").by_default("[1, 2]"))
             .add(field::map("m", field::duration("")).doc("Times.").by_default("{ a: 1s }"));
  auto made = parse_params(s, "");
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->list("l")[1].number(""), 2);
  EXPECT_EQ(made->map("m")[0].value.duration(""), std::chrono::seconds{1});
}

TEST(parse, a_number_at_the_edge_of_its_type_is_read_and_beyond_it_refused) {
  auto s = spec{"n"}.add(field::number("x").doc("Any."));
  EXPECT_EQ(parse_params(s, "x: 9223372036854775807")->number("x"),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(parse_params(s, "x: 9223372036854775808"));
  EXPECT_FALSE(parse_params(s, "x: 0x10"));
  EXPECT_EQ(parse_params(s, "x: -5")->number("x"), -5);
}

} // namespace
} // namespace sallyport::config
