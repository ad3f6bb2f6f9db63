#include "engine/services/observe_service.hpp"

#include "tests/engine/services/service_fixture.hpp"

#include <atomic>

namespace sallyport {
namespace {

class observe_service_test : public service_test {
protected:
  void SetUp() override {
    health_.add("log", [this] { return observe::health_report{up_, {{"folder", "state"}}}; });
    service_.serve_on(server_);
    start();
  }

  std::atomic<bool> up_{true};
  observe::metrics metrics_;
  observe::health health_;
  observe_service service_{
    metrics_, health_, {"1.2.3", "prison-to-probation", clock_.now(), "secret: ****"}};
};

TEST_F(observe_service_test, gives_the_metrics_as_prometheus_reads_them) {
  metrics_.add_counter("sallyport_things_total", "Things.").add(3);
  const auto came = get("/metrics");
  EXPECT_EQ(came.get_header_value("Content-Type").rfind("text/plain; version=0.0.4", 0), 0U);
  EXPECT_NE(came.body.find("sallyport_things_total 3"), std::string::npos) << came.body;
}

TEST_F(observe_service_test, tells_health_by_component) {
  const auto came = get("/health");
  EXPECT_EQ(came.status, 200);
  EXPECT_EQ(nlohmann::json::parse(came.body), nlohmann::json::parse(R"({"status":"UP",
    "components":{"log":{"status":"UP","details":{"folder":"state"}}}})"));
}

TEST_F(observe_service_test, answers_503_when_a_component_is_down) {
  up_ = false;
  const auto came = get("/health");
  EXPECT_EQ(came.status, 503);
  EXPECT_EQ(nlohmann::json::parse(came.body)["components"]["log"]["status"], "DOWN");
  EXPECT_EQ(get("/health/liveness").status, 200);
}

TEST_F(observe_service_test, is_ready_when_it_is_told_so) {
  EXPECT_EQ(get("/health/readiness").status, 503);
  health_.set_ready(true);
  EXPECT_EQ(get("/health/readiness").status, 200);
  EXPECT_EQ(get("/health/ping").body, "{\"status\":\"UP\"}\n");
}

TEST_F(observe_service_test, says_what_runs) {
  const auto body = nlohmann::json::parse(get("/info").body);
  EXPECT_EQ(body["build"]["version"], "1.2.3");
  EXPECT_EQ(body["application"], "prison-to-probation");
  EXPECT_EQ(body["started"], "2026-01-31T09:00:00.123Z");
  EXPECT_EQ(body["config"], "secret: ****");
}

} // namespace
} // namespace sallyport
