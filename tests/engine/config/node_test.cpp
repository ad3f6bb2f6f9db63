#include "engine/config/node.hpp"
#include "engine/config/spec.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>

namespace sallyport::config {
namespace {

environment from(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    auto it = values.find(std::string{name});
    return it == values.end() ? std::nullopt : std::optional{it->second};
  };
}

std::string told(std::string_view text, const environment& env = from({})) {
  findings out;
  (void) parse_yaml(text, "f", env, out);
  std::string all;
  for (const auto& f : out)
    all += (all.empty() ? "" : "\n") + f.text();
  return all;
}

node read(std::string_view text, const environment& env = from({})) {
  findings out;
  auto n = parse_yaml(text, "f", env, out);
  EXPECT_TRUE(out.empty()) << out.front().text();
  return n;
}

TEST(yaml, a_tree_keeps_order_places_and_quotes) {
  auto n = read("b: 1\na:\n  - x\n  - \"2\"\nc: ~\n");
  ASSERT_EQ(n.entries.size(), 3U);
  EXPECT_EQ(n.entries[0].name, "b");
  EXPECT_FALSE(n.entries[0].value.quoted);
  const auto& list = n.entries[1].value;
  EXPECT_EQ(list.items[1].text, "2");
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_EQ(list.items[1].where.line, 4);
  EXPECT_EQ(list.items[1].where.column, 5);
  EXPECT_EQ(n.find("c")->type, node::kind::null);
  EXPECT_EQ(n.find("d"), nullptr);
}

TEST(yaml, what_only_confuses_is_refused_with_its_place) {
  EXPECT_EQ(told("a: 1\nb: 2\na: 3"), "f:3:1: 'a' is given twice; it stands on line 1 already");
  EXPECT_EQ(told("a: &x 1\nb: *x"),
            "f:1:4: anchors (&name) are not read here; write the value out; a text that begins "
            "with & needs quotes\n"
            "f:2:4: aliases (*name) are not read here; write the value out; a text that begins "
            "with * needs quotes");
  EXPECT_EQ(told("a:\n  <<: { b: 1 }"),
            "f:2:3: merge keys (<<) are not read here; write the fields out");
  EXPECT_EQ(told("a: 1\n\tb: 2"),
            "f:2:1: a tab stands here; indent with spaces; in a quoted text write \\t");
  EXPECT_EQ(told("a: 1\n---\nb: 2"), "f:3:1: a second document begins here; a file holds one; "
                                     "remove the '---' and what follows");
  EXPECT_EQ(told("a: !!int 1"),
            "f:1:4: tags (!name) are not read here; a text that begins with ! needs quotes");
  EXPECT_EQ(told("a: \xff"), "f:1:4: the file is not UTF-8 here; save it as UTF-8");
  EXPECT_EQ(told(std::string_view{"a: \x04", 4}),
            "f:1:4: a control character stands here; remove it");
  EXPECT_EQ(told(std::string((1U << 20U) + 1, ' ')),
            "f: the text is bigger than 1MiB; is this the right file?");
}

TEST(yaml, a_syntax_error_has_a_place_and_a_hint) {
  EXPECT_EQ(told("a: [1, 2\nb: 3"), "f:2:1: not valid YAML: a '[' is not closed before this; close "
                                    "it with ']'; a text with ': ' or ${...} in it needs quotes");
  EXPECT_EQ(told("a: b: c"), "f:1:5: not valid YAML: a ':' stands where no field can begin; check "
                             "the indentation; a text with ': ' in it needs quotes");
  EXPECT_EQ(told("a: [*.rejected]"),
            "f:1:5: not valid YAML: aliases (*name) are not read here; a text that begins with * "
            "needs quotes");
}

TEST(yaml, variables_come_from_the_environment_or_their_default) {
  auto env = from({{"HOST", "there"}, {"EMPTY", ""}});
  auto n = read("a: \"http://${HOST}:${PORT:80}/\"\nb: \"${EMPTY:full}\"\nc: $${HOST} $5\n"
                "d: \"${NONE:}\"",
                env);
  EXPECT_EQ(n.find("a")->text, "http://there:80/");
  EXPECT_EQ(n.find("b")->text, "");
  EXPECT_EQ(n.find("c")->text, "${HOST} $5");
  EXPECT_EQ(n.find("d")->text, "");
  EXPECT_FALSE(n.find("d")->quoted);
  EXPECT_TRUE(n.find("a")->quoted);
}

TEST(yaml, a_variable_cannot_change_the_shape_of_the_file) {
  auto n = read("a: \"${X}\"", from({{"X", "1\nb: 2"}}));
  EXPECT_EQ(n.entries.size(), 1U);
  EXPECT_EQ(n.find("a")->text, "1\nb: 2");
}

TEST(yaml, a_value_from_a_file_is_a_secret_and_loses_its_last_newline) {
  const auto path = testing::TempDir() + "sallyport_node_test_secret";
  std::ofstream{path} << "s3cret\n";
  auto n = read("a: \"${TOKEN}\"\nb: \"${TOKEN:x}\"", from({{"TOKEN_FILE", path}}));
  EXPECT_EQ(n.find("a")->text, "s3cret");
  EXPECT_TRUE(n.find("a")->from_secret);
  EXPECT_EQ(n.find("b")->text, "s3cret");
  EXPECT_EQ(told("a: \"${TOKEN}\"", from({{"TOKEN_FILE", path}, {"TOKEN", "t"}})),
            "f:1:4: both TOKEN and TOKEN_FILE are set; unset one of them");
  EXPECT_EQ(told("a: \"${TOKEN}\"", from({{"TOKEN_FILE", "/no/such"}})),
            "f:1:4: the file that TOKEN_FILE names: cannot read the file /no/such; check its path "
            "and who may read it");
}

TEST(yaml, an_unset_variable_is_named_where_it_stands) {
  EXPECT_EQ(told("a: 1\nb: { c: \"x ${NOPE}\" }"),
            "f:2:9: the environment variable NOPE is not set; set NOPE, or NOPE_FILE to a file "
            "that holds it, or write ${NOPE:default}");
  EXPECT_EQ(told("a: \"${NO PE}\""), "f:1:4: 'NO PE' is not the name of an environment variable; "
                                     "write ${NAME} or ${NAME:default}, or $${ for a plain ${");
  EXPECT_EQ(told("a: \"${NOPE\""), "f:1:4: a '${' is not closed; write ${NAME} or "
                                   "${NAME:default}, or $${ for a plain ${");
}

TEST(yaml, a_missing_file_or_a_folder_is_a_finding) {
  findings out;
  (void) load_yaml("/no/such.yaml", from({}), out);
  (void) load_yaml("/tmp", from({}), out);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(out[0].text(),
            "/no/such.yaml: cannot read the file /no/such.yaml; there is no such file");
  EXPECT_EQ(out[1].text(), "/tmp: cannot read the file /tmp; it is a folder; name a file");
}

TEST(yaml, damaged_text_gives_findings_and_never_more) {
  const std::string good = "a: { b: [1, \"two\", '3'], c: \"${X:1}\" }\nd:\n  - e: >\n      f\n"
                           "    g: |\n      h\n  - \"*.x\"\n# end\n";
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const std::string letters = "{}[]:,\"'&*!|>%@`#-? \n$~<ab";
  for (int round = 0; round < 3'000; ++round) {
    auto text = good;
    for (int i = 0; i < 4; ++i)
      text[random() % text.size()] = letters[random() % letters.size()];
    findings out;
    (void) parse_yaml(text, "f", from({}), out);
    for (const auto& f : out)
      ASSERT_FALSE(f.what.empty()) << text;
  }
}

TEST(yaml, deep_nesting_is_refused_and_does_not_end_the_process) {
  EXPECT_NE(told(std::string(100'000, '[')), "");
  EXPECT_NE(told(std::string(100'000, '{')), "");
}

TEST(nearest, finds_the_word_that_was_meant) {
  const std::vector<std::string> words{"hold_back", "key_by", "dead_letter", "retry", "to"};
  EXPECT_EQ(nearest("hold_bak", words), "hold_back");
  EXPECT_EQ(nearest("hodl_back", words), "hold_back");
  EXPECT_EQ(nearest("Hold-Back", words), "hold_back");
  EXPECT_EQ(nearest("keyby", words), "key_by");
  EXPECT_EQ(nearest("dead", words), "dead_letter");
  EXPECT_EQ(nearest("ot", words), "to");
  EXPECT_EQ(nearest("publish", words), std::nullopt);
  EXPECT_EQ(nearest("", words), std::nullopt);
  EXPECT_EQ(nearest("xy", {}), std::nullopt);
}

} // namespace
} // namespace sallyport::config
