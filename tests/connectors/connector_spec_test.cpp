#include "engine/config/node.hpp"
#include "engine/connectors/registry.hpp"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

void expect_documented(const std::vector<config::field>& fields, const std::string& where) {
  for (const auto& each : fields) {
    EXPECT_FALSE(each.documentation.empty()) << where << "." << each.name;
    expect_documented(each.fields, where + "." + each.name);
  }
}

template <class Kind>
void expect_usable(const std::string& name, const std::shared_ptr<const Kind>& kind) {
  if (!kind)
    return;
  EXPECT_FALSE(kind->spec.summary_text.empty()) << name;
  EXPECT_FALSE(kind->spec.examples.empty()) << name;
  expect_documented(kind->spec.fields, name);
  for (const auto& example : kind->spec.examples) {
    config::findings found;
    const auto tree =
      config::parse_yaml(example, name, [](std::string_view) { return std::nullopt; }, found);
    const auto given = kind->spec.parse(&tree, {}, found);
    for (const auto& each : found)
      ADD_FAILURE() << each.text();
    if (!found.empty())
      continue;
    const auto made = kind->make(given);
    EXPECT_TRUE(made) << name << ": " << made.error().what;
  }
}

TEST(connector_spec, of_every_connector_is_documented_and_its_examples_can_be_made) {
  const auto names = connector_registry::instance().names();
  EXPECT_GE(names.size(), 3U);
  for (const auto& name : names) {
    const auto* entry = connector_registry::instance().find(name);
    ASSERT_NE(entry, nullptr);
    EXPECT_FALSE(entry->summary.empty()) << name;
    expect_usable(name, entry->as_caller);
    expect_usable(name, entry->as_ingress);
    expect_usable(name, entry->as_egress);
  }
}

TEST(connector_spec, refuses_what_cannot_be_meant) {
  const auto* http = connector_registry::instance().find("http");
  ASSERT_NE(http, nullptr);
  for (const char* yaml : {"url: ftp://a", "concurrency: 2", "url: http://a\nconcurrency: 0",
                           "url: http://a\nauth: { token_url: http://b, client_id: c }",
                           "url: http://a\ntimeot: 1s"}) {
    config::findings found;
    const auto tree =
      config::parse_yaml(yaml, "a.yaml", [](std::string_view) { return std::nullopt; }, found);
    (void) http->as_caller->spec.parse(&tree, {}, found);
    EXPECT_FALSE(found.empty()) << yaml;
  }
}

} // namespace
} // namespace sallyport
