// `lint` as people see it: each file of tests/wrong_files with what is said of it, in all formats.
// The files are for the operators and connectors that are built in, one file a mistake;
// tests/wrong_configs has those for which a few fakes are enough.
// SALLYPORT_WRITE_EXPECTED=1 writes the texts anew, to be read before they are committed.

#include "tests/support/process.hpp"
#include "tests/support/stand.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace sallyport::test {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path{SALLYPORT_SOURCE_DIR} / "tests/wrong_files";

ran lint(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
  arguments.insert(arguments.begin(), "lint");
  return run(program("sallyport"), std::move(arguments), std::move(environment));
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& e : fs::directory_iterator{folder})
    if (e.path().extension() == ".yaml" && !e.path().filename().string().starts_with("good."))
      names.push_back(e.path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::string without_folder(std::string text) {
  const auto prefix = folder.string() + "/";
  for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
    text.erase(at, prefix.size());
  return text;
}

class wrong_file : public ::testing::TestWithParam<std::string> {};

TEST_P(wrong_file, is_told_as_people_read_it) {
  const auto said = lint({(folder / GetParam()).string()});
  EXPECT_EQ(said.how, (exit_status{2, 0}));
  auto expected = folder / GetParam();
  expected.replace_extension(".txt");
  if (std::getenv("SALLYPORT_WRITE_EXPECTED") != nullptr)
    std::ofstream{expected} << without_folder(said.err);
  EXPECT_EQ(without_folder(said.err), text_of(expected));
}

INSTANTIATE_TEST_SUITE_P(all, wrong_file, ::testing::ValuesIn(cases()), [](const auto& info) {
  return info.param.substr(0, info.param.find('.'));
});

TEST(lint, takes_the_good_ones_and_has_a_hundred_wrong_ones) {
  const auto said =
    lint({(folder / "good.topology.yaml").string(), (folder / "good.config.yaml").string()});
  EXPECT_EQ(said.how, (exit_status{0, 0})) << said.err;
  std::size_t others = 0;
  for (const auto& e : fs::directory_iterator{folder / "../wrong_configs"})
    others += e.is_directory() ? 1 : 0;
  EXPECT_GE(cases().size() + others - 1, 100U);
}

TEST(lint, shows_no_line_with_a_secret) {
  for (const char* name :
       {"secret_in_plain_text.config.yaml", "password_in_an_address.config.yaml"}) {
    const auto file = (folder / name).string();
    for (const char* format : {"text", "json", "github"}) {
      const auto said = lint({"--format", format, file});
      EXPECT_EQ((said.out + said.err).find("hunter2"), std::string::npos) << said.err;
    }
  }
}

TEST(lint, writes_json_with_every_place) {
  const auto said =
    lint({"--format", "json", (folder / "zone_that_does_not_exist.topology.yaml").string(),
          (folder / "hold_back_without_unit.config.yaml").string()});
  EXPECT_EQ(said.how.code, 2);
  const auto found = nlohmann::json::parse(said.out);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0]["line"], 27);
  EXPECT_EQ(found[0]["column"], 17);
  EXPECT_EQ(found[0]["end_column"], 29);
  EXPECT_TRUE(found[1]["file"].get<std::string>().ends_with("hold_back_without_unit.config.yaml"));
  EXPECT_EQ(lint({"--format", "json", (folder / "good.config.yaml").string()}).out, "[]\n");
}

TEST(lint, writes_annotations_of_a_pull_request) {
  const auto file = (folder / "hold_back_without_unit.config.yaml").string();
  const auto said = lint({"--format", "github", file});
  EXPECT_EQ(said.out.rfind("::error file=" + file + ",line=6,col=14,title=sallyport lint::", 0), 0U)
    << said.out;
  EXPECT_EQ(std::ranges::count(said.out, '\n'), 1) << said.out;
}

TEST(lint, refuses_what_is_no_config_at_all_without_reading_it_whole) {
  temporary_folder files;
  const auto big = files.path() / "big.yaml";
  std::ofstream{big} << std::string(10U << 20U, 'a');
  const auto image = files.path() / "image.yaml";
  std::ofstream{image} << std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16)
                       << std::string(2000, '\xff');
  const auto empty = files.path() / "empty.yaml";
  std::ofstream{empty} << "";
  for (const auto& path : {big, image, empty, files.path(), files.path() / "none.yaml"}) {
    const auto said = lint({path.string()});
    EXPECT_EQ(said.how, (exit_status{2, 0})) << path;
    EXPECT_NE(said.err.find(path.string()), std::string::npos) << said.err;
    EXPECT_LT(said.err.size(), 4096U);
  }
}

} // namespace
} // namespace sallyport::test
