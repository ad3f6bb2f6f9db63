#include "engine/topology/plan.hpp"
#include "tests/engine/topology/fakes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

/// Each folder of tests/wrong_configs is a mistake that people make, with all that is told of it.
/// SALLYPORT_WRITE_EXPECTED=1 writes the texts anew, to be read before they are committed.
namespace sallyport::topology {
namespace {

const std::string folder = SALLYPORT_SOURCE_DIR "/tests/wrong_configs/";

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    if (entry.path().filename() != "good")
      names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::string told_of(const std::string& name) {
  config::findings out;
  auto plan = load_plan(folder + name + "/config.yaml", fakes::environment(), out);
  EXPECT_EQ(plan.has_value(), out.empty());
  std::string all;
  for (const auto& f : out)
    all += f.text() + "\n";
  for (auto at = all.find(folder); at != std::string::npos; at = all.find(folder))
    all.erase(at, folder.size());
  return all;
}

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

class wrong_config : public testing::TestWithParam<std::string> {};

TEST_P(wrong_config, is_refused_with_place_and_hint) {
  fakes::add_all();
  const auto told = told_of(GetParam());
  EXPECT_NE(told, "");
  const auto expected = folder + GetParam() + "/expected.txt";
  if (std::getenv("SALLYPORT_WRITE_EXPECTED") != nullptr)
    std::ofstream{expected} << told;
  EXPECT_EQ(told, content_of(expected));
}

INSTANTIATE_TEST_SUITE_P(all, wrong_config, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param; });

TEST(wrong_configs, there_are_at_least_forty_and_the_good_one_is_good) {
  fakes::add_all();
  EXPECT_GE(cases().size(), 40U);
  EXPECT_EQ(told_of("good"), "");
}

} // namespace
} // namespace sallyport::topology
