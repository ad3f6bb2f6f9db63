#include "engine/observe/log.hpp"

#include "engine/time/zone.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

namespace sallyport::observe {
namespace {

using nlohmann::json;

/// What `write` sends to stderr.
template <class Function>
std::string written(Function write) {
  ::testing::internal::CaptureStderr();
  write();
  flush_log();
  return ::testing::internal::GetCapturedStderr();
}

class log_lines : public ::testing::Test {
protected:
  void TearDown() override { configure_log("text", level::info); }
};

std::string_view after_time(const std::string& line) {
  return std::string_view{line}.substr(std::string_view{"2026-11-21T15:03:56.123Z "}.size());
}

TEST_F(log_lines, text_has_time_level_event_text_and_fields) {
  configure_log("text", level::info);
  auto line = written([] {
    log(level::warn, "lane.failed", "The lane is out.", {{"lane", "3"}, {"why", "disk full"}});
  });
  EXPECT_EQ(after_time(line), "warn  lane.failed The lane is out. lane=3 why=\"disk full\"\n");
}

TEST_F(log_lines, json_has_the_fields_flat) {
  configure_log("json", level::info);
  auto line =
    written([] { log(level::error, "lane.failed", "The lane is out.", {{"lane", "3"}}); });
  auto parsed = json::parse(line);
  EXPECT_EQ(parsed.size(), 5U);
  EXPECT_EQ(parsed["level"], "error");
  EXPECT_EQ(parsed["event"], "lane.failed");
  EXPECT_EQ(parsed["text"], "The lane is out.");
  EXPECT_EQ(parsed["lane"], "3");
}

TEST_F(log_lines, the_time_is_now_in_utc_with_milliseconds) {
  configure_log("json", level::info);
  auto before = std::chrono::floor<duration>(std::chrono::system_clock::now());
  auto line = written([] { log(level::info, "e", "t"); });
  auto after = std::chrono::floor<duration>(std::chrono::system_clock::now());
  auto text = json::parse(line)["time"].get<std::string>();
  auto at = parse_offset_datetime(text);
  ASSERT_TRUE(at) << text;
  EXPECT_EQ(text.size(), 24U);
  EXPECT_GE(*at, before);
  EXPECT_LE(*at, after);
}

TEST_F(log_lines, what_is_below_the_level_is_not_written) {
  configure_log("text", level::warn);
  EXPECT_EQ(written([] { log(level::info, "e", "t"); }), "");
  EXPECT_NE(written([] { log(level::warn, "e", "t"); }), "");
  configure_log("text", level::debug);
  EXPECT_NE(written([] { log(level::debug, "e", "t"); }), "");
}

TEST_F(log_lines, json_strings_survive_every_byte) {
  configure_log("json", level::info);
  std::string nasty = "a\"b\\c\n\r\t\b\x01\x7f/é€😀";
  nasty += '\0';
  nasty += "end";
  auto line = written([&] { log(level::info, "e", nasty, {{"field", nasty}}); });
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  auto parsed = json::parse(line);
  EXPECT_EQ(parsed["text"], nasty);
  EXPECT_EQ(parsed["field"], nasty);
}

TEST_F(log_lines, bytes_that_are_no_utf8_are_replaced) {
  configure_log("json", level::info);
  for (std::string broken : {"\xff", "\xc0\x80", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                             "\xf0\x80\x80\x80", "\xe0\x80\x80", "\xc3(", "\x80"}) {
    auto line = written([&] { log(level::info, "e", "<" + broken + ">"); });
    auto text = json::parse(line)["text"].get<std::string>();
    EXPECT_NE(text.find("\xef\xbf\xbd"), std::string::npos) << line;
    EXPECT_TRUE(text.starts_with('<') && text.ends_with('>')) << line;
  }
}

TEST_F(log_lines, a_field_does_not_hide_a_name_of_the_line) {
  configure_log("json", level::info);
  auto line = written([] { log(level::info, "e", "t", {{"level", "7"}, {"text", "x"}}); });
  auto parsed = json::parse(line);
  EXPECT_EQ(parsed["level"], "info");
  EXPECT_EQ(parsed["level_"], "7");
  EXPECT_EQ(parsed["text_"], "x");
}

TEST_F(log_lines, text_stays_one_line) {
  configure_log("text", level::info);
  auto line = written([] { log(level::info, "e", "a\nb", {{"f", "c\nd"}, {"g", ""}}); });
  EXPECT_EQ(after_time(line), "info  e a\\nb f=\"c\\nd\" g=\"\"\n");
}

TEST_F(log_lines, braces_are_not_taken_as_formats) {
  configure_log("text", level::info);
  auto line = written([] { log(level::info, "e", "{} {0} %v %s"); });
  EXPECT_EQ(after_time(line), "info  e {} {0} %v %s\n");
}

TEST_F(log_lines, lines_of_many_threads_are_whole) {
  configure_log("json", level::info);
  auto text = written([] {
    std::vector<std::thread> writers;
    for (int i = 0; i < 4; ++i)
      writers.emplace_back([] {
        for (int j = 0; j < 200; ++j)
          log(level::info, "e", std::string(500, 'x'), {{"n", std::to_string(j)}});
      });
    for (auto& writer : writers)
      writer.join();
  });
  std::istringstream lines{text};
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    ASSERT_TRUE(json::accept(line)) << line;
  EXPECT_EQ(count, 800);
}

TEST(log_level, words_are_levels) {
  auto out = level::info;
  EXPECT_TRUE(parse_level("debug", out));
  EXPECT_EQ(out, level::debug);
  EXPECT_TRUE(parse_level("error", out));
  EXPECT_EQ(out, level::error);
  EXPECT_FALSE(parse_level("loud", out));
  EXPECT_FALSE(parse_level("", out));
  EXPECT_EQ(out, level::error);
}

} // namespace
} // namespace sallyport::observe
