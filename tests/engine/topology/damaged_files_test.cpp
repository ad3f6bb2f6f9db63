#include "engine/topology/plan.hpp"
#include "tests/engine/topology/fakes.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

/// No file may end the process: whatever is changed in a good one, the answer is a plan or
/// findings.
namespace sallyport::topology {
namespace {

std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream in{SALLYPORT_SOURCE_DIR "/tests/wrong_configs/good/" + name};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

/// Removes, doubles, swaps or empties lines, or changes a character.
std::string damaged(std::vector<std::string> lines, std::mt19937& random) {
  auto any = [&] { return random() % lines.size(); };
  for (unsigned i = 0; i < 1 + random() % 3; ++i)
    switch (auto at = any(); random() % 5) {
    case 0: lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at)); break;
    case 1: lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), lines[any()]); break;
    case 2: std::swap(lines[at], lines[any()]); break;
    case 3: lines[at] = lines[at].substr(0, lines[at].find(':') + 1); break;
    default:
      if (!lines[at].empty())
        lines[at][random() % lines[at].size()] = "[]{}:-,\"*a0 $.~"[random() % 15];
    }
  std::string text;
  for (const auto& line : lines)
    text += line + "\n";
  return text;
}

TEST(damaged_files, give_a_plan_or_findings_and_never_more) {
  fakes::add_all();
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto folder = std::filesystem::path{testing::TempDir()} / "sallyport_damaged_files";
  std::filesystem::create_directories(folder);
  const auto config = lines_of("config.yaml");
  const auto topology = lines_of("topology.yaml");
  for (int round = 0; round < 300; ++round) {
    std::ofstream{folder / "config.yaml"} << damaged(config, random);
    std::ofstream{folder / "topology.yaml"} << damaged(topology, random);
    config::findings out;
    auto made = load_plan((folder / "config.yaml").string(), fakes::environment(), out);
    ASSERT_EQ(made.has_value(), out.empty());
    (void) masked_config((folder / "config.yaml").string(), fakes::environment());
  }
}

} // namespace
} // namespace sallyport::topology
