// The verbs of the command and its exit status.

#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace sallyport::test {
namespace {

constexpr int failed = 1;
constexpr int wrong_usage = 2;
constexpr int foreign_state = 3;

class command_test : public ::testing::Test {
protected:
  [[nodiscard]] static ran sallyport(std::vector<std::string> arguments,
                                     std::map<std::string, std::string> environment = {},
                                     const std::string& input = {}) {
    return run(program("sallyport"), std::move(arguments), std::move(environment), input);
  }

  [[nodiscard]] static std::string config_text() {
    return text_of(std::filesystem::path{SALLYPORT_SOURCE_DIR} /
                   "configs/prison-to-probation.embedded.yaml");
  }

  /// The embedded config with one text in the place of another.
  std::string config_with(const std::string& what, const std::string& instead) {
    auto text = config_text();
    for (const auto& [from, to] : {std::pair{std::string{"../topologies"},
                                             std::string{SALLYPORT_SOURCE_DIR} + "/topologies"},
                                   std::pair{what, instead}}) {
      const auto at = text.find(from);
      EXPECT_NE(at, std::string::npos) << from;
      text.replace(at, from.size(), to);
    }
    auto file = files_.path() / "changed.yaml";
    std::ofstream{file} << text;
    return file.string();
  }

  /// A state folder with a little in it.
  void run_once() {
    ASSERT_TRUE(instance_.start()) << instance_.said();
    ASSERT_TRUE(instance_.post(events_, "all"));
    ASSERT_TRUE(instance_.settles(events_.size())) << instance_.said();
    ASSERT_EQ(instance_.stop(), (exit_status{0, 0}));
  }

  [[nodiscard]] std::string folder() const { return instance_.folder().string(); }

  temporary_folder files_;
  peers peers_{{"--people", "5", "--seed", "7"}};
  instance instance_{peers_.url()};
  std::vector<std::string> events_ = events_of({"--people", "5", "--seed", "7"}, 10);
};

TEST_F(command_test, help_is_everywhere_and_tells_the_exit_codes) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--help"},
                                                                     {"run", "--help"},
                                                                     {"lint", "--help"},
                                                                     {"log", "--help"},
                                                                     {"state", "--help"}}) {
    const auto said = sallyport(arguments);
    EXPECT_EQ(said.how.code, 0);
    EXPECT_NE(said.out.find("Exit status"), std::string::npos) << arguments.front();
  }
}

TEST_F(command_test, a_wrong_command_line_is_status_2) {
  EXPECT_EQ(sallyport({}).how.code, wrong_usage);
  EXPECT_EQ(sallyport({"walk"}).how.code, wrong_usage);
  EXPECT_EQ(sallyport({"run"}).how.code, wrong_usage);
  EXPECT_EQ(sallyport({"run", "/nowhere.yaml"}).how.code, wrong_usage);
}

TEST_F(command_test, a_wrong_config_is_status_2_with_place_and_hint) {
  const auto file = config_with("hold_back:", "hold_bak:");
  for (const char* verb : {"run", "lint"}) {
    const auto said = sallyport({verb, file}, instance_.environment());
    EXPECT_EQ(said.how.code, wrong_usage);
    EXPECT_NE(said.err.find(file + ":"), std::string::npos) << said.err;
    EXPECT_NE(said.err.find("did you mean 'hold_back'"), std::string::npos) << said.err;
  }
  EXPECT_FALSE(std::filesystem::exists(instance_.folder())) << "it was opened before all was known";
}

TEST_F(command_test, a_variable_that_is_not_set_is_status_2) {
  auto environment = instance_.environment();
  environment.erase("OAUTH_CLIENT_SECRET");
  const auto file = config_with("application:", "application:");
  const auto said = sallyport({"run", file}, environment);
  EXPECT_EQ(said.how.code, wrong_usage);
  EXPECT_NE(said.err.find("OAUTH_CLIENT_SECRET"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find(file + ":"), std::string::npos) << said.err;
}

TEST_F(command_test, lint_takes_configs_and_topologies) {
  const auto said =
    sallyport({"lint", config_with("application:", "application:"),
               std::string{SALLYPORT_SOURCE_DIR} + "/topologies/prison_to_probation/topology.yaml"},
              instance_.environment());
  EXPECT_EQ(said.how.code, 0) << said.err;
}

TEST_F(command_test, the_state_folder_of_another_application_is_status_3) {
  run_once();
  const auto said = sallyport(
    {"run", config_with("application: prison-to-probation", "application: something-else")},
    instance_.environment());
  EXPECT_EQ(said.how.code, foreign_state);
  EXPECT_NE(said.err.find("prison-to-probation"), std::string::npos) << said.err;
}

TEST_F(command_test, a_second_process_on_a_state_folder_is_status_3) {
  ASSERT_TRUE(instance_.start()) << instance_.said();
  const auto said =
    sallyport({"run", config_with("application:", "application:")}, instance_.environment());
  EXPECT_EQ(said.how.code, foreign_state);
  EXPECT_NE(said.err.find("in use"), std::string::npos) << said.err;
  const auto append = sallyport({"log", "append", "telemetry", "--state", folder()}, {}, "{}\n");
  EXPECT_EQ(append.how.code, foreign_state) << append.err;
  EXPECT_TRUE(instance_.look()) << "the first goes on";
}

TEST_F(command_test, a_port_that_is_taken_is_status_1) {
  ASSERT_TRUE(instance_.start()) << instance_.said();
  const auto url = peers_.url();
  instance other{url, {{"SALLYPORT_HTTP_PORT", url.substr(url.rfind(':') + 1)}}};
  EXPECT_FALSE(other.start());
  EXPECT_EQ(other.running().wait(), (exit_status{failed, 0})) << other.said();
}

TEST_F(command_test, the_log_is_read_beside_a_running_instance_and_after_it) {
  ASSERT_TRUE(instance_.start()) << instance_.said();
  ASSERT_TRUE(instance_.post(events_, "all"));
  ASSERT_TRUE(instance_.settles(events_.size())) << instance_.said();
  const auto served = instance_.http().get("/log/telemetry?limit=100000").body;
  ASSERT_FALSE(served.empty());
  const std::vector<std::string> read{"log",    "read",    "telemetry", "--limit",
                                      "100000", "--state", folder()};
  EXPECT_EQ(sallyport(read).out, served);
  ASSERT_EQ(instance_.stop(), (exit_status{0, 0}));
  EXPECT_EQ(sallyport(read).out, served);
  const auto topics = sallyport({"log", "topics", "--state", folder()});
  EXPECT_NE(topics.out.find("telemetry\t0\t0\t"), std::string::npos) << topics.out;
}

TEST_F(command_test, an_appended_record_is_worked_on_by_the_next_run) {
  run_once();
  const auto line = events_.front() + "\n";
  const auto said =
    sallyport({"log", "append", "prison-offender-events", "--state", folder()}, {}, line);
  ASSERT_EQ(said.how.code, 0) << said.err;
  ASSERT_TRUE(instance_.start()) << instance_.said();
  EXPECT_TRUE(instance_.settles(events_.size() + 1)) << instance_.said();
}

TEST_F(command_test, an_unknown_topic_or_folder_is_status_1) {
  run_once();
  EXPECT_EQ(sallyport({"log", "read", "nothing", "--state", folder()}).how.code, failed);
  const auto nowhere = (files_.path() / "nowhere").string();
  EXPECT_EQ(sallyport({"log", "read", "telemetry", "--state", nowhere}).how.code, failed);
  EXPECT_FALSE(std::filesystem::exists(nowhere)) << "reading makes no folder";
}

TEST_F(command_test, the_folder_that_is_named_goes_before_that_of_the_environment) {
  run_once();
  const auto nowhere = (files_.path() / "nowhere").string();
  const std::map<std::string, std::string> other{{"SALLYPORT_STATE_DIR", nowhere}};
  EXPECT_EQ(sallyport({"log", "topics", "--state", folder()}, other).how.code, 0);
  EXPECT_EQ(sallyport({"log", "topics"}, other).how.code, failed);
  EXPECT_EQ(sallyport({"log", "topics"}, {{"SALLYPORT_STATE_DIR", folder()}}).how.code, 0);
  EXPECT_EQ(sallyport({"log", "topics"}).how.code, wrong_usage);
  const auto by_config =
    sallyport({"log", "topics", "--config", config_with("application:", "application:")},
              instance_.environment());
  EXPECT_EQ(by_config.how.code, 0) << by_config.err;
}

TEST_F(command_test, state_shows_what_the_stages_keep) {
  run_once();
  const auto rows = ndjson(sallyport({"state", "scan", "--state", folder()}).out);
  ASSERT_FALSE(rows.empty());
  const auto key = rows.front()["key"].get<std::string>();
  const auto one = sallyport({"state", "get", key, "--part", "custody", "--state", folder()});
  EXPECT_EQ(one.how.code, 0) << one.err;
  EXPECT_NE(one.out.find(nlohmann::json(key).dump()), std::string::npos) << one.out;
  EXPECT_EQ(sallyport({"state", "get", "nothing", "--state", folder()}).how.code, failed);
  const auto all = ndjson(sallyport({"state", "scan", "--all-kinds", "--state", folder()}).out);
  EXPECT_GT(all.size(), rows.size());
}

} // namespace
} // namespace sallyport::test
