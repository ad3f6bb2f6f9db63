#include "tools/command/remote.hpp"

#include "engine/services/http_server.hpp"
#include "tests/engine/state/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>
#include <vector>

namespace sallyport::command {
namespace {

using json = nlohmann::ordered_json;

http_response answer_of(int status, std::string body) {
  http_response made;
  made.status = status;
  made.body = std::move(body);
  return made;
}

/// An instance that answers what the test says.
class remote_test : public ::testing::Test {
protected:
  void serve(const std::string& method, const std::string& path, http_response answer) {
    server_.route(method, path, [this, answer = std::move(answer)](const http_request& asked) {
      asked_ = asked;
      return answer;
    });
  }

  remote open(const std::string& token = {}) {
    const auto port = server_.start("127.0.0.1", 0);
    EXPECT_TRUE(port);
    url_ = "http://127.0.0.1:" + std::to_string(*port);
    remote_option o;
    o.url = url_ + "/";
    o.token = token;
    return *o.open(nothing_set);
  }

  static std::optional<std::string> nothing_set(std::string_view) { return std::nullopt; }

  static config::environment with(std::map<std::string, std::string, std::less<>> variables) {
    return [variables = std::move(variables)](std::string_view name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional{found->second};
    };
  }

  std::string file(const std::string& name, const std::string& text) {
    const auto path = files_.path() / name;
    std::ofstream{path} << text;
    return path.string();
  }

  test::temporary_folder files_;
  http_request asked_;
  std::string url_;
  http_server server_;
};

TEST_F(remote_test, asks_with_parameters_and_the_token) {
  serve("GET", "/admin/x", answer_of(200, R"({"a":1})"));
  const auto instance = open("abc.def");
  const auto got = instance.get("/admin/x", {{"key", "a b&c"}});
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ((*got)["a"], 1);
  EXPECT_EQ(asked_.parameter("key"), "a b&c");
  EXPECT_EQ(find_header(asked_.headers, "authorization"), "Bearer abc.def");
  EXPECT_EQ(instance.url(), url_);
}

TEST_F(remote_test, posts_json_or_nothing) {
  serve("POST", "/admin/x", answer_of(200, "{}"));
  const auto instance = open();
  ASSERT_TRUE(instance.post("/admin/x", json{{"folder", "f"}}, {{"reason", "why"}}));
  EXPECT_EQ(asked_.body, R"({"folder":"f"})");
  EXPECT_EQ(asked_.parameter("reason"), "why");
  ASSERT_TRUE(instance.post("/admin/x"));
  EXPECT_EQ(asked_.body, "");
}

TEST_F(remote_test, gives_lines_whole_however_they_are_cut_and_ends_when_told) {
  const auto parts = std::make_shared<std::vector<std::string>>();
  *parts = {"", "three\n", "o\n\n", "one\ntw"};
  http_response answer;
  answer.next_part = [parts]() -> result<std::string> {
    auto part = parts->back();
    parts->pop_back();
    return part;
  };
  serve("GET", "/lines", answer);
  const auto instance = open();
  std::vector<std::string> lines;
  const auto visit = [&](std::string_view line) {
    lines.emplace_back(line);
    return lines.size() < 4;
  };
  ASSERT_TRUE(instance.get_lines("/lines", {}, visit));
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "", "three"}));
  *parts = {"", "b\n", "a\n"};
  lines.resize(3);
  ASSERT_TRUE(instance.get_lines("/lines", {}, visit));
  EXPECT_EQ(lines.back(), "a");
  *parts = {"", "half"};
  EXPECT_FALSE(instance.get_lines("/lines", {}, visit)) << "a part is not taken for the whole";
}

TEST_F(remote_test, says_what_to_do_about_each_refusal_and_never_the_token) {
  struct {
    int status;
    std::string body;
    std::string said;
    errc code;
  } const cases[]{
    {400, R"({"error":"from is a number"})", "from is a number", errc::invalid_config},
    {401, R"({"error":"it is expired"})", "does not take the token (it is expired)",
     errc::unavailable},
    {403, "{}", "operators' role", errc::unavailable},
    {404, R"({"error":"there is no topic 'x'"})", "there is no topic 'x'", errc::not_found},
    {404, "<html>", "is it an instance of Sallyport", errc::not_found},
    {409, R"({"error":"it is there"})", "it is there", errc::already_exists},
    {503, R"({"error":"the disk is full"})", "try again (the disk is full)", errc::unavailable},
    {500, "\x1b[2J", "answers 500", errc::unavailable},
    {200, "<html>", "does not answer as an instance", errc::unavailable},
  };
  int number = 0;
  for (const auto& each : cases)
    serve("GET", "/" + std::to_string(number++), answer_of(each.status, each.body));
  const auto instance = open("secret-token");
  number = 0;
  for (const auto& each : cases) {
    const auto got = instance.get("/" + std::to_string(number++), {});
    ASSERT_FALSE(got) << each.status;
    EXPECT_EQ(got.error().code, each.code) << each.status;
    EXPECT_NE(got.error().what.find(each.said), std::string::npos) << got.error().what;
    EXPECT_EQ(got.error().what.find("secret-token"), std::string::npos);
    EXPECT_EQ(got.error().what.find('\x1b'), std::string::npos);
  }
}

TEST_F(remote_test, a_missing_instance_is_told_with_its_address) {
  const auto instance = open();
  server_.stop();
  const auto got = instance.get("/info");
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().what.find("no instance answers at " + url_), std::string::npos);
  EXPECT_NE(got.error().what.find("--url"), std::string::npos);
}

TEST_F(remote_test, without_a_token_a_401_says_how_to_bring_one) {
  serve("GET", "/x", answer_of(401, ""));
  const auto got = open().get("/x");
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().what.find("--token-file"), std::string::npos) << got.error().what;
}

TEST_F(remote_test, finds_the_address_by_option_config_variable_and_default) {
  const auto env = with({{"SALLYPORT_URL", "http://there:1"}, {"PORT", "9090"}});
  remote_option o;
  EXPECT_EQ(o.open(nothing_set)->url(), "http://127.0.0.1:8080");
  EXPECT_EQ(o.open(env)->url(), "http://there:1");
  o.config = file("a.yaml", "application: a\nhttp: { bind: 0.0.0.0, port: \"${PORT:1}\" }\n"
                            "bind: { x: { http: { url: \"${NOT_SET_HERE}\" } } }\n");
  EXPECT_EQ(o.open(env)->url(), "http://127.0.0.1:9090");
  o.config = file("b.yaml", "application: a\n");
  EXPECT_EQ(o.open(env)->url(), "http://127.0.0.1:8080");
  o.config = file("c.yaml", "http: { bind: \"::1\", tls: { certificate: a, key: b } }\n");
  EXPECT_EQ(o.open(env)->url(), "https://[::1]:8080");
  o.url = "https://here/";
  EXPECT_EQ(o.open(env)->url(), "https://here");
}

TEST_F(remote_test, refuses_an_address_or_a_config_that_says_none) {
  remote_option o;
  for (const char* url : {"localhost:8080", "ftp://x", "http://", "http://u:p@x", "http://a b"}) {
    o.url = url;
    const auto opened = o.open(nothing_set);
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().code, errc::invalid_config);
    EXPECT_EQ(opened.error().what.find("u:p"), std::string::npos);
  }
  o.url.clear();
  for (const char* text :
       {"http: { port: 0 }\n", "http: { port: \"${NOT_SET_HERE}\" }\n", "- a\n"}) {
    o.config = file("wrong.yaml", text);
    EXPECT_FALSE(o.open(nothing_set)) << text;
  }
  o.config = (files_.path() / "nowhere.yaml").string();
  EXPECT_FALSE(o.open(nothing_set));
}

TEST_F(remote_test, takes_the_token_of_an_option_a_file_or_a_variable) {
  serve("GET", "/x", answer_of(200, "{}"));
  (void) open();
  const auto shown = [&](remote_option o, const config::environment& env) {
    o.url = url_;
    EXPECT_TRUE(o.open(env)->get("/x"));
    return std::string{find_header(asked_.headers, "authorization").value_or("none")};
  };
  const auto in_file = file("token", "from.file\n");
  const auto env = with({{"SALLYPORT_TOKEN", "from.env"}});
  EXPECT_EQ(shown({}, nothing_set), "none");
  EXPECT_EQ(shown({}, env), "Bearer from.env");
  EXPECT_EQ(shown({}, with({{"SALLYPORT_TOKEN_FILE", in_file}})), "Bearer from.file");
  EXPECT_EQ(shown({.token_file = in_file}, env), "Bearer from.file");
  EXPECT_EQ(shown({.token = "given"}, env), "Bearer given");
  for (const auto& wrong :
       {remote_option{.token = "two lines\r\nX: y"}, remote_option{.token_file = "/nowhere/token"}})
    EXPECT_FALSE(wrong.open(nothing_set));
}

TEST(confirm, asks_on_a_terminal_and_goes_on_at_yes_only) {
  for (const auto& [answer, good] :
       {std::pair{"y\n", true}, {"yes\n", true}, {"n\n", false}, {"\n", false}, {"", false}}) {
    std::istringstream in{answer};
    std::ostringstream out;
    EXPECT_EQ(confirm("Purge 3 letters", false, true, in, out).has_value(), good) << answer;
    EXPECT_EQ(out.str(), "Purge 3 letters? [y/N] ");
  }
}

TEST(confirm, without_a_terminal_wants_yes_on_the_command_line) {
  std::istringstream in{"y\n"};
  std::ostringstream out;
  const auto refused = confirm("Purge", false, false, in, out);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::invalid_config) << "exit status 2";
  EXPECT_TRUE(confirm("Purge", true, false, in, out));
  EXPECT_EQ(out.str(), "");
}

} // namespace
} // namespace sallyport::command
