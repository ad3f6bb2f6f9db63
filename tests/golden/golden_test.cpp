#include "engine/testing/golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <iterator>

namespace sallyport::testing {
namespace {

const std::filesystem::path source{SALLYPORT_SOURCE_DIR};

class golden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(golden, gives_what_the_case_says_however_the_work_is_cut) {
  for (const auto& failure : run_golden_case(GetParam(), source / "topologies"))
    ADD_FAILURE() << failure;
}

std::string name_of(const ::testing::TestParamInfo<std::filesystem::path>& info) {
  auto folder = info.param.parent_path();
  folder = folder.filename() == "cases" ? folder.parent_path() : folder;
  auto name = folder.filename().string() + "_" + info.param.stem().string();
  for (auto& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0)
      c = '_';
  return name;
}

/// Those of tests/golden, and those that stand beside a topology, as `sallyport new` makes them.
std::vector<std::filesystem::path> all_cases() {
  auto all = find_golden_cases(source / "tests" / "golden");
  for (const auto& e : std::filesystem::directory_iterator{source / "topologies"})
    if (std::filesystem::is_directory(e.path() / "cases"))
      std::ranges::move(find_golden_cases(e.path() / "cases"), std::back_inserter(all));
  return all;
}

INSTANTIATE_TEST_SUITE_P(cases, golden, ::testing::ValuesIn(all_cases()), name_of);

} // namespace
} // namespace sallyport::testing
