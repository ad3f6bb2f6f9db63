// Reports, tokens and dead letters of a running instance.

#include "tests/support/stand.hpp"
#include "tests/support/token.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <thread>

namespace sallyport::test {
namespace {

using nlohmann::json;

/// The keys, the sign-in and the bookings that an instance asks for.
class stub {
public:
  stub() {
    server_.Get("/.well-known/jwks.json", [this](const httplib::Request&, httplib::Response& out) {
      out.set_content(jwks({key_.in_jwks()}), "application/json");
    });
    server_.Post("/oauth/token", [](const httplib::Request&, httplib::Response& out) {
      out.set_content(R"({"access_token":"x","token_type":"bearer","expires_in":3600})",
                      "application/json");
    });
    server_.Get(R"(/api/bookings/\d+/sentenceDetail)",
                [](const httplib::Request&, httplib::Response& out) {
                  out.set_content(R"({"sentenceStartDate":"2020-02-11"})", "application/json");
                });
    server_.Get(R"(/api/bookings/\d+)", [](const httplib::Request&, httplib::Response& out) {
      out.set_content(R"({"bookingNo":"38339A","offenderNo":"A5089DY","firstName":"A",)"
                      R"("lastName":"B","dateOfBirth":"1970-01-01","agencyId":"MDI",)"
                      R"("activeFlag":true,"locationDescription":"Moor \"north\""})",
                      "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    while (!server_.is_running())
      std::this_thread::yield();
  }
  ~stub() {
    server_.stop();
    thread_.join();
  }
  stub(const stub&) = delete;
  stub& operator=(const stub&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string token_of(const std::string& role) const {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return key_.sign(
      claims_of("someone", {role}, std::chrono::duration_cast<std::chrono::seconds>(now).count()));
  }

private:
  signing_key key_ = signing_key::rsa("one");
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

class reports_test : public ::testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(instance_.start()) << instance_.said(); }

  [[nodiscard]] httplib::Response ask(const std::string& method, const std::string& path,
                                      const std::string& role = {}) const {
    httplib::Client client{"127.0.0.1", instance_.http().port()};
    httplib::Request request;
    request.method = method;
    request.path = path;
    if (!role.empty())
      request.set_header("Authorization", "Bearer " + stub_.token_of(role));
    auto came = client.send(request);
    return came ? *came : httplib::Response{};
  }

  void post(const std::string& body) const {
    const auto came = instance_.http().post(
      "/ingress/prison-offender-events?key=7&header.eventType=IMPRISONMENT_STATUS-CHANGED", body);
    ASSERT_EQ(came.status, 200) << came.body;
  }

  stub stub_;
  instance instance_{stub_.url(), {{"HOLD_BACK", "1h"}}};
};

const std::string report_role = "ROLE_PTPU_REPORT";
const std::string admin_role = "ROLE_PTPU_QUEUE_ADMIN";
const std::string letters = "prison-to-probation.dead-letters";

TEST_F(reports_test, who_asks_needs_the_role) {
  const auto path = "/report/in-progress";
  EXPECT_EQ(ask("GET", path).status, 401);
  EXPECT_EQ(ask("GET", path, admin_role).status, 403);
  const auto came = ask("GET", path, report_role);
  EXPECT_EQ(came.status, 200);
  EXPECT_EQ(came.get_header_value("Content-Type"), "text/csv");
  EXPECT_EQ(came.body, "");
  EXPECT_EQ(ask("PUT", "/queue-admin/retry-all-dlqs").status, 401);
  EXPECT_EQ(ask("PUT", "/queue-admin/retry-all-dlqs", report_role).status, 403);
  EXPECT_EQ(ask("GET", "/nothing", report_role).status, 404);
}

TEST_F(reports_test, what_is_held_is_reported_while_the_engine_runs_and_after_a_restart) {
  post(R"({"bookingId":1200835})");
  const auto is_there = [&] {
    return ask("GET", "/report/in-progress", report_role).body.find("1200835") != std::string::npos;
  };
  ASSERT_TRUE(eventually(is_there)) << instance_.said();
  const auto before = ask("GET", "/report/in-progress", report_role).body;
  EXPECT_NE(before.find(R"("IMPRISONMENT_STATUS-CHANGED","","Moor ""north""","MDI","A5089DY")"),
            std::string::npos)
    << before;
  EXPECT_EQ(json::parse(ask("GET", "/report/match-summary", report_role).body)["waiting"]["new"],
            1);
  EXPECT_EQ(instance_.stop(), (exit_status{0, 0}));
  ASSERT_TRUE(instance_.start()) << instance_.said();
  EXPECT_EQ(ask("GET", "/report/in-progress", report_role).body, before);
}

TEST_F(reports_test, a_bad_parameter_is_named) {
  const auto came = ask("GET", "/report/not-matched?daysOld=many", report_role);
  EXPECT_EQ(came.status, 400);
  EXPECT_NE(came.body.find("daysOld"), std::string::npos);
}

TEST_F(reports_test, a_dead_letter_is_sent_back_once_and_dies_again_with_its_history) {
  post(R"({"no":"booking"})");
  const auto found = [&] {
    return json::parse(ask("GET", "/queue-admin/get-dlq-messages/" + letters, admin_role)
                         .body)["messagesFoundCount"];
  };
  ASSERT_TRUE(eventually([&] { return found() == 1; }));
  const auto sent = ask("PUT", "/queue-admin/retry-dlq/" + letters + "?reason=test", admin_role);
  EXPECT_EQ(json::parse(sent.body)["messagesRetriedCount"], 1);
  ASSERT_TRUE(eventually([&] { return instance_.log(letters).size() == 2; }));
  const auto again = instance_.log(letters)[1]["headers"];
  EXPECT_EQ(again["sallyport-redriven"], "1");
  EXPECT_EQ(json::parse(again["sallyport-history"].get<std::string>())["by"], "someone");
  EXPECT_EQ(found(), 1) << "the one that died again";
  EXPECT_EQ(
    json::parse(
      ask("PUT", "/queue-admin/purge-queue/" + letters, admin_role).body)["messagesFoundCount"],
    1);
  EXPECT_EQ(found(), 0);
}

} // namespace
} // namespace sallyport::test
