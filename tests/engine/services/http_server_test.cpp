#include "tests/engine/services/service_fixture.hpp"

#include <chrono>
#include <stdexcept>

namespace sallyport {
namespace {

using namespace std::chrono_literals;

class http_server_test : public service_test {};

TEST_F(http_server_test, hands_a_handler_the_whole_request) {
  http_request seen;
  server_.route("PUT", "/state/{store}/{key}", [&](http_request& request) {
    seen = std::move(request);
    http_response made;
    made.status = 201;
    made.headers = {{"X-Mine", "yes"}};
    made.body = "{}";
    return made;
  });
  start();
  auto came =
    client_->Put("/state/bookings/a%2Fb%20c?x=1&x=%26&y", {{"X-Given", "v"}}, "body", "a/b");
  ASSERT_TRUE(came);
  EXPECT_EQ(came->status, 201);
  EXPECT_EQ(came->get_header_value("X-Mine"), "yes");
  EXPECT_EQ(came->get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.body, "body");
  EXPECT_EQ(seen.remote, "127.0.0.1");
  EXPECT_EQ(find_header(seen.headers, "x-given"), "v");
  EXPECT_EQ(seen.query.count("x"), 2U);
  EXPECT_EQ(seen.parameter("y"), "");
  EXPECT_EQ(seen.parameter("z"), std::nullopt);
  ASSERT_EQ(seen.captures.count("key"), 1U);
  EXPECT_EQ(seen.captures.at("store"), "bookings");
  EXPECT_EQ(seen.captures.at("key"), "a/b c");
}

TEST_F(http_server_test, answers_an_unknown_path_404_and_an_unknown_method_405) {
  server_.route("GET", "/a", [](const http_request&) { return http_response{}; });
  start();
  const auto unknown = get("/b");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(error_of(unknown), "");
  const auto method = post("/a", "{}");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.get_header_value("Allow"), "GET");
  EXPECT_EQ(get("/a/").status, 404);
}

TEST_F(http_server_test, goes_on_after_a_handler_that_throws) {
  server_.route("GET", "/a",
                [](const http_request&) -> http_response { throw std::runtime_error{"secret"}; });
  start();
  const auto came = get("/a");
  EXPECT_EQ(came.status, 500);
  EXPECT_EQ(error_of(came), "internal error");
  EXPECT_EQ(get("/a").status, 500);
}

TEST_F(http_server_test, refuses_a_body_beyond_its_bound_and_serves_the_next) {
  server_.route("POST", "/a", [](const http_request& request) {
    http_response made;
    made.body = std::to_string(request.body.size());
    return made;
  });
  start();
  EXPECT_EQ(post("/a", std::string((1U << 20U) + 1, 'x')).status, 413);
  EXPECT_EQ(post("/a", std::string(1U << 20U, 'x')).body, "1048576");
  auto chunked = client_->Post(
    "/a",
    [](std::size_t offset, httplib::DataSink& sink) {
      const std::string part(64U << 10U, 'x');
      if (offset > (2U << 20U)) {
        sink.done();
        return true;
      }
      return sink.write(part.data(), part.size());
    },
    "text/plain");
  if (chunked) { // The server may close before the client has sent all of it.
    EXPECT_EQ(chunked->status, 413);
  }
  EXPECT_EQ(post("/a", "x").body, "1");
}

TEST_F(http_server_test, takes_a_form_type_as_any_other_body) {
  // What `curl -d @file` sends.
  server_.route("POST", "/a", [](const http_request& request) {
    http_response made;
    made.body = std::to_string(request.body.size()) + " " + std::to_string(request.query.size());
    return made;
  });
  start();
  EXPECT_EQ(post("/a", std::string(100'000, 'x'), "application/x-www-form-urlencoded").body,
            "100000 0");
}

TEST_F(http_server_test, takes_a_post_without_a_body_at_once) {
  server_.route("POST", "/a", [](const http_request& request) {
    http_response made;
    made.body = std::to_string(request.body.size());
    return made;
  });
  const auto port = server_.start("127.0.0.1", 0);
  ASSERT_TRUE(port);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(*port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  constexpr std::string_view request = "POST /a HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto before = std::chrono::steady_clock::now();
  ASSERT_EQ(::send(socket, request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  std::array<char, 4096> in{};
  const auto size = ::recv(socket, in.data(), in.size(), 0);
  ::close(socket);
  ASSERT_GT(size, 0);
  EXPECT_NE(std::string(in.data(), static_cast<std::size_t>(size)).find("200 OK"),
            std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 4s) << "it did not wait for a body";
}

TEST_F(http_server_test, streams_a_body_in_parts) {
  server_.route("GET", "/a", [](const http_request&) {
    http_response made;
    made.content_type = "text/plain";
    made.next_part = [left = 1000]() mutable -> result<std::string> {
      return left-- > 0 ? std::string(1000, 'x') : std::string{};
    };
    return made;
  });
  start();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(get("/a").body.size(), 1'000'000U);
}

TEST_F(http_server_test, breaks_the_connection_when_a_part_fails) {
  server_.route("GET", "/a", [](const http_request&) {
    http_response made;
    made.next_part = [left = 10]() mutable -> result<std::string> {
      if (left-- > 0)
        return std::string(100'000, 'x');
      return fail(error::internal("no more"));
    };
    return made;
  });
  start();
  EXPECT_FALSE(client_->Get("/a")) << "a part was taken for the whole";
}

TEST_F(http_server_test, keeps_a_connection_for_many_requests) {
  server_.route("GET", "/a", [](const http_request&) { return http_response{}; });
  start();
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(get("/a").status, 200);
  EXPECT_TRUE(client_->is_socket_open());
}

TEST_F(http_server_test, stops_at_once_though_a_connection_is_kept_alive) {
  server_.route("GET", "/a", [](const http_request&) { return http_response{}; });
  start();
  EXPECT_EQ(get("/a").status, 200);
  const auto before = std::chrono::steady_clock::now();
  server_.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 4s) << "the keep-alive time is 10 s";
}

TEST_F(http_server_test, refuses_a_port_that_another_has) {
  const auto port = server_.start("127.0.0.1", 0);
  ASSERT_TRUE(port);
  http_server second;
  const auto refused = second.start("127.0.0.1", *port);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find(std::to_string(*port)), std::string::npos);
}

} // namespace
} // namespace sallyport
