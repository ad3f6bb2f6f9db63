#include "engine/services/gate.hpp"

#include "tests/engine/services/service_fixture.hpp"
#include "tests/support/token.hpp"

namespace sallyport {
namespace {

class gate_test : public service_test {
protected:
  static void SetUpTestSuite() { key_ = test::signing_key::rsa("one"); }

  void serve(gate::settings with, bool with_tokens = true) {
    const auto answer = [](const http_request& request) {
      http_response made;
      made.body = "for " + request.user;
      return made;
    };
    server_.route({"GET", "/open", access::everyone(), {}, answer});
    server_.route({"GET", "/log", access::operators(), {}, answer});
    server_.route({"GET", "/metrics", access::metrics(), {}, answer});
    server_.route({"GET", "/report", access::with_role("ROLE_REPORT"), {}, answer});
    server_.route({"PUT", "/admin", access::only_with_role("ROLE_ADMIN"), {}, answer});
    with.operator_role = "ROLE_ADMIN";
    with.known_roles = {"ROLE_ADMIN", "ROLE_REPORT"};
    gate_ = std::make_unique<gate>(std::move(with), with_tokens ? &tokens_ : nullptr);
    server_.set_guard([this](const http_server::endpoint* asked, http_request& request) {
      return gate_->check(asked, request);
    });
    start();
  }

  [[nodiscard]] std::string token_of(const std::vector<std::string>& roles) const {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch();
    return key_.sign(test::claims_of("someone", roles, now.count()));
  }
  httplib::Response ask(const std::string& method, const std::string& path,
                        const std::vector<std::string>& roles) {
    return ask_with(method, path, "Bearer " + token_of(roles));
  }
  httplib::Response ask_with(const std::string& method, const std::string& path,
                             const std::string& header) {
    httplib::Request request;
    request.method = method;
    request.path = path;
    if (!header.empty())
      request.set_header("Authorization", header);
    auto came = client_->send(request);
    EXPECT_TRUE(came);
    return came ? *came : httplib::Response{};
  }
  int status(const std::string& path, const std::vector<std::string>& roles = {"none"}) {
    return roles == std::vector<std::string>{"none"} ? ask_with("GET", path, "").status
                                                     : ask("GET", path, roles).status;
  }

  static inline test::signing_key key_;
  token_verifier tokens_{
    {}, [] { return result<std::string>{test::jwks({key_.in_jwks()})}; }, clock_};
  std::unique_ptr<gate> gate_;
};

const std::vector<std::string> report{"ROLE_REPORT"};
const std::vector<std::string> admin{"ROLE_ADMIN"};

TEST_F(gate_test, a_role_is_asked_for_wherever_one_comes_from) {
  serve({.trusts_who_comes = true});
  EXPECT_EQ(status("/report"), 401);
  EXPECT_EQ(status("/report", admin), 403);
  EXPECT_EQ(status("/report", {}), 403);
  const auto came = ask("GET", "/report", report);
  EXPECT_EQ(came.status, 200);
  EXPECT_EQ(came.body, "for someone");
}

TEST_F(gate_test, a_refusal_says_how_to_do_better) {
  serve({.trusts_who_comes = true});
  const auto none = ask_with("GET", "/report", "");
  EXPECT_EQ(none.get_header_value("WWW-Authenticate"), "Bearer");
  EXPECT_NE(error_of(none).find("Authorization: Bearer"), std::string::npos);
  const auto bad = ask_with("GET", "/report", "Bearer rubbish");
  EXPECT_EQ(bad.status, 401);
  EXPECT_EQ(bad.get_header_value("WWW-Authenticate").rfind(R"(Bearer error="invalid_token")", 0),
            0U);
  const auto other = ask("GET", "/report", admin);
  EXPECT_EQ(other.get_header_value("WWW-Authenticate"), R"(Bearer error="insufficient_scope")");
  EXPECT_EQ(error_of(other), "the token has not the role ROLE_REPORT");
}

TEST_F(gate_test, the_scheme_is_bearer_in_any_case) {
  serve({.trusts_who_comes = true});
  EXPECT_EQ(ask_with("GET", "/report", "bearer " + token_of(report)).status, 200);
  EXPECT_EQ(ask_with("GET", "/report", "Basic " + token_of(report)).status, 401);
  EXPECT_EQ(ask_with("GET", "/report", token_of(report)).status, 401);
}

TEST_F(gate_test, this_machine_needs_no_token_for_the_engines_own_routes) {
  serve({.trusts_who_comes = true});
  for (const char* path : {"/open", "/log", "/metrics"})
    EXPECT_EQ(status(path), 200) << path;
}

TEST_F(gate_test, from_elsewhere_the_engines_routes_need_the_operators_role) {
  serve({.trusts_who_comes = false});
  EXPECT_EQ(status("/open"), 200);
  EXPECT_EQ(status("/log"), 401);
  EXPECT_EQ(status("/log", report), 403);
  EXPECT_EQ(status("/log", admin), 200);
}

TEST_F(gate_test, from_elsewhere_the_metrics_need_a_token_of_any_role_that_is_known) {
  serve({.trusts_who_comes = false, .metrics_from = {*ip_network::parse("10.0.0.0/8")}});
  EXPECT_EQ(status("/metrics"), 401);
  EXPECT_EQ(status("/metrics", {"ROLE_OTHER"}), 403);
  EXPECT_EQ(status("/metrics", report), 200);
  EXPECT_EQ(status("/metrics", admin), 200);
}

TEST_F(gate_test, a_listed_network_may_read_the_metrics_and_nothing_else) {
  serve({.trusts_who_comes = false, .metrics_from = {*ip_network::parse("127.0.0.0/8")}});
  EXPECT_EQ(status("/metrics"), 200);
  EXPECT_EQ(status("/log"), 401);
}

TEST_F(gate_test, an_unknown_path_or_method_is_told_to_who_has_a_token) {
  serve({.trusts_who_comes = true});
  EXPECT_EQ(status("/nothing"), 401);
  EXPECT_EQ(status("/nothing", report), 404);
  EXPECT_EQ(ask_with("GET", "/admin", "").status, 401);
  EXPECT_EQ(ask("GET", "/admin", admin).status, 404);
}

TEST_F(gate_test, without_tokens_this_machine_reads_reports_but_administers_nothing) {
  serve({.trusts_who_comes = true}, false);
  EXPECT_EQ(status("/report"), 200);
  EXPECT_EQ(ask_with("PUT", "/admin", "").status, 401);
  EXPECT_EQ(status("/nothing"), 404);
}

TEST_F(gate_test, a_body_is_not_read_from_who_may_not_come) {
  serve({.trusts_who_comes = true});
  const auto came = client_->Put("/admin", std::string(2U << 20U, 'x'), "text/plain");
  ASSERT_TRUE(came);
  EXPECT_EQ(came->status, 401) << "not 413, which would have needed the body";
}

} // namespace
} // namespace sallyport
