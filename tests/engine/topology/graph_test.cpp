#include "engine/topology/graph.hpp"
#include "tests/engine/topology/fakes.hpp"

#include <gtest/gtest.h>

namespace sallyport::topology {
namespace {

constexpr std::string_view head = R"(
topology: test
settings:
  wait: { type: duration, default: 1m }
ports:
  in: { kind: source }
  done: { kind: sink }
  dead-letters: { kind: sink }
)";

graph read(const std::string& parts, const settings& given = {}) {
  fakes::add_all();
  config::findings out;
  auto made = parse_topology(std::string{head} + parts, "t.yaml", given, {}, out);
  for (const auto& f : out)
    ADD_FAILURE() << f.text();
  return made ? std::move(*made) : graph{};
}

const std::string simple = R"(
parts:
  main:
    reads: in
    stages:
      - { name: wait, operator: hold_back, with: { for: "${settings.wait}" } }
      - { name: out, operator: publish, with: { to: done } }
      - { name: dead, operator: dead_letter, from: ["*.rejected"], with: { to: dead-letters } }
)";

TEST(graph, a_stage_reads_the_one_before_and_the_first_reads_the_part) {
  auto g = read(simple);
  EXPECT_EQ(g.name, "test");
  ASSERT_EQ(g.parts.size(), 1U);
  const auto& stages = g.parts[0].stages;
  ASSERT_EQ(stages.size(), 3U);
  ASSERT_EQ(stages[0].inputs.size(), 1U);
  EXPECT_EQ(stages[0].inputs[0].stage, edge::source);
  ASSERT_EQ(stages[1].inputs.size(), 1U);
  EXPECT_EQ(stages[1].inputs[0].stage, 0U);
  EXPECT_EQ(stages[1].inputs[0].port, "out");
  EXPECT_EQ(stages[0].op->spec.name, "hold_back");
}

TEST(graph, a_star_reads_that_port_of_all_stages_before) {
  auto g = read(simple);
  const auto& dead = g.parts[0].stages[2];
  ASSERT_EQ(dead.inputs.size(), 2U);
  EXPECT_EQ(dead.inputs[0].stage, 0U);
  EXPECT_EQ(dead.inputs[1].stage, 1U);
  EXPECT_EQ(dead.inputs[1].port, "rejected");
}

TEST(graph, a_setting_has_its_default_or_what_the_config_gives) {
  EXPECT_EQ(read(simple).parts[0].stages[0].with.duration("for"), std::chrono::minutes{1});
  EXPECT_EQ(read(simple, {{"wait", "2h"}}).parts[0].stages[0].with.duration("for"),
            std::chrono::hours{2});
}

TEST(graph, stages_are_put_in_topological_order_and_otherwise_keep_that_of_the_file) {
  auto g = read(R"(
parts:
  main:
    reads: in
    stages:
      - { name: out, operator: publish, from: [b, a], with: { to: done } }
      - { name: b, operator: hold_back, from: [in], with: { for: "${settings.wait}" } }
      - { name: a, operator: prison_to_probation.form, from: [b.rejected] }
      - name: dead
        operator: dead_letter
        from: [out.rejected, a.rejected]
        with: { to: dead-letters }
)");
  const auto& stages = g.parts[0].stages;
  ASSERT_EQ(stages.size(), 4U);
  EXPECT_EQ(stages[0].name, "b");
  EXPECT_EQ(stages[1].name, "a");
  EXPECT_EQ(stages[2].name, "out");
  EXPECT_EQ(stages[3].name, "dead");
  ASSERT_EQ(stages[2].inputs.size(), 2U);
  EXPECT_EQ(stages[2].inputs[0].stage, 0U);
  EXPECT_EQ(stages[2].inputs[1].stage, 1U);
  EXPECT_EQ(stages[1].inputs[0].port, "rejected");
  EXPECT_EQ(stages[0].inputs[0].stage, edge::source);
}

TEST(graph, ports_and_internal_topics_are_found_by_name) {
  auto g = read(simple);
  ASSERT_NE(g.find_port("done"), nullptr);
  EXPECT_EQ(g.find_port("done")->kind, port_kind::sink);
  EXPECT_EQ(g.find_port("don"), nullptr);
  EXPECT_EQ(g.find_internal("done"), nullptr);
}

TEST(graph, a_setting_of_the_wrong_type_is_told_where_it_was_given) {
  fakes::add_all();
  config::findings out;
  EXPECT_FALSE(parse_topology(std::string{head} + simple, "t.yaml", {{"wait", "soon"}},
                              {{"wait", {"c.yaml", 7, 3}}}, out));
  ASSERT_GE(out.size(), 1U);
  EXPECT_EQ(out[0].text(), "c.yaml:7:3: settings.wait: 'soon' is not a duration; write a number "
                           "with its unit (ms, s, m, h or d), as 15m");
}

TEST(graph, text_that_is_no_topology_is_refused_whatever_it_is) {
  fakes::add_all();
  for (const char* text : {"", "[]", "a", "~", "parts: []", "ports: 1\nparts: { a: 1 }",
                           "parts: { a: { reads: x, stages: [1, { name: [] }] } }",
                           "settings: { a: { default: [1] } }\nports: { '': {} }",
                           "ports: { a: ~ }\ninternal: { a: ~ }\nparts: { '': ~ }"}) {
    config::findings out;
    EXPECT_FALSE(parse_topology(text, "t.yaml", {}, {}, out)) << text;
    EXPECT_FALSE(out.empty()) << text;
  }
}

} // namespace
} // namespace sallyport::topology
