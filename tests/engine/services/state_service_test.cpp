#include "engine/services/state_service.hpp"

#include "engine/services/api_docs.hpp"
#include "tests/engine/services/service_fixture.hpp"

namespace sallyport {
namespace {

using nlohmann::json;

/// Rows that a test gives.
class given_rows final : public committed_state {
public:
  explicit given_rows(std::map<std::string, std::string> rows) : rows_(std::move(rows)) {}

  [[nodiscard]] std::unique_ptr<stage_rows> rows_of(std::string_view,
                                                    std::string_view) const override {
    return std::make_unique<view>(rows_);
  }

private:
  struct view final : stage_rows {
    std::map<std::string, std::string> rows;
    config::params none;
    explicit view(std::map<std::string, std::string> of) : rows(std::move(of)) {}
    [[nodiscard]] status scan(std::string_view prefix, const row_visitor& visit) const override {
      for (const auto& [key, value] : rows)
        if (key.starts_with(prefix) && !visit(key, value))
          break;
      return {};
    }
    [[nodiscard]] result<std::optional<wall_time>> timer_due(std::string_view) const override {
      return std::nullopt;
    }
    [[nodiscard]] const config::params& with() const override { return none; }
  };
  std::map<std::string, std::string> rows_;
};

/// All rows that begin so, with their number and the time, one a line.
state_query lines() {
  state_query q;
  q.name = "lines";
  q.path = "/report/lines";
  q.role = "ROLE_REPORT";
  q.about.group = "reports";
  q.about.summary = "Lines.";
  q.about.parameters = {{"from", "query", "string", "", "The least.", ""}};
  q.collect = [](const stage_rows& of, const query_input& asked, query_rows& into) -> status {
    const auto from = asked.parameters.find("from");
    if (from != asked.parameters.end() && from->second == "wrong")
      return fail(error::user(errc::invalid_data, "the parameter from is wrong"));
    return of.scan("", [&](std::string_view key, std::string_view value) {
      return (from != asked.parameters.end() && key < from->second) ||
             into.add({std::string{key}, std::string{value} + "\n"});
    });
  };
  q.answer = [](const std::vector<query_row>& rows, const query_input& asked) {
    http_response made;
    made.body = std::to_string(asked.now.time_since_epoch().count()) + "\n";
    for (const auto& row : rows)
      made.body += row.text;
    return made;
  };
  return q;
}

class state_service_test : public service_test {
protected:
  const std::vector<state_query> queries_{lines()};
  given_rows here_{{{"b", "2 \"ü\""}, {"d", "4"}}};
};

TEST_F(state_service_test, the_rows_are_answered_in_their_order) {
  state_service service{here_, clock_, {}};
  service.serve_on(server_, queries_);
  start();
  EXPECT_EQ(get("/report/lines").body, "1769850000123\n2 \"ü\"\n4\n");
  EXPECT_EQ(get("/report/lines?from=c").body, "1769850000123\n4\n");
}

TEST_F(state_service_test, a_bad_parameter_is_named) {
  state_service service{here_, clock_, {}};
  service.serve_on(server_, queries_);
  start();
  const auto came = get("/report/lines?from=wrong");
  EXPECT_EQ(came.status, 400);
  EXPECT_EQ(error_of(came), "the parameter from is wrong");
}

TEST_F(state_service_test, an_answer_that_is_too_big_names_the_bound) {
  state_service service{here_, clock_, {.bytes_max = 100}};
  service.serve_on(server_, queries_);
  start();
  const auto came = get("/report/lines");
  EXPECT_EQ(came.status, 400);
  EXPECT_NE(error_of(came).find("http.report_bytes_max"), std::string::npos);
}

TEST_F(state_service_test, the_rows_of_other_instances_are_merged_at_one_moment) {
  const given_rows there{{{"a", "1"}, {"c", "3"}, {"e", "5"}}};
  manual_clock other_clock{clock_.now() + duration{5'000}};
  state_service other{there, other_clock, {}};
  http_server second;
  other.serve_on(second, queries_);
  std::string authorisation;
  second.set_guard([&](const http_server::endpoint*, http_request& request) {
    authorisation = find_header(request.headers, "authorization").value_or("");
    return std::optional<http_response>{};
  });
  const auto port = second.start("127.0.0.1", 0);
  ASSERT_TRUE(port);
  state_service service{
    here_, clock_, {}, [&] { return std::vector{"http://127.0.0.1:" + std::to_string(*port)}; }};
  service.serve_on(server_, queries_);
  start();
  auto came = client_->Get("/report/lines?from=b", {{"Authorization", "Bearer mine"}});
  ASSERT_TRUE(came);
  EXPECT_EQ(came->body, "1769850000123\n2 \"ü\"\n3\n4\n5\n");
  EXPECT_EQ(authorisation, "Bearer mine") << "who asks here asks there";
  second.stop();
  EXPECT_EQ(get("/report/lines").status, 503) << "a part is not taken for the whole";
}

TEST_F(state_service_test, an_instance_gives_its_own_rows_to_others) {
  state_service service{here_, clock_, {}};
  service.serve_on(server_, queries_);
  start();
  const auto rows = lines_of(get("/internal/rows/lines").body);
  EXPECT_EQ(rows, (std::vector<json>{{{"order", "b"}, {"text", "2 \"ü\"\n"}},
                                     {{"order", "d"}, {"text", "4\n"}}}));
}

TEST_F(state_service_test, the_document_tells_of_every_route) {
  state_service service{here_, clock_, {}};
  service.serve_on(server_, queries_);
  api_docs docs{"an application", "1.2.3"};
  docs.serve_on(server_);
  server_.route("GET", "/added/later", [](const http_request&) { return http_response{}; });
  start();
  const auto api = json::parse(get("/v3/api-docs").body);
  EXPECT_EQ(api["openapi"], "3.0.3");
  EXPECT_EQ(api["info"], (json{{"title", "an application"}, {"version", "1.2.3"}}));
  for (const auto& route : server_.endpoints())
    EXPECT_TRUE(api["paths"][route.pattern].contains("get")) << route.pattern;
  const auto& report = api["paths"]["/report/lines"]["get"];
  EXPECT_EQ(report["parameters"][0]["name"], "from");
  EXPECT_EQ(report["x-access"], "ROLE_REPORT");
  EXPECT_TRUE(report["responses"].contains("400"));
  EXPECT_TRUE(report["responses"].contains("403"));
  EXPECT_FALSE(api["paths"]["/v3/api-docs"]["get"].contains("security"));
}

TEST_F(state_service_test, the_page_shows_the_document_and_loads_nothing_from_elsewhere) {
  api_docs docs{"an application", "1.2.3"};
  docs.serve_on(server_);
  start();
  const auto moved = get("/swagger-ui.html");
  EXPECT_EQ(moved.status, 302);
  EXPECT_EQ(moved.get_header_value("Location"),
            "/swagger-ui/index.html?configUrl=/v3/api-docs/swagger-config");
  const auto page = get("/swagger-ui/index.html").body;
  EXPECT_NE(page.find("/v3/api-docs"), std::string::npos);
  EXPECT_EQ(page.find("http://"), std::string::npos);
  EXPECT_EQ(page.find("https://"), std::string::npos);
  EXPECT_EQ(json::parse(get("/v3/api-docs/swagger-config").body)["url"], "/v3/api-docs");
}

} // namespace
} // namespace sallyport
