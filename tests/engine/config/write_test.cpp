#include "engine/config/write.hpp"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

node read(std::string_view text) {
  findings out;
  auto n =
    parse_yaml(text, "f", [](std::string_view) { return std::optional<std::string>{}; }, out);
  EXPECT_TRUE(out.empty()) << out.front().text();
  return n;
}

TEST(write, what_is_written_reads_as_the_same_tree) {
  const std::string text = "a: 1\nb:\n  - x\n  - \"two words\"\n  -\n    c: \"1\"\n    d: {}\n"
                           "e: []\nf: \"a\\\"b\\\\c\\nd\"\ng:\nh: \"${X:}\"\ni: \"- no\"\n";
  auto once = to_yaml(read(text));
  EXPECT_EQ(to_yaml(read(once)), once);
  auto again = read(once);
  EXPECT_EQ(again.find("f")->text, "a\"b\\c\nd");
  EXPECT_EQ(again.find("b")->items[2].find("c")->text, "1");
  EXPECT_TRUE(again.find("b")->items[2].find("c")->quoted);
  EXPECT_EQ(again.find("i")->text, "- no");
  EXPECT_EQ(again.find("h")->text, "");
}

TEST(write, secrets_are_hidden_wherever_they_stand) {
  const std::vector<field> fields{
    field::text("name"), field::text("pin").secret(),
    field::list("peers", field::object("", {field::text("url"), field::text("key").secret()})),
    field::map("headers", field::text("").secret()), field::object("all", {}).secret()};
  auto tree = read("name: n\npin: hush\npeers:\n  - { url: \"ftp://u:hush@h/p\", key: hush }\n"
                   "headers: { a: hush }\nall: { b: [hush] }\nmore: hush\n");
  mark_secrets(tree, fields);
  auto shown = to_yaml(tree);
  EXPECT_EQ(shown.find("hush"), std::string::npos) << shown;
  EXPECT_NE(shown.find("name: n\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("ftp://***@h/p"), std::string::npos) << shown;
}

TEST(write, an_address_without_a_user_stays_as_it_is) {
  auto shown = to_yaml(read("a: \"http://h/x@y\"\nb: \"http://h:80/?q=a@b\"\nc: http://h\n"));
  EXPECT_NE(shown.find("http://h/x@y"), std::string::npos) << shown;
  EXPECT_NE(shown.find("http://h:80/?q=a@b"), std::string::npos) << shown;
}

} // namespace
} // namespace sallyport::config
