#include "connectors/file/file_ingress.hpp"

#include "engine/core/fault.hpp"
#include "tests/connectors/log_fixture.hpp"

namespace sallyport::file {
namespace {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

class file_ingress_test : public log_test {
protected:
  void TearDown() override { ASSERT_TRUE(fault::arm("")); }

  [[nodiscard]] ingress_options options(bool follow = false) const {
    return {path("in.ndjson"), follow, "", "", 5ms, 8U << 20U};
  }

  status run_once(const ingress_options& with) {
    file_ingress from{with};
    return from.run(target());
  }
};

/// Follows a file in a thread of its own until it goes.
class follower {
public:
  follower(const ingress_options& with, const ingress::target& into)
    : from_(with), thread_([this, into] { ended_ = from_.run(into); }) {}
  ~follower() { EXPECT_TRUE(stop()); }

  bool stop() {
    from_.stop();
    if (thread_.joinable())
      thread_.join();
    return ended_.has_value();
  }

private:
  file_ingress from_;
  status ended_;
  std::thread thread_;
};

TEST_F(file_ingress_test, makes_each_line_a_record) {
  write("in.ndjson", "{\"a\":1}\r\n\n  \n{\"a\":2}\nlast without a break");
  ASSERT_TRUE(run_once(options()));
  EXPECT_EQ(values(), (lines{"{\"a\":1}", "{\"a\":2}", "last without a break"}));
  EXPECT_TRUE(records(0)[0].key.is_null());
}

TEST_F(file_ingress_test, takes_key_and_headers_from_the_line) {
  write("in.ndjson", R"({"b":{"id":12},"h":{"type":"X","n":1}})"
                     "\n"
                     R"({"b":{"id":"k"}})"
                     "\n"
                     R"({"b":{"id":null},"h":7})"
                     "\nno json\n");
  auto with = options();
  with.key = "/b/id";
  with.headers = "/h";
  ASSERT_TRUE(run_once(with));
  const auto all = records(0);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].key, bytes{"12"});
  EXPECT_EQ(all[0].headers, (header_list{{"type", "X"}, {"n", "1"}}));
  EXPECT_EQ(all[1].key, bytes{"k"});
  EXPECT_TRUE(all[2].key.is_null());
  EXPECT_TRUE(all[2].headers.empty());
  EXPECT_EQ(all[3].value, bytes{"no json"});
}

TEST_F(file_ingress_test, reads_a_file_once_however_often_it_is_started) {
  write("in.ndjson", "1\n2\n");
  ASSERT_TRUE(run_once(options()));
  ASSERT_TRUE(run_once(options()));
  EXPECT_EQ(values(), (lines{"1", "2"}));
  add("in.ndjson", "3\n");
  ASSERT_TRUE(run_once(options()));
  EXPECT_EQ(values(), (lines{"1", "2", "3"}));
}

TEST_F(file_ingress_test, neither_loses_nor_repeats_when_it_dies_around_the_commit) {
  write("in.ndjson", "1\n2\n");
  ASSERT_TRUE(fault::arm("ingress.before:fail"));
  EXPECT_FALSE(run_once(options()));
  EXPECT_EQ(values(), lines{});
  ASSERT_TRUE(fault::arm("ingress.appended:fail"));
  EXPECT_FALSE(run_once(options()));
  EXPECT_EQ(values(), (lines{"1", "2"}));
  ASSERT_TRUE(run_once(options()));
  EXPECT_EQ(values(), (lines{"1", "2"}));
}

TEST_F(file_ingress_test, reads_a_file_that_is_longer_than_its_buffer) {
  std::string text;
  const std::string rest(1000, 'x');
  for (int i = 0; i < 2000; ++i)
    text += std::to_string(i) + rest + "\n";
  text += std::string(3U << 20U, 'y') + "\n";
  write("in.ndjson", text);
  ASSERT_TRUE(run_once(options()));
  const auto all = values();
  ASSERT_EQ(all.size(), 2001U);
  for (int i = 0; i < 2000; ++i)
    ASSERT_EQ(all[static_cast<std::size_t>(i)], std::to_string(i) + rest);
  EXPECT_EQ(all[2000].size(), 3U << 20U);
}

TEST_F(file_ingress_test, names_the_place_of_a_line_that_is_too_long) {
  write("in.ndjson", "1\n" + std::string(2000, 'x') + "\n");
  auto with = options();
  with.line_bytes_max = 1999;
  const auto ended = run_once(with);
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().what.find("in.ndjson: the line at byte 2"), std::string::npos)
    << ended.error().what;
}

TEST_F(file_ingress_test, says_which_file_is_missing) {
  const auto ended = run_once(options());
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, errc::not_found);
  EXPECT_NE(ended.error().what.find("in.ndjson"), std::string::npos);
}

TEST_F(file_ingress_test, follows_a_file_from_before_it_is_there) {
  follower from{options(true), target()};
  write("in.ndjson", "1\n");
  ASSERT_TRUE(wait_for_records(1));
  add("in.ndjson", "2\n3");
  ASSERT_TRUE(wait_for_records(2));
  add("in.ndjson", "4\n");
  ASSERT_TRUE(wait_for_records(3));
  EXPECT_EQ(values(), (lines{"1", "2", "34"})) << "a line waits for its break";
}

TEST_F(file_ingress_test, goes_on_with_the_file_that_takes_the_place_of_another) {
  write("in.ndjson", "1\n2");
  follower from{options(true), target()};
  ASSERT_TRUE(wait_for_records(1));
  write("next", "3\n");
  std::filesystem::rename(path("in.ndjson"), path("in.ndjson.1"));
  std::filesystem::rename(path("next"), path("in.ndjson"));
  ASSERT_TRUE(wait_for_records(3));
  EXPECT_EQ(values(), (lines{"1", "2", "3"})) << "the old file is over, so its last line is whole";
}

TEST_F(file_ingress_test, reads_a_truncated_file_from_its_start) {
  write("in.ndjson", "1\n2\n");
  follower from{options(true), target()};
  ASSERT_TRUE(wait_for_records(2));
  write("in.ndjson", "3\n4\n5\n");
  ASSERT_TRUE(wait_for_records(5));
  EXPECT_EQ(values(), (lines{"1", "2", "3", "4", "5"}));
}

TEST_F(file_ingress_test, goes_on_after_a_restart_where_it_stopped) {
  write("in.ndjson", "1\n");
  {
    follower from{options(true), target()};
    ASSERT_TRUE(wait_for_records(1));
  }
  add("in.ndjson", "2\n");
  follower from{options(true), target()};
  ASSERT_TRUE(wait_for_records(2));
  EXPECT_EQ(values(), (lines{"1", "2"}));
}

} // namespace
} // namespace sallyport::file
