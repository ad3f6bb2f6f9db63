// What an author needs beside the reference and lint: new, test, graph, completion, man.

#include "tests/support/process.hpp"
#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace sallyport::test {
namespace {

namespace fs = std::filesystem;

const fs::path source = SALLYPORT_SOURCE_DIR;

ran sallyport(std::vector<std::string> arguments,
              std::map<std::string, std::string> environment = {}) {
  return run(program("sallyport"), std::move(arguments), std::move(environment));
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class new_topology : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(sallyport({"new", "topology", "quiet_ids", "--in", files_.path().string()}).how.code,
              0);
  }

  [[nodiscard]] std::string file(const std::string& name) const {
    return (files_.path() / "quiet_ids" / name).string();
  }

  temporary_folder files_;
};

TEST_F(new_topology, is_clean_valid_and_tested) {
  const auto checked = sallyport({"lint", file("topology.yaml"), file("config.yaml")});
  EXPECT_EQ(checked.how, (exit_status{0, 0})) << checked.err;
  const auto valid =
    run("/usr/bin/env", {"python3", (source / "tests/support/validate.py").string(), "--modeline",
                         file("topology.yaml"), file("config.yaml")});
  EXPECT_TRUE(holds(valid.out, "topology.yaml: ok") && holds(valid.out, "config.yaml: ok"))
    << valid.out << valid.err;
  const auto tested = sallyport({"test", (files_.path() / "quiet_ids").string()});
  EXPECT_EQ(tested.how, (exit_status{0, 0})) << tested.err;
}

TEST_F(new_topology, takes_no_name_that_is_none_and_overwrites_nothing) {
  const auto in = files_.path().string();
  EXPECT_EQ(sallyport({"new", "topology", "quiet_ids", "--in", in}).how.code, 2);
  EXPECT_EQ(sallyport({"new", "topology", "Quiet Ids", "--in", in}).how.code, 2);
  EXPECT_EQ(sallyport({"new", "topology", "../up", "--in", in}).how.code, 2);
}

TEST_F(new_topology, fails_its_test_when_it_does_something_else) {
  auto text = text_of(file("topology.yaml"));
  text.replace(text.find("key: /id,"), 9, "key: /text,");
  std::ofstream{file("topology.yaml")} << text;
  const auto tested = sallyport({"test", (files_.path() / "quiet_ids").string()});
  EXPECT_EQ(tested.how.code, 1);
  EXPECT_TRUE(holds(tested.err, "the_newest_event_goes_on.yaml:")) << tested.err;
  EXPECT_EQ(sallyport({"test", (files_.path() / "nowhere").string()}).how.code, 2);
}

TEST_F(new_topology, draws_itself_with_the_counts_of_a_running_instance) {
  const auto folder = files_.path() / "state";
  // The paths of a config are those of the folder in which the program is started.
  const auto in = (files_.path() / "quiet_ids").string();
  process instance{
    {"/bin/sh",
     {"-c", "cd " + in + " && exec " + program("sallyport").string() + " run config.yaml"},
     {{"SALLYPORT_HTTP_PORT", "0"}, {"SALLYPORT_STATE_DIR", folder.string()}},
     files_.path() / "out",
     files_.path() / "err"}};
  std::string address;
  ASSERT_TRUE(eventually([&] {
    const auto said = text_of(files_.path() / "err") + text_of(files_.path() / "out");
    const auto at = said.find("address=");
    const auto end = said.find('\n', at);
    if (at == std::string::npos || end == std::string::npos)
      return false;
    address = said.substr(at + 8, end - at - 8);
    return true;
  }))
    << text_of(files_.path() / "err");
  ran drawn;
  EXPECT_TRUE(eventually([&] {
    drawn = sallyport({"graph", "--svg", "--of", "http://" + address, file("config.yaml")});
    return holds(drawn.out, "4 received, ");
  }))
    << drawn.err << drawn.out;
  instance.kill();
  EXPECT_EQ(sallyport({"graph", "--of", "http://" + address, file("config.yaml")}).how.code, 1);
}

TEST(graph, of_prison_to_probation_shows_all_that_it_touches) {
  const auto file = (source / "topologies/prison_to_probation/topology.yaml").string();
  const auto mermaid = sallyport({"graph", file});
  const auto svg = sallyport({"graph", "--svg", file});
  for (const auto& said : {mermaid, svg})
    for (const char* word : {"prison-offender-events", "by_booking", "bookings", "custody",
                             "offender-search", "dead-letters", "the hold-back ends"})
      EXPECT_TRUE(holds(said.out, word)) << word;
  EXPECT_TRUE(mermaid.out.starts_with("flowchart TB\n"));
  const auto read = run("/usr/bin/env",
                        {"python3", "-c",
                         "import sys, xml.etree.ElementTree as t; "
                         "t.fromstring(sys.stdin.read())"},
                        {}, svg.out);
  EXPECT_EQ(read.how.code, 0) << read.err;
}

TEST(graph, in_the_documentation_is_the_one_of_today) {
  const auto drawn = sallyport(
    {"graph", "--svg", (source / "topologies/prison_to_probation/topology.yaml").string()});
  EXPECT_TRUE(drawn.out == text_of(source / "docs/images/prison_to_probation.svg"))
    << "stale; run: build/release/sallyport graph --svg "
       "topologies/prison_to_probation/topology.yaml "
       "> docs/images/prison_to_probation.svg";
}

TEST(completion, knows_verbs_flags_components_and_the_names_of_a_file) {
  auto words = [](std::vector<std::string> typed) {
    typed.insert(typed.begin(), {"completion", "words", "--"});
    return sallyport(std::move(typed)).out;
  };
  EXPECT_EQ(words({"li"}), "lint\nlist\n");
  EXPECT_TRUE(holds(words({"log", ""}), "read\n"));
  EXPECT_EQ(words({"lint", "--fo"}), "--format\n");
  EXPECT_EQ(words({"lint", "--format", "g"}), "github\n");
  EXPECT_EQ(words({"docs", "hold"}), "hold_back\n");
  EXPECT_EQ(words({"schema", ""}), "topology\nconfig\n");
  const auto config = (source / "configs/prison-to-probation.embedded.yaml").string();
  EXPECT_EQ(words({"log", "read", "--config", config, "prison-o"}), "prison-offender-events\n");
  EXPECT_EQ(words({"log", "read", "--config", config, "prison-to-probation.b"}),
            "prison-to-probation.bookings\n");
  EXPECT_EQ(words({"state", "scan", "--config", config, "--stage", "cu"}), "custody\n");
  EXPECT_EQ(words({"lint", ""}), "") << "the shell completes files";
}

TEST(completion, scripts_are_of_their_shells) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const auto script = sallyport({"completion", shell}).out;
    EXPECT_TRUE(holds(script, "sallyport completion words -- "));
    const auto there = run("/usr/bin/env", {"sh", "-c", "command -v " + shell});
    if (there.how.code == 0) {
      EXPECT_EQ(run("/usr/bin/env", {shell, "-n"}, {}, script).how.code, 0) << shell;
    }
  }
}

TEST(man, tells_every_verb) {
  const auto page = sallyport({"man"}).out;
  for (const char* verb : {"lint", "graph", "log read", "completion", "NO_COLOR", "EXIT STATUS"})
    EXPECT_TRUE(holds(page, verb)) << verb;
  if (run("/usr/bin/env", {"sh", "-c", "command -v mandoc"}).how.code == 0) {
    auto said = run("/usr/bin/env", {"mandoc", "-T", "lint", "-W", "warning"}, {}, page).out;
    // A page that is printed by the program has the program's version and no date.
    const std::string expected = "mandoc: <stdin>:1:17: WARNING: missing date, using \"\": TH\n";
    if (said.starts_with(expected))
      said.erase(0, expected.size());
    EXPECT_EQ(said, "");
  }
}

} // namespace
} // namespace sallyport::test
