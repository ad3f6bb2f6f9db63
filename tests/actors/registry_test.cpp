#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::actors_test {
namespace {

void expect_texts(const std::vector<config::field>& fields, const std::string& path) {
  for (const auto& f : fields) {
    EXPECT_FALSE(f.documentation.empty()) << path << "." << f.name;
    expect_texts(f.fields, path + "." + f.name);
    if (f.element)
      expect_texts({*f.element}, path + "." + f.name);
  }
}

TEST(operators, each_field_of_each_operator_has_a_text) {
  const auto names = operator_registry::instance().names();
  ASSERT_FALSE(names.empty());
  for (const auto& name : names) {
    const auto& spec = entry_of(name).spec;
    EXPECT_FALSE(spec.summary_text.empty()) << name;
    expect_texts(spec.fields, name);
  }
}

TEST(operators, each_operator_with_a_required_field_has_an_example) {
  for (const auto& name : operator_registry::instance().names()) {
    const auto& spec = entry_of(name).spec;
    const bool needs_one = std::ranges::any_of(
      spec.fields, [](const config::field& f) { return !f.is_optional && !f.default_value; });
    EXPECT_TRUE(!needs_one || !spec.examples.empty()) << name;
  }
}

TEST(operators, each_example_is_clean_and_constructs) {
  for (const auto& name : operator_registry::instance().names()) {
    const auto& entry = entry_of(name);
    for (const auto& example : entry.spec.examples) {
      EXPECT_EQ(complaints(name, example), "") << name << "\n" << example;
      const auto with = config::parse_params(entry.spec, example);
      ASSERT_TRUE(with.has_value()) << name;
      EXPECT_NE(entry.make(*with), nullptr) << name;
    }
  }
}

TEST(operators, what_an_entry_says_of_its_fields_is_true) {
  for (const auto& name : operator_registry::instance().names()) {
    const auto& entry = entry_of(name);
    auto named = entry.publishes_by;
    named.insert(named.end(), entry.calls_by.begin(), entry.calls_by.end());
    for (const auto& field : named)
      EXPECT_NE(std::ranges::find(entry.spec.fields, field, &config::field::name),
                entry.spec.fields.end())
        << name << "." << field;
  }
}

TEST(operators, those_that_are_promised_are_there) {
  for (const auto* name : {"validate", "filter", "project", "route", "key_by", "hold_back", "retry",
                           "call", "dedupe", "materialize", "publish", "dead_letter"})
    EXPECT_NE(operator_registry::instance().find(name), nullptr) << name;
}

} // namespace
} // namespace sallyport::actors_test
