#include "actors/json_path.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <random>

namespace sallyport {
namespace {

json_picker picker_of(const std::vector<std::string>& pointers) {
  std::vector<json_pointer> all;
  for (const auto& p : pointers)
    all.push_back(json_pointer::parse(p).value());
  return json_picker{std::move(all)};
}

TEST(json_path, values_come_as_they_are_written) {
  auto p = picker_of({"/b", "/a", "/n", "/none"});
  ASSERT_TRUE(p.pick(R"( {"a": [1, 2], "b": "x\ty" , "n":null, "c": 1.50} )"));
  EXPECT_EQ(p.raw(0), R"("x\ty")");
  EXPECT_EQ(p.raw(1), "[1, 2]");
  EXPECT_EQ(p.raw(2), "null");
  EXPECT_EQ(p.raw(3), std::nullopt);
  EXPECT_EQ(p.text(0), "x\ty");
  EXPECT_EQ(p.text(2), std::nullopt);
}

TEST(json_path, pointers_lead_through_objects_and_arrays) {
  auto p = picker_of({"/a/1/b", "/a/0", "/o/x~1y", "/o/~0", "/a/5", "/a/x"});
  ASSERT_TRUE(p.pick(R"({"a":[{"b":1},{"c":0,"b":2}],"o":{"~":3,"x/y":4}})"));
  EXPECT_EQ(p.raw(0), "2");
  EXPECT_EQ(p.raw(1), R"({"b":1})");
  EXPECT_EQ(p.raw(2), "4");
  EXPECT_EQ(p.raw(3), "3");
  EXPECT_EQ(p.raw(4), std::nullopt);
  EXPECT_EQ(p.raw(5), std::nullopt);
}

TEST(json_path, a_value_and_a_part_of_it_can_both_be_wanted) {
  auto p = picker_of({"/a", "/a/b", "", "/a", "/a/b/c"});
  ASSERT_TRUE(p.pick(R"({"a":{"b":{"c":7}}})"));
  EXPECT_EQ(p.raw(0), R"({"b":{"c":7}})");
  EXPECT_EQ(p.raw(1), R"({"c":7})");
  EXPECT_EQ(p.raw(2), R"({"a":{"b":{"c":7}}})");
  EXPECT_EQ(p.raw(3), p.raw(0));
  EXPECT_EQ(p.raw(4), "7");
}

TEST(json_path, of_equal_names_the_first_counts) {
  auto p = picker_of({"/a", "/b"});
  ASSERT_TRUE(p.pick(R"({"a":1,"a":2,"b":3})"));
  EXPECT_EQ(p.raw(0), "1");
  EXPECT_EQ(p.raw(1), "3");
}

TEST(json_path, a_name_that_begins_like_another_is_another) {
  auto p = picker_of({"/ab", "/a"});
  ASSERT_TRUE(p.pick(R"({"abc":1,"a":2})"));
  EXPECT_EQ(p.raw(0), std::nullopt);
  EXPECT_EQ(p.raw(1), "2");
}

TEST(json_path, a_name_with_a_quote_is_found) {
  auto p = picker_of({"/a\"b"});
  ASSERT_TRUE(p.pick(R"({"a\"b":1})"));
  EXPECT_EQ(p.raw(0), "1");
}

TEST(json_path, a_scalar_has_no_members) {
  auto p = picker_of({"/a"});
  for (const auto* text : {"1", "\"a\"", "true", "null", "-1.5e3"}) {
    EXPECT_TRUE(p.pick(text)) << text;
    EXPECT_EQ(p.raw(0), std::nullopt);
  }
}

TEST(json_path, what_is_no_json_is_told) {
  auto p = picker_of({"/a", "/z"});
  for (const auto* text : {"", " ", "x", "{", "{\"a\":", "{\"a\":}", "{\"a\":tru}", "{\"a\":01}",
                           "{\"a\":1", "[1,2", "nul", "{\"a\" 1}", "\"\xff\""})
    EXPECT_FALSE(p.pick(text)) << text;
  EXPECT_TRUE(p.pick("{\"a\":1}"));
}

TEST(json_path, a_wrong_pointer_is_refused) {
  for (const auto* text : {"a", "/a~", "/a~2", "a/b"})
    EXPECT_TRUE(check_json_pointer(text)) << text;
  for (const auto* text : {"", "/", "/a//b", "/a~01"})
    EXPECT_FALSE(check_json_pointer(text)) << text;
}

TEST(json_path, quoting_and_reading_agree) {
  const std::string text = "a\"b\\c\n\x01 \xc3\xa9";
  EXPECT_EQ(json_text(json_quoted(text)), text);
  EXPECT_EQ(nlohmann::json::parse(json_quoted(text)).get<std::string>(), text);
}

nlohmann::ordered_json random_json(std::mt19937& random, int depth) {
  switch (random() % (depth > 0 ? 6 : 4)) {
  case 0: return nullptr;
  case 1: return static_cast<int>(random() % 1000) - 500;
  case 2: return std::string(random() % 70, 'x') + "\"}{\\";
  case 3: return random() % 2 == 0;
  case 4: {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (auto n = random() % 5; n > 0; --n)
      all.push_back(random_json(random, depth - 1));
    return all;
  }
  default: {
    nlohmann::ordered_json all = nlohmann::ordered_json::object();
    for (auto n = random() % 6; n > 0; --n)
      all[std::string(1, static_cast<char>('a' + random() % 6))] = random_json(random, depth - 1);
    return all;
  }
  }
}

TEST(json_path, it_finds_what_a_tree_of_the_value_has) {
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int round = 0; round < 2000; ++round) {
    const auto tree = random_json(random, 4);
    std::vector<std::string> pointers;
    for (auto n = 1 + random() % 8; n > 0; --n) {
      std::string p;
      for (auto steps = 1 + random() % 3; steps > 0; --steps)
        p += "/" + std::string(1, random() % 3 == 0 ? static_cast<char>('0' + random() % 4)
                                                    : static_cast<char>('a' + random() % 6));
      pointers.push_back(p);
    }
    auto picker = picker_of(pointers);
    ASSERT_TRUE(picker.pick(tree.dump(static_cast<int>(random() % 3) - 1)));
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      const nlohmann::ordered_json::json_pointer at(pointers[i]);
      bool there = false;
      try {
        there = tree.contains(at);
      } catch (const nlohmann::json::exception&) {
        there = false;
      }
      ASSERT_EQ(picker.raw(i).has_value(), there) << pointers[i] << " of " << tree;
      if (there) {
        ASSERT_EQ(nlohmann::ordered_json::parse(*picker.raw(i)), tree.at(at));
      }
    }
  }
}

} // namespace
} // namespace sallyport
