#include "engine/testing/golden.hpp"

#include <gtest/gtest.h>

#include <cctype>

namespace sallyport::testing {
namespace {

const std::filesystem::path source{SALLYPORT_SOURCE_DIR};

class golden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(golden, gives_what_the_case_says_however_the_work_is_cut) {
  for (const auto& failure : run_golden_case(GetParam(), source / "topologies"))
    ADD_FAILURE() << failure;
}

std::string name_of(const ::testing::TestParamInfo<std::filesystem::path>& info) {
  auto name = info.param.parent_path().filename().string() + "_" + info.param.stem().string();
  for (auto& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0)
      c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(cases, golden,
                         ::testing::ValuesIn(find_golden_cases(source / "tests" / "golden")),
                         name_of);

} // namespace
} // namespace sallyport::testing
