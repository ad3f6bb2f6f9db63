// The verbs that look at an instance: the same answers from its folder and from its port.

#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace sallyport::test {
namespace {

constexpr int failed = 1;
constexpr int wrong_usage = 2;

/// An instance that has worked and goes on, and its folder.
class look_test : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(instance_.start()) << instance_.said();
    ASSERT_TRUE(instance_.post(events_, "all", "booking"));
    ASSERT_TRUE(instance_.settles(events_.size())) << instance_.said();
  }

  [[nodiscard]] static ran sallyport(std::vector<std::string> arguments,
                                     const std::string& input = {}) {
    return run(program("sallyport"), std::move(arguments), {}, input);
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(instance_.http().port());
  }
  [[nodiscard]] ran by_url(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.end(), {"--url", url()});
    return sallyport(std::move(arguments), input);
  }
  [[nodiscard]] ran by_folder(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", instance_.folder().string()});
    return sallyport(std::move(arguments));
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (files_.path() / name).string();
  }

  temporary_folder files_;
  peers peers_{{"--people", "5", "--seed", "7"}};
  instance instance_{peers_.url()};
  std::vector<std::string> events_ = events_of({"--people", "5", "--seed", "7"}, 20);
};

TEST_F(look_test, a_folder_and_its_instance_say_the_same) {
  const std::string topic = "prison-offender-events";
  for (const auto& verb : std::vector<std::vector<std::string>>{
         {"log", "topics"},
         {"log", "topics", "--format", "json"},
         {"log", "read", topic},
         {"log", "read", topic, "--key", "booking", "--from", "3", "--to", "9", "--limit", "5"},
         {"log", "read", "telemetry", "--grep", "bookingId", "--from", "1h"},
         {"log", "read", topic, "--to", "2026-01-01T00:00:00Z"},
         {"log", "read", topic, "--partition", "77"},
         {"log", "read", "nothing"},
         {"state", "scan"},
         {"state", "scan", "--all-kinds", "--part", "custody", "--limit", "7"},
         {"state", "size"},
         {"state", "size", "--format", "json", "--stage", "custody"},
         {"state", "get", "nothing"}}) {
    const auto one = by_folder(verb);
    const auto other = by_url(verb);
    EXPECT_EQ(one.out, other.out) << verb[1] << " " << verb.back();
    EXPECT_EQ(one.how, other.how) << one.err << other.err;
    EXPECT_EQ(one.err, other.err);
  }
  EXPECT_EQ(ndjson(by_url({"log", "read", topic, "--key", "booking", "--limit", "5"}).out).size(),
            5U);
  EXPECT_EQ(ndjson(by_url({"log", "read", topic, "--key", "nobody"}).out).size(), 0U);
  EXPECT_EQ(by_url({"log", "read", topic, "--partition", "77"}).how.code, wrong_usage);
  EXPECT_EQ(by_url({"log", "read", "nothing"}).how.code, failed);
  EXPECT_FALSE(ndjson(by_url({"state", "size", "--format", "json"}).out).empty());
}

TEST_F(look_test, an_export_is_whole_or_not_there) {
  for (const auto& verb : std::vector<std::vector<std::string>>{
         {"log", "export", "prison-offender-events"}, {"state", "export"}}) {
    auto by_port = verb;
    by_port.push_back(file(verb[0] + ".port"));
    ASSERT_EQ(by_url(by_port).how, (exit_status{0, 0}));
    auto by_files = verb;
    by_files.push_back(file(verb[0] + ".folder"));
    ASSERT_EQ(by_folder(by_files).how, (exit_status{0, 0}));
    EXPECT_EQ(text_of(by_port.back()), text_of(by_files.back()));
    EXPECT_FALSE(text_of(by_port.back()).empty());
    EXPECT_EQ(by_url(by_port).how.code, failed) << "it is there already";
  }
  EXPECT_EQ(by_url({"log", "export", "nothing", file("nothing")}).how.code, failed);
  EXPECT_FALSE(std::filesystem::exists(file("nothing")));
  for (const auto& each : std::filesystem::directory_iterator{files_.path()})
    EXPECT_EQ(each.path().string().find("partial"), std::string::npos) << each.path();
}

TEST_F(look_test, what_is_followed_comes_when_it_is_appended) {
  const std::string topic = "prison-offender-events";
  process following{{.program = program("sallyport"),
                     .arguments = {"log", "read", topic, "--follow", "--from", "0", "--url", url()},
                     .environment = {},
                     .out = file("followed"),
                     .err = file("followed.err")}};
  const auto lines = [&] { return ndjson(text_of(file("followed"))).size(); };
  EXPECT_TRUE(eventually([&] { return lines() == events_.size(); }))
    << text_of(file("followed.err"));
  const auto put = by_url({"log", "append", topic, "--key", "7"}, events_[0] + "\n" + events_[1]);
  ASSERT_EQ(put.how.code, 0) << put.err;
  EXPECT_EQ(put.out.substr(0, topic.size() + 1), topic + "\t");
  EXPECT_TRUE(eventually([&] { return lines() == events_.size() + 2; }));
  EXPECT_EQ(by_folder({"log", "read", topic, "--follow"}).how.code, wrong_usage);
}

TEST_F(look_test, an_instance_that_is_not_there_is_told) {
  const auto address = url();
  ASSERT_EQ(instance_.stop(), (exit_status{0, 0}));
  const auto said = sallyport({"log", "topics", "--url", address});
  EXPECT_EQ(said.how.code, failed);
  EXPECT_NE(said.err.find("no instance answers at " + address), std::string::npos) << said.err;
}

} // namespace
} // namespace sallyport::test
