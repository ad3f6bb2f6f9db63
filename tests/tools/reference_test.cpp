// The reference: `list`, `docs`, `schema`, and the folder docs/reference that is made of them.

#include "tests/support/process.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace sallyport::test {
namespace {

namespace fs = std::filesystem;

const fs::path source = SALLYPORT_SOURCE_DIR;

ran sallyport(std::vector<std::string> arguments,
              std::map<std::string, std::string> environment = {}) {
  return run(program("sallyport"), std::move(arguments), std::move(environment));
}

std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& e : fs::recursive_directory_iterator{folder})
    if (e.is_regular_file())
      names.insert(fs::relative(e.path(), folder).string());
  return names;
}

std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    longest = std::max(longest, end - at);
    at = end + 1;
  }
  return longest;
}

TEST(reference, is_what_the_program_says) {
  const std::string mend = "stale; run: tools/build && build/release/sallyport docs --markdown "
                           "docs/reference";
  const auto made = fs::path{testing::TempDir()} / "reference";
  ASSERT_EQ(sallyport({"docs", "--markdown", made.string()}).how.code, 0);
  const auto kept = source / "docs/reference";
  EXPECT_EQ(files_below(made), files_below(kept)) << mend;
  for (const auto& name : files_below(made))
    EXPECT_TRUE(text_of(made / name) == text_of(kept / name)) << name << " is " << mend;
}

TEST(reference, what_is_no_more_is_removed) {
  const auto made = fs::path{testing::TempDir()} / "reference_anew";
  fs::create_directories(made / "operators");
  std::ofstream{made / "operators/gone.md"} << "gone";
  std::ofstream{made / "mine.md"} << "mine";
  ASSERT_EQ(sallyport({"docs", "--markdown", made.string()}).how.code, 0);
  EXPECT_FALSE(fs::exists(made / "operators/gone.md"));
  EXPECT_TRUE(fs::exists(made / "mine.md"));
}

TEST(list, tells_each_component_in_a_line) {
  const auto operators = sallyport({"list", "operators"});
  EXPECT_NE(operators.out.find("  hold_back "), std::string::npos);
  EXPECT_EQ(operators.out.find("  http "), std::string::npos);
  const auto all = sallyport({"list"});
  for (const char* word : {"operators\n", "connectors\n", "  hold_back ", "  http ", "  config "})
    EXPECT_NE(all.out.find(word), std::string::npos) << word;
  EXPECT_EQ(sallyport({"list", "actors"}).how.code, 2);
}

TEST(docs, are_as_wide_as_the_terminal_and_plain_in_a_pipe) {
  const auto usual = sallyport({"docs", "retry"});
  EXPECT_EQ(usual.out.find('\x1b'), std::string::npos);
  EXPECT_GT(longest_line(usual.out), 80U);
  const auto narrow = sallyport({"docs", "call"}, {{"COLUMNS", "60"}});
  EXPECT_LE(longest_line(narrow.out.substr(0, narrow.out.find("\nFields"))), 60U);
}

TEST(docs, of_what_there_is_not_name_the_nearest_and_are_status_2) {
  const auto said = sallyport({"docs", "hold_bak"});
  EXPECT_EQ(said.how.code, 2);
  EXPECT_NE(said.err.find("did you mean 'hold_back'?"), std::string::npos) << said.err;
}

TEST(schema, is_the_one_of_the_reference) {
  for (const std::string form : {"topology", "config"})
    EXPECT_EQ(sallyport({"schema", form}).out,
              text_of(source / "docs/reference" / (form + ".schema.json")));
}

TEST(schema, shipped_files_name_theirs_and_are_valid_by_it) {
  std::vector<std::string> arguments{(source / "tests/support/validate.py").string(), "--modeline"};
  for (const auto& e : fs::directory_iterator{source / "configs"})
    if (e.path().extension() == ".yaml")
      arguments.push_back(e.path().string());
  for (const auto& e : fs::directory_iterator{source / "topologies"})
    if (fs::exists(e.path() / "topology.yaml"))
      arguments.push_back((e.path() / "topology.yaml").string());
  ASSERT_GE(arguments.size(), 4U);
  const auto said = run("/usr/bin/env", [&] {
    arguments.insert(arguments.begin(), "python3");
    return arguments;
  }());
  EXPECT_EQ(said.how.code, 0) << said.err;
  EXPECT_EQ(said.out.find("not valid"), std::string::npos) << said.out;
  for (std::size_t i = 3; i < arguments.size(); ++i)
    EXPECT_NE(said.out.find(arguments[i] + ": ok"), std::string::npos) << said.out;
}

} // namespace
} // namespace sallyport::test
