// The verbs that change something, against an instance that runs.

#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sallyport::test {
namespace {

constexpr int failed = 1;
constexpr int wrong_usage = 2;
constexpr int foreign_state = 3;
constexpr std::size_t poison = 3;

class operate_test : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(instance_.start()) << instance_.said();
    ASSERT_TRUE(instance_.post(events_, "all"));
    ASSERT_TRUE(instance_.settles(events_.size())) << instance_.said();
  }

  [[nodiscard]] static ran sallyport(std::vector<std::string> arguments) {
    return run(program("sallyport"), std::move(arguments));
  }
  [[nodiscard]] ran by_url(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(),
                     {"--url", "http://127.0.0.1:" + std::to_string(instance_.http().port())});
    return sallyport(std::move(arguments));
  }
  [[nodiscard]] std::vector<nlohmann::json> letters() const {
    return ndjson(by_url({"dead-letter", "list", "--format", "json"}).out);
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (files_.path() / name).string();
  }

  temporary_folder files_;
  peers peers_{{"--people", "5", "--seed", "7"}};
  instance instance_{peers_.url(), {{"SALLYPORT_BACKUP_DIR", path("backups")}}};
  std::vector<std::string> events_ = events_of({"--people", "5", "--seed", "7"}, 10, poison);
};

TEST_F(operate_test, dead_letters_are_seen_and_sent_back_and_come_again_with_their_history) {
  const auto waiting = letters();
  ASSERT_FALSE(waiting.empty());
  const auto cause = waiting[0]["cause"].get<std::string>();
  const auto topic = waiting[0]["topic"].get<std::string>();
  EXPECT_NE(by_url({"dead-letter", "list"}).out.find(cause), std::string::npos);
  const auto shown = by_url({"dead-letter", "show", topic, waiting[0]["id"]});
  EXPECT_NE(shown.out.find("sallyport-cause: " + cause), std::string::npos) << shown.out;
  EXPECT_EQ(by_url({"dead-letter", "show", topic, "0-99999"}).how.code, failed);
  EXPECT_EQ(by_url({"dead-letter", "show", topic, "x"}).how.code, wrong_usage);

  EXPECT_EQ(by_url({"dead-letter", "redrive", "--dry-run"}).how.code, 0);
  EXPECT_EQ(by_url({"dead-letter", "redrive", "--yes"}).how.code, wrong_usage)
    << "without a reason";
  const auto asked = by_url({"dead-letter", "redrive", "--reason", "mended"});
  EXPECT_EQ(asked.how.code, wrong_usage) << "no terminal to ask on";
  EXPECT_NE(asked.err.find("--yes"), std::string::npos) << asked.err;
  EXPECT_EQ(letters(), waiting) << "nothing was changed";

  const auto done = by_url({"dead-letter", "redrive", "--cause", cause, "--older-than", "0s",
                            "--reason", "mended", "--yes", "--format", "json"});
  ASSERT_EQ(done.how.code, 0) << done.err;
  const auto sent = nlohmann::json::parse(done.out)["topics"][0]["redriven"].get<std::size_t>();
  EXPECT_GE(sent, 1U);
  ASSERT_TRUE(eventually([&] { return letters().size() == waiting.size(); }))
    << "poison is poison: it dies again";
  std::size_t again = 0;
  for (const auto& letter : letters())
    if (letter["redriven"] == 1) {
      ++again;
      const auto all = by_url({"dead-letter", "show", topic, letter["id"]}).out;
      EXPECT_NE(all.find("\"reason\":\"mended\""), std::string::npos) << all;
    }
  EXPECT_EQ(again, sent);
}

TEST_F(operate_test, a_backup_of_a_running_instance_is_restored_and_runs) {
  const auto made = by_url({"backup", "first", "--format", "json"});
  ASSERT_EQ(made.how.code, 0) << made.err;
  const auto folder = nlohmann::json::parse(made.out)["folder"].get<std::string>();
  ASSERT_EQ(by_url({"state", "export", path("state.before")}).how.code, 0);
  ASSERT_EQ(by_url({"log", "export", "telemetry", path("log.before")}).how.code, 0);
  EXPECT_EQ(by_url({"backup", "first"}).how.code, failed) << "there is one of that name";
  EXPECT_EQ(by_url({"backup", "../out"}).how.code, wrong_usage);

  const auto state = path("restored");
  const auto said = sallyport({"restore", folder, "--state", state});
  ASSERT_EQ(said.how.code, 0) << said.err;
  EXPECT_NE(said.out.find("prison-to-probation"), std::string::npos) << said.out;
  EXPECT_EQ(sallyport({"restore", folder, "--state", state}).how.code, failed) << "not empty";
  ASSERT_EQ(sallyport({"state", "export", path("state.after"), "--state", state}).how.code, 0);
  ASSERT_EQ(sallyport({"log", "export", "telemetry", path("log.after"), "--state", state}).how.code,
            0);
  EXPECT_EQ(text_of(path("state.before")), text_of(path("state.after")));
  EXPECT_EQ(text_of(path("log.before")), text_of(path("log.after")));
  EXPECT_FALSE(text_of(path("log.after")).empty());

  instance other{peers_.url(), {{"SALLYPORT_STATE_DIR", state}}};
  ASSERT_TRUE(other.start()) << other.said();
  EXPECT_EQ(other.log("telemetry").size(), instance_.log("telemetry").size());
  EXPECT_EQ(other.stop(), (exit_status{0, 0}));
  const auto offline = sallyport({"backup", path("second"), "--state", state});
  EXPECT_EQ(offline.how.code, 0) << offline.err;
  EXPECT_EQ(sallyport({"backup", path("third"), "--state", instance_.folder().string()}).how.code,
            foreign_state)
    << "it is in use";
}

TEST_F(operate_test, the_api_document_describes_each_route) {
  const auto api = nlohmann::json::parse(instance_.http().get("/v3/api-docs").body);
  std::set<std::string> paths;
  for (const auto& [path, methods] : api["paths"].items())
    for (const auto& [method, route] : methods.items()) {
      paths.insert(path);
      EXPECT_FALSE(route["summary"].get<std::string>().empty()) << method << " " << path;
    }
  for (const char* path :
       {"/ingress/{topic}", "/log/{topic}", "/metrics", "/info", "/lanes", "/admin/state/rows",
        "/admin/dead-letters", "/admin/dead-letters/redrive", "/admin/backup", "/v3/api-docs"})
    EXPECT_TRUE(paths.contains(path)) << path;
}

} // namespace
} // namespace sallyport::test
