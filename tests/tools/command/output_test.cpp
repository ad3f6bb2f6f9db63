#include "tools/command/output_file.hpp"
#include "tools/command/terminal.hpp"

#include "tests/engine/state/temporary_folder.hpp"
#include "tests/support/process.hpp"

#include <gtest/gtest.h>

namespace sallyport::command {
namespace {

namespace fs = std::filesystem;

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(
    std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
}

TEST(output_file, is_there_when_it_is_whole) {
  const test::temporary_folder files;
  const auto path = files.path() / "out.ndjson";
  {
    auto file = output_file::create(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(std::string(1'000'000, 'x')));
    EXPECT_FALSE(fs::exists(path));
    ASSERT_TRUE(file->write("\n"));
    ASSERT_TRUE(file->finish());
  }
  EXPECT_EQ(test::text_of(path), std::string(1'000'000, 'x') + "\n");
  EXPECT_EQ(files_in(files.path()), 1U);
  EXPECT_FALSE(output_file::create(path)) << "nothing is overwritten";
}

TEST(output_file, leaves_nothing_when_it_is_given_up) {
  const test::temporary_folder files;
  {
    auto file = output_file::create(files.path() / "out");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("half"));
  }
  EXPECT_EQ(files_in(files.path()), 0U);
  const auto nowhere = output_file::create(files.path() / "nowhere" / "out");
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().what.find("nowhere"), std::string::npos);
}

TEST(table, has_columns_as_wide_as_their_cells) {
  EXPECT_EQ(table({"name", ">rows"}, {{"a", "1"}, {"größer", "1000"}}, {}, false),
            "name    rows\n"
            "a          1\n"
            "größer  1000\n");
}

TEST(table, is_cut_at_the_width_of_a_terminal_and_moves_no_cursor) {
  EXPECT_EQ(table({"a", "cause"}, {{"1", "ünder\x1b[2J"}}, {.width = 5, .color = false}, true),
            "a  ca\n"
            "1  ün\n");
}

} // namespace
} // namespace sallyport::command
