#include "engine/topology/schema.hpp"
#include "tests/engine/topology/fakes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

/// The schemas, asked by a validator that is not ours, of the files that the loading is tested
/// with.
namespace sallyport::topology {
namespace {

const std::string source = SALLYPORT_SOURCE_DIR;
const std::string folder = source + "/tests/wrong_configs/";

std::map<std::string, std::string> ask(const std::string& schema, const std::string& file) {
  const auto path = testing::TempDir() + file + ".schema.json";
  std::ofstream{path} << schema;
  std::string command = "python3 '" + source + "/tests/support/validate.py' '" + path + "'";
  for (const auto& e : std::filesystem::directory_iterator{folder})
    if (std::filesystem::exists(e.path() / file))
      command += " '" + (e.path() / file).string() + "'";
  auto* pipe = ::popen(command.c_str(), "r");
  std::string said;
  std::array<char, 4096> chunk{};
  for (std::size_t n = 0; (n = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;)
    said.append(chunk.data(), n);
  EXPECT_EQ(::pclose(pipe), 0) << "python3 with jsonschema and yaml is needed: tools/setup";
  std::map<std::string, std::string> of;
  for (std::size_t at = 0; at < said.size();) {
    const auto end = std::min(said.find('\n', at), said.size());
    const auto line = said.substr(at, end - at);
    const auto colon = line.find(": ", folder.size());
    const auto name = line.substr(folder.size(), line.find('/', folder.size()) - folder.size());
    of[name] = line.substr(colon + 2) == "ok" ? "" : line.substr(colon + 2);
    at = end + 1;
  }
  return of;
}

/// What the validator says of each folder's file of that name; empty where it is fine.
using verdicts = std::map<std::string, std::string>;
verdicts of_configs() {
  fakes::add_all();
  static const auto all = ask(config_schema(), "config.yaml");
  return all;
}
verdicts of_topologies() {
  fakes::add_all();
  static const auto all = ask(topology_schema(), "topology.yaml");
  return all;
}

/// Mistakes of a file that need no other file, no environment and no registry to be seen.
const std::vector<std::string> wrong_by_form{
  "binding_partitions_out_of_range",
  "binding_retention_without_unit",
  "config_is_a_list",
  "config_missing_application",
  "config_missing_state",
  "config_is_a_topology",
  "config_unknown_section",
  "connector_field_missing",
  "connector_field_unknown",
  "connector_name_missing",
  "connector_unknown",
  "from_is_empty",
  "from_is_not_a_list",
  "ingress_boolean_yes",
  "limit_unknown_and_without_unit",
  "log_kind_unknown",
  "log_level_unknown",
  "many_mistakes_at_once",
  "operator_field_missing",
  "operator_field_unknown",
  "operator_field_wrong_type",
  "operator_unknown",
  "part_without_stages",
  "parts_is_empty",
  "port_kind_unknown",
  "port_number_quoted",
  "setting_is_a_list",
  "setting_type_unknown",
  "stage_without_name",
  "topology_without_parts",
};

TEST(schema, thirty_wrong_files_are_refused_by_an_independent_validator) {
  auto configs = of_configs();
  auto topologies = of_topologies();
  EXPECT_GE(wrong_by_form.size(), 30U);
  for (const auto& name : wrong_by_form)
    EXPECT_NE(configs[name] + topologies[name], "") << name;
}

TEST(schema, what_the_parse_takes_the_schema_takes) {
  EXPECT_EQ(of_configs()["good"], "");
  EXPECT_EQ(of_topologies()["good"], "");
}

TEST(schema, whatever_the_schema_refuses_the_lint_refuses) {
  // Each folder but `good` is refused by lint (wrong_configs_test), so a refusal here is right
  // there; what is refused in a file that is not the wrong one of its folder would be a mistake of
  // ours.
  for (const auto& [name, wrong] : of_topologies()) {
    const bool wrong_in_config =
      name.starts_with("config_") || name.starts_with("binding_") || name.starts_with("limit_");
    EXPECT_TRUE(wrong.empty() || !wrong_in_config) << name << ": " << wrong;
  }
}

} // namespace
} // namespace sallyport::topology
