#include "connectors/file/file_egress.hpp"

#include "tests/connectors/log_fixture.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

namespace sallyport::file {
namespace {

using lines = std::vector<std::string>;

class file_egress_test : public log_test {
protected:
  file_egress_test() { EXPECT_TRUE(log_.create_topic(out_)); }

  void append(std::uint32_t partition, const std::string& value) {
    ASSERT_TRUE(log_.append(
      {{out_.name, partition}, {{bytes{"k"}, bytes{value}, {}, clock_.now()}}}, std::nullopt));
  }

  /// Partition, offset and value of each line.
  [[nodiscard]] lines written() const {
    lines all;
    std::istringstream in{text_of("out.ndjson")};
    for (std::string line; std::getline(in, line);) {
      const auto of = nlohmann::json::parse(line, nullptr, false);
      all.push_back(of.is_discarded() ? "torn: " + line
                                      : of["partition"].dump() + "/" + of["offset"].dump() + "=" +
                                          of["value"].dump());
    }
    return all;
  }

  /// How many records stand in the file, whole.
  [[nodiscard]] std::size_t whole() const {
    std::size_t count = 0;
    for (const auto& line : written())
      count += line.starts_with("torn") ? 0 : 1;
    return count;
  }

  /// Runs until the file has as many lines and the positions are committed.
  status run_until(std::size_t count) {
    file_egress to{{path("out.ndjson"), 1U << 20U}};
    status ended;
    std::thread thread{[&] { ended = to.run({&log_, out_, "app"}); }};
    const auto until = std::chrono::steady_clock::now() + patience;
    while (whole() < count && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    to.stop();
    thread.join();
    return ended;
  }

  const topic_config out_{"out", 2, duration{0}, 0};
};

TEST_F(file_egress_test, writes_what_is_committed_and_what_comes) {
  append(0, "1");
  append(1, "2");
  ASSERT_TRUE(run_until(2));
  EXPECT_EQ(written(), (lines{"0/0=1", "1/0=2"}));
  append(0, "3");
  ASSERT_TRUE(run_until(3));
  EXPECT_EQ(written(), (lines{"0/0=1", "1/0=2", "0/1=3"}));
}

TEST_F(file_egress_test, is_woken_by_an_append) {
  file_egress to{{path("out.ndjson"), 1U << 20U}};
  std::thread thread{[&] { EXPECT_TRUE(to.run({&log_, out_, "app"})); }};
  const auto until = std::chrono::steady_clock::now() + patience;
  for (std::size_t i = 1; i <= 5; ++i) {
    append(0, "1");
    while (whole() < i && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
  }
  to.stop();
  thread.join();
  EXPECT_EQ(whole(), 5U);
}

TEST_F(file_egress_test, does_not_repeat_lines_whose_position_was_not_committed) {
  append(0, "1");
  append(1, "2");
  ASSERT_TRUE(run_until(2));
  append(1, "3");
  append(1, "4");
  append(0, "5");
  // A crash came after the sync of these lines and before the commit of their position.
  add("out.ndjson", R"({"partition":1,"offset":1,"value":3})"
                    "\n"
                    R"({"partition":1,"offset":2,"value":4})"
                    "\n");
  ASSERT_TRUE(run_until(5));
  EXPECT_EQ(written(), (lines{"0/0=1", "1/0=2", "1/1=3", "1/2=4", "0/1=5"}));
}

TEST_F(file_egress_test, replaces_a_last_line_that_was_not_written_whole) {
  append(0, "1");
  ASSERT_TRUE(run_until(1));
  append(0, "2");
  append(0, "3");
  add("out.ndjson", R"({"partition":0,"offset":1,"value":2})"
                    "\n"
                    R"({"partition":0,"off)");
  ASSERT_TRUE(run_until(3));
  EXPECT_EQ(written(), (lines{"0/0=1", "0/1=2", "0/2=3"}));
}

TEST_F(file_egress_test, replaces_zeros_that_a_power_cut_left) {
  append(0, "1");
  ASSERT_TRUE(run_until(1));
  append(0, "2");
  add("out.ndjson", std::string(100, '\0') + "\n");
  ASSERT_TRUE(run_until(2));
  EXPECT_EQ(written(), (lines{"0/0=1", "0/1=2"}));
}

TEST_F(file_egress_test, refuses_a_file_that_ends_with_something_else) {
  append(0, "1");
  ASSERT_TRUE(run_until(1));
  add("out.ndjson", "mine\n");
  const auto ended = run_until(0);
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().what.find("no record of topic 'out'"), std::string::npos);
  EXPECT_TRUE(text_of("out.ndjson").ends_with("mine\n"));
}

TEST_F(file_egress_test, adds_to_the_lines_of_another_log) {
  append(0, "1");
  write("out.ndjson", R"({"partition":0,"offset":7,"value":"old"})"
                      "\n");
  ASSERT_TRUE(run_until(2));
  EXPECT_EQ(written(), (lines{"0/7=\"old\"", "0/0=1"}));
}

TEST_F(file_egress_test, refuses_a_file_that_another_writes) {
  file_egress first{{path("out.ndjson"), 1U << 20U}};
  append(0, "1");
  std::thread thread{[&] { EXPECT_TRUE(first.run({&log_, out_, "app"})); }};
  const auto until = std::chrono::steady_clock::now() + patience;
  while (whole() < 1 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  const auto ended = run_until(0);
  EXPECT_FALSE(ended);
  first.stop();
  thread.join();
}

TEST_F(file_egress_test, keeps_retention_from_what_it_has_not_written) {
  const topic_config small{"small", 1, std::chrono::hours{1}, 0};
  ASSERT_TRUE(log_.create_topic(small));
  file_egress to{{path("small.ndjson"), 1U << 20U}};
  std::thread thread{[&] { EXPECT_TRUE(to.run({&log_, small, "app"})); }};
  ASSERT_TRUE(log_.append({{"small", 0}, {{bytes{}, bytes{"1"}, {}, clock_.now()}}}, std::nullopt));
  const auto until = std::chrono::steady_clock::now() + patience;
  while (text_of("small.ndjson").empty() && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  to.stop();
  thread.join();
  ASSERT_TRUE(log_.append({{"small", 0}, {{bytes{}, bytes{"2"}, {}, clock_.now()}}}, std::nullopt));
  clock_.advance(std::chrono::hours{2});
  ASSERT_TRUE(log_.retain(clock_.now()));
  EXPECT_EQ(log_.offsets({"small", 0})->begin, 1) << "the first is written, the second is not";
}

} // namespace
} // namespace sallyport::file
