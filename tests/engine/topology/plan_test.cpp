#include "engine/topology/plan.hpp"
#include "tests/engine/topology/fakes.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace sallyport::topology {
namespace {

const std::string good = SALLYPORT_SOURCE_DIR "/tests/wrong_configs/good/config.yaml";

plan load_good() {
  fakes::add_all();
  config::findings out;
  auto made = load_plan(good, fakes::environment(), out);
  for (const auto& f : out)
    ADD_FAILURE() << f.text();
  return made ? std::move(*made) : plan{};
}

TEST(plan, binds_ports_to_topics_and_connectors) {
  auto p = load_good();
  EXPECT_EQ(p.application, "prison-to-probation");
  EXPECT_EQ(p.config_file, good);
  EXPECT_EQ(p.state_folder, "./state/prison-to-probation");
  EXPECT_EQ(p.http.port, 8080);
  EXPECT_EQ(p.http.bind, "127.0.0.1");
  EXPECT_EQ(p.logging.level, "info");
  EXPECT_EQ(p.log.kind, "embedded");
  ASSERT_EQ(p.topics.size(), 5U);
  const auto& events = p.topics.at("prison-offender-events");
  EXPECT_EQ(events.name, "prison-offender-events");
  EXPECT_EQ(events.partitions, 4U);
  EXPECT_EQ(events.retention_age, std::chrono::days{7});
  EXPECT_EQ(events.retention_bytes, 4ULL << 30U);
  EXPECT_EQ(p.topics.at("dead-letters").name, "prison-to-probation.dead-letters");
  ASSERT_EQ(p.calls.size(), 2U);
  const auto& api = p.calls.at("prison-api");
  EXPECT_EQ(api.connector->name, "http");
  EXPECT_EQ(api.with.text("url"), "http://prison-api");
  EXPECT_EQ(api.with.object("auth").text("token_url"), "http://oauth/oauth/token");
  EXPECT_EQ(api.with.number("concurrency"), 32);
  ASSERT_EQ(p.ingresses.size(), 1U);
  EXPECT_EQ(p.ingresses[0].name, "prison-offender-events.file");
  EXPECT_EQ(p.ingresses[0].port, "prison-offender-events");
  EXPECT_TRUE(p.ingresses[0].with.boolean("follow"));
  EXPECT_TRUE(p.egresses.empty());
}

TEST(plan, an_internal_topic_is_named_after_the_application) {
  auto p = load_good();
  EXPECT_EQ(p.topics.at("bookings").name, "prison-to-probation.bookings");
  EXPECT_EQ(p.topics.at("bookings").partitions, 4U);
}

TEST(plan, limits_have_their_defaults_unless_set) {
  auto p = load_good();
  const limits defaults;
  EXPECT_EQ(p.limits.commit_interval, duration{100});
  auto a = limit_values(p.limits);
  auto b = limit_values(defaults);
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.size(), limits_spec().fields.size());
}

TEST(plan, every_limit_can_be_set_by_its_name) {
  for (const auto& f : limits_spec().fields) {
    const std::string value = f.type == config::field_type::duration ? "7ms"
                              : f.type == config::field_type::size   ? "7B"
                                                                     : "7";
    config::node tree;
    tree.type = config::node::kind::mapping;
    config::node scalar;
    scalar.type = config::node::kind::scalar;
    scalar.text = value;
    tree.entries.push_back({f.name, {}, scalar});
    config::findings out;
    config::findings contradictions;
    auto made = read_limits(limits_spec().parse(&tree, {}, out), contradictions);
    ASSERT_TRUE(out.empty()) << f.name;
    for (const auto& [name, number] : limit_values(made)) {
      const double wanted = f.type == config::field_type::duration ? 0.007 : 7;
      if (name == f.name) {
        EXPECT_DOUBLE_EQ(number, wanted) << name;
      }
    }
  }
}

void expect_docs(const std::vector<config::field>& fields, const std::string& path) {
  for (const auto& f : fields) {
    EXPECT_FALSE(f.documentation.empty()) << path << "." << f.name;
    const auto* inner = &f;
    while (inner->element)
      inner = inner->element.get();
    expect_docs(inner->fields, path + "." + f.name);
  }
}

TEST(forms_of_files, every_field_is_explained) {
  expect_docs(config_spec().fields, "config");
  expect_docs(topology_spec().fields, "topology");
}

TEST(forms_of_files, the_documentation_has_every_limit_with_its_default) {
  std::ostringstream text;
  text << std::ifstream{SALLYPORT_SOURCE_DIR "/docs/configuration.md"}.rdbuf();
  for (const auto& f : limits_spec().fields) {
    const auto row = "| `" + f.name + "` | `" + *f.default_value + "` | " + f.documentation + " |";
    EXPECT_NE(text.str().find(row), std::string::npos) << row;
  }
}

TEST(plan, for_tests_each_port_has_a_topic_of_its_own_name) {
  auto p = plan_for_testing(load_good().topology, 3);
  EXPECT_EQ(p.topics.size(), 5U);
  EXPECT_EQ(p.topics.at("bookings").name, "bookings");
  EXPECT_EQ(p.topics.at("telemetry").partitions, 3U);
  EXPECT_TRUE(p.calls.empty());
  EXPECT_EQ(p.topology.parts.size(), 2U);
}

TEST(masked_config, shows_values_in_place_but_no_secret) {
  fakes::add_all();
  auto shown = masked_config(good, fakes::environment());
  EXPECT_NE(shown.find("url: \"http://prison-api\""), std::string::npos) << shown;
  EXPECT_NE(shown.find("client_secret: \"***\""), std::string::npos) << shown;
  EXPECT_NE(shown.find("client_id: sallyport"), std::string::npos) << shown;
  EXPECT_NE(shown.find("hold_back: 15m"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("hush"), std::string::npos) << shown;
}

TEST(masked_config, what_no_connector_declares_or_a_file_gave_is_not_shown) {
  fakes::add_all();
  const auto secret = testing::TempDir() + "sallyport_plan_test_secret";
  const auto path = testing::TempDir() + "sallyport_plan_test.yaml";
  std::ofstream{secret} << "hush1\n";
  std::ofstream{path} << "application: \"${NAME}\"\nbind:\n  a: { htpp: { password: hush2 } }\n"
                         "  b: { http: { url: \"http://me:hush3@there/x\", pasword: hush4 } }\n"
                         "  c: { topic: t, ingress: [ { file: { path: p, key: hush5 } } ] }\n"
                         "other: hush6\n";
  auto shown = masked_config(path, [&](std::string_view name) -> std::optional<std::string> {
    return name == "NAME_FILE" ? std::optional{secret} : std::nullopt;
  });
  EXPECT_EQ(shown.find("hush"), std::string::npos) << shown;
  EXPECT_NE(shown.find("http://***@there/x"), std::string::npos) << shown;
  EXPECT_NE(shown.find("topic: t"), std::string::npos) << shown;
  EXPECT_NE(shown.find("path: p"), std::string::npos) << shown;
}

TEST(plan, a_secret_is_not_told_in_a_finding) {
  fakes::add_all();
  const auto secret = testing::TempDir() + "sallyport_plan_test_secret2";
  std::ofstream{secret} << "hush\n";
  config::findings out;
  auto made = load_plan(
    good,
    [&](std::string_view name) -> std::optional<std::string> {
      if (name == "HOLD_BACK_FILE" || name == "PRISON_API_URL_FILE" ||
          name == "SALLYPORT_HTTP_PORT_FILE")
        return secret;
      return fakes::environment()(name);
    },
    out);
  EXPECT_FALSE(made);
  EXPECT_GE(out.size(), 2U);
  for (const auto& f : out)
    EXPECT_EQ(f.text().find("hush"), std::string::npos) << f.text();
}

} // namespace
} // namespace sallyport::topology
