// The pages for whoever is woken at night: what they tell to do works, and faults lead to them.

#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

namespace sallyport::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path source{SALLYPORT_SOURCE_DIR};
constexpr std::size_t lines_max = 20;

/// The pages by name; the one whose command ends the instance comes last.
std::vector<fs::path> pages() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(source / "docs/operating"))
    all.push_back(entry.path());
  std::ranges::sort(all);
  std::ranges::stable_partition(
    all, [](const fs::path& p) { return text_of(p).find("sallyport drain") == std::string::npos; });
  return all;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    all.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

/// The lines of the fenced blocks of a page.
std::vector<std::string> commands_of(const fs::path& page) {
  std::vector<std::string> all;
  bool inside = false;
  for (const auto& line : lines_of(text_of(page))) {
    if (line.starts_with("```"))
      inside = !inside;
    else if (inside)
      all.push_back(line);
  }
  return all;
}

std::set<std::string> found(const std::string& text, const std::regex& what) {
  std::set<std::string> all;
  for (std::sregex_iterator at{text.begin(), text.end(), what}, end; at != end; ++at)
    all.insert((*at)[1].str());
  return all;
}

class pages_test : public ::testing::Test {
protected:
  void start(std::vector<std::string> population, instance::settings with = {}) {
    population_ = std::move(population);
    peers_.emplace(population_);
    one_.emplace(peers_->url(), std::move(with));
    ASSERT_TRUE(one_->start()) << one_->said();
  }

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(one_->http().port());
  }

  [[nodiscard]] json ask(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--format", "json", "--url", url()});
    const auto said = run(program("sallyport"), std::move(arguments));
    auto read = json::parse(said.out, nullptr, false);
    EXPECT_TRUE(read.is_object()) << said.err << said.out;
    return read.is_object() ? read : json::object();
  }

  /// A command as the page has it, with what is there now in place of the example's names.
  [[nodiscard]] std::string fitted(std::string command) const {
    if (command.find("1200835") != std::string::npos)
      command = std::regex_replace(command, std::regex{"1200835"}, waiting_key());
    if (command.find("custody/2/custody/1041/0") != std::string::npos)
      command = std::regex_replace(command, std::regex{"custody/2/custody/1041/0"}, write_call());
    if (command.ends_with(" 0-0"))
      command.replace(command.size() - 3, 3, letter());
    if (command.find("--reason") != std::string::npos)
      command += " --yes";
    return std::regex_replace(command, std::regex{" configs/"},
                              " " + (source / "configs").string() + "/");
  }

  /// A record that was just tried now waits again soon.
  [[nodiscard]] std::string waiting_key() const {
    std::string key = "none";
    const auto waits = [&] {
      const auto all = ask({"waiting", "--state", "waiting", "--limit", "1"})["waiting"];
      if (!all.empty())
        key = all[0]["key"];
      return !all.empty();
    };
    EXPECT_TRUE(eventually(waits, std::chrono::seconds{30}, std::chrono::milliseconds{50}))
      << "no record waits";
    return key.substr(0, key.find('/'));
  }

  /// A call that changes something and waits; empty if there is none.
  [[nodiscard]] std::string write_call() const {
    const auto calls = ask({"calls", "--in-doubt", "--limit", "1000"})["calls"];
    for (const auto& call : calls)
      if (call["state"] != "under_way")
        return call["call"];
    return {};
  }

  [[nodiscard]] std::string letter() const {
    const auto said =
      run(program("sallyport"), {"dead-letter", "list", "--format", "json", "--url", url()});
    const auto all = ndjson(said.out);
    EXPECT_FALSE(all.empty()) << said.err;
    return all.empty() ? "none" : all[0]["id"].get<std::string>();
  }

  [[nodiscard]] ran shell(const std::string& command) const {
    auto environment = one_->environment();
    environment["SALLYPORT_URL"] = url();
    environment["SALLYPORT_HTTP_PORT"] = std::to_string(one_->http().port());
    environment["PATH"] = program("sallyport").parent_path().string() + ":/usr/bin:/bin";
    return run("/bin/bash", {"-c", "cd " + files_.path().string() + "\n" + command},
               std::move(environment));
  }

  [[nodiscard]] bool leads_to_now(const std::string& page) const {
    const auto problems = ask({"status"})["problems"];
    return std::ranges::any_of(
      problems, [&](const json& p) { return p["page"] == "docs/operating/" + page + ".md"; });
  }
  /// Whether `status` comes to name the page.
  [[nodiscard]] bool leads_to(const std::string& page) const {
    return eventually([&] { return leads_to_now(page); }, std::chrono::seconds{30},
                      std::chrono::milliseconds{100});
  }

  temporary_folder files_;
  std::vector<std::string> population_;
  std::optional<peers> peers_;
  std::optional<instance> one_;
};

TEST_F(pages_test, have_twenty_lines_at_most_and_are_named_by_the_entry) {
  const auto entry = text_of(source / "docs/operating.md");
  for (const auto& page : pages()) {
    EXPECT_LE(lines_of(text_of(page)).size(), lines_max) << page;
    EXPECT_NE(entry.find("(operating/" + page.filename().string() + ")"), std::string::npos)
      << page;
  }
  EXPECT_GE(pages().size(), 20U);
}

TEST_F(pages_test, alerts_and_pages_name_each_other_and_metrics_that_are_there) {
  start({"--people", "20", "--seed", "7"});
  const auto events = events_of(population_, 40, 3);
  ASSERT_TRUE(one_->post(events, "all"));
  ASSERT_TRUE(one_->settles(events.size())) << one_->said();
  const auto page = one_->http().get("/metrics").body;
  const auto alerts = text_of(source / "docs/alerts.yaml");
  const auto kafka = alerts.find("name: sallyport-kafka");
  ASSERT_NE(kafka, std::string::npos);
  const std::regex metric{R"(\b((?:sallyport|ptpu|process)_[a-z_]+)\b)"};
  for (const auto& name : found(alerts.substr(0, kafka), metric)) {
    const auto series = std::regex_replace(name, std::regex{"_(sum|count|bucket)$"}, "");
    EXPECT_NE(page.find("# TYPE " + series + " "), std::string::npos) << name;
  }
  const auto listed = text_of(source / "docs/metrics.md");
  for (const auto& name : found(alerts, metric))
    EXPECT_NE(listed.find(std::regex_replace(name, std::regex{"_(sum|count|bucket)$"}, "")),
              std::string::npos)
      << name << " is not in docs/metrics.md";

  const auto names = found(alerts, std::regex{R"(alert: (\w+))"});
  EXPECT_GE(names.size(), 20U);
  const auto count = [&](const std::string& what) {
    const std::regex one{what};
    return std::distance(std::sregex_iterator{alerts.begin(), alerts.end(), one}, {});
  };
  EXPECT_EQ(count(R"(\n        expr: \S)"), static_cast<std::ptrdiff_t>(names.size()));
  EXPECT_EQ(count(R"(\n        labels: \{ severity: (page|ticket) \})"),
            static_cast<std::ptrdiff_t>(names.size()));
  EXPECT_EQ(
    count(R"(\n        annotations: \{ summary: "[^"]+", page: docs/operating/[a-z-]+\.md \})"),
    static_cast<std::ptrdiff_t>(names.size()));
  for (const auto& file : found(alerts, std::regex{R"(page: (\S+))"}))
    EXPECT_TRUE(fs::is_regular_file(source / file)) << file;
  for (const auto& one : pages()) {
    const auto head =
      text_of(one).substr(0, text_of(one).find("\n\n", text_of(one).find("\n\n") + 2));
    const auto named = found(head, std::regex{R"(`([A-Z]\w+)` \()"});
    EXPECT_FALSE(named.empty()) << one << " names no alert";
    for (const auto& alert : named)
      EXPECT_TRUE(names.contains(alert)) << one << ": " << alert;
  }
}

TEST_F(pages_test, every_command_on_them_works_on_a_running_instance) {
  start({"--people", "60", "--seed", "7", "--trouble", "30%"},
        {{"SALLYPORT_BACKUP_DIR", (files_.path() / "backups").string()}});
  const auto events = events_of(population_, 60, 4);
  ASSERT_TRUE(one_->post(events, "first"));
  ASSERT_TRUE(one_->settles(events.size())) << one_->said();
  peers_->set_fault({{"peer", "community-api"}, {"status", 503}, {"path", "nomsNumber"}});
  const auto all = events_of(population_, 400);
  ASSERT_TRUE(one_->post({all.begin() + 60, all.end()}, "second"));
  ASSERT_TRUE(leads_to("a-call-is-in-doubt")) << one_->said();
  ASSERT_TRUE(eventually([&] { return !write_call().empty(); })) << one_->said();

  std::size_t ran_so_far = 0;
  for (const auto& page : pages())
    for (const auto& command : commands_of(page)) {
      if (command.empty())
        continue;
      ASSERT_TRUE(command.starts_with("sallyport ")) << page << ": " << command;
      auto plain = command.substr(0, command.find(" #"));
      plain.erase(plain.find_last_not_of(' ') + 1);
      const auto now = fitted(plain);
      const auto said = shell(now);
      // `status` says by its exit status that something is wrong.
      const bool wrong_is_told = command.starts_with("sallyport status") && said.how.code == 1 &&
                                 said.out.find("NOT WELL") != std::string::npos;
      EXPECT_TRUE(said.how == (exit_status{0, 0}) || wrong_is_told) << page << ": " << now << "\n"
                                                                    << said.out << said.err;
      ++ran_so_far;
    }
  EXPECT_GE(ran_so_far, 60U);
  EXPECT_EQ(one_->running().wait(), (exit_status{0, 0})) << "the last one was `drain`";
}

// -- faults that are put into a running instance, and what `status` makes of them ----------------

TEST_F(pages_test, a_secret_that_the_sign_in_refuses_is_no_peer_that_is_down) {
  start({"--people", "10", "--seed", "7"}, {{"OAUTH_CLIENT_SECRET", "wrong"}});
  ASSERT_TRUE(one_->post(events_of(population_, 10), "all"));
  EXPECT_TRUE(leads_to("a-token-is-refused"));
  EXPECT_FALSE(leads_to_now("a-peer-is-down"));
}

TEST_F(pages_test, a_missing_role_is_told) {
  start({"--people", "10", "--seed", "7"});
  peers_->set_fault({{"peer", "community-api"}, {"status", 403}});
  ASSERT_TRUE(one_->post(events_of(population_, 10), "all"));
  EXPECT_TRUE(leads_to("a-token-is-refused"));
}

TEST_F(pages_test, one_booking_that_is_refused_is_told_from_a_peer_that_is_down) {
  start({"--people", "30", "--seed", "7", "--trouble", "0%"});
  const auto events = first_of_each_booking(events_of(population_, 60));
  const auto bookings = found(events.at(0), std::regex{R"(bookingId\D+(\d+))"});
  ASSERT_EQ(bookings.size(), 1U);
  peers_->set_fault(
    {{"peer", "prison-api"}, {"status", 500}, {"path", "/api/bookings/" + *bookings.begin()}});
  ASSERT_TRUE(one_->post(events, "all"));
  EXPECT_TRUE(leads_to("a-peer-refuses-one-booking"));
}

TEST_F(pages_test, a_slow_peer_is_told) {
  start({"--people", "5", "--seed", "7"});
  peers_->set_fault({{"peer", "prison-api"}, {"latency", "2500ms"}});
  ASSERT_TRUE(one_->post(events_of(population_, 5), "all"));
  EXPECT_TRUE(leads_to("a-peer-is-slow"));
}

TEST_F(pages_test, a_wrong_list_of_prisons_is_told) {
  start({"--people", "30", "--seed", "7"}, {{"ONLY_PRISONS", "LEDS"}});
  const auto events = events_of(population_, 40);
  ASSERT_TRUE(one_->post(events, "once"));
  EXPECT_TRUE(leads_to("most-records-are-discarded"));
}

TEST_F(pages_test, input_that_comes_twice_is_told_and_does_no_harm) {
  start({"--people", "30", "--seed", "7"});
  const auto events = events_of(population_, 40);
  for (const auto* key : {"once", "twice", "thrice"}) {
    ASSERT_TRUE(one_->post(events, key));
    ASSERT_TRUE(eventually([&] {
      const auto now = one_->look();
      return now && now->lag == 0 && now->held == 0 && now->in_call == 0;
    }));
  }
  EXPECT_TRUE(leads_to("input-comes-twice"));
  EXPECT_EQ(one_->look()->difference, 0);
}

TEST_F(pages_test, a_commit_that_failed_is_told_with_its_reason) {
  population_ = {"--people", "5", "--seed", "7"};
  peers_.emplace(population_);
  one_.emplace(peers_->url());
  ASSERT_TRUE(one_->start("commit.before:fail@3")) << one_->said();
  ASSERT_TRUE(one_->post(events_of(population_, 10), "all"));
  ASSERT_TRUE(leads_to("commits-fail"));
  const auto problems = ask({"status"})["problems"];
  EXPECT_NE(problems.dump().find("commit.before"), std::string::npos) << problems.dump(1);
}

} // namespace
} // namespace sallyport::test
