#include "engine/services/peer_health.hpp"

#include "tests/engine/services/service_fixture.hpp"

#include <atomic>

namespace sallyport {
namespace {

class peer_health_test : public service_test {
protected:
  void SetUp() override {
    server_.route({"GET", "/health/ping", access::everyone(), {}, [this](const http_request&) {
                     http_response made;
                     made.status = status_;
                     made.body = "it is late";
                     return made;
                   }});
    const auto port = server_.start("127.0.0.1", 0);
    ASSERT_TRUE(port) << port.error().what;
    address_ = "http://127.0.0.1:" + std::to_string(*port) + "/health/ping";
  }

  std::string address_;
  std::atomic<int> status_{200};
};

TEST_F(peer_health_test, a_peer_that_answers_200_is_up) {
  const auto said = health_of_peer(address_)();
  EXPECT_TRUE(said.up);
  EXPECT_EQ(said.details.at("HttpStatus"), "OK");
}

TEST_F(peer_health_test, a_peer_that_answers_otherwise_is_down_and_tells_what_it_said) {
  status_ = 503;
  const auto said = health_of_peer(address_)();
  EXPECT_FALSE(said.up);
  EXPECT_EQ(said.details.at("error"), "it answered 503");
  EXPECT_EQ(said.details.at("body"), "it is late");
}

TEST_F(peer_health_test, a_peer_that_does_not_answer_is_down) {
  server_.stop();
  const auto said = health_of_peer(address_)();
  EXPECT_FALSE(said.up);
  EXPECT_FALSE(said.details.at("error").empty());
}

} // namespace
} // namespace sallyport
