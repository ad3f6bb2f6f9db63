// The simulator over real sockets, and the program itself.

#include "tools/simulator/simulator.hpp"

#include <gtest/gtest.h>
#include <httplib.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace sallyport::simulator {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using steady = std::chrono::steady_clock;

class served {
public:
  explicit served(simulator_options options = {}) {
    auto made = simulator::make(std::move(options), clock_);
    EXPECT_TRUE(made) << made.error();
    peers_ = std::move(*made);
    server_ = std::make_unique<http_server>([this](const auto& r) { return peers_->handle(r); });
    const auto port = server_->listen("127.0.0.1", 0);
    EXPECT_TRUE(port) << port.error();
    port_ = *port;
    thread_ = std::thread{[this] { server_->run(); }};
  }

  ~served() {
    server_->stop();
    thread_.join();
  }

  [[nodiscard]] httplib::Client client() const {
    httplib::Client one{"127.0.0.1", port_};
    one.set_keep_alive(true);
    one.set_tcp_nodelay(true);
    return one;
  }

  [[nodiscard]] httplib::Client logged_in() const {
    auto one = client();
    one.set_basic_auth("sallyport", "sallyport");
    const auto got = one.Post("/oauth/token", "grant_type=client_credentials",
                              "application/x-www-form-urlencoded");
    EXPECT_EQ(got->status, 200);
    auto fresh = client();
    fresh.set_bearer_token_auth(json::parse(got->body)["access_token"].get<std::string>());
    return fresh;
  }

  manual_clock clock_{wall_time{1'800'000'000'000ms}};
  std::uint16_t port_ = 0;

private:
  std::unique_ptr<simulator> peers_;
  std::unique_ptr<http_server> server_;
  std::thread thread_;
};

constexpr const char* booking = "/api/bookings/1000001?basicInfo=false&extraInfo=true";

std::vector<json> lines(const std::string& text) {
  std::vector<json> all;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    all.push_back(json::parse(line));
  return all;
}

simulator_options people(std::size_t count, double trouble = 0) {
  simulator_options options;
  options.people = {count, 7, trouble};
  return options;
}

TEST(simulator_test, a_request_without_a_good_token_gets_401) {
  served peers{people(3)};
  auto anonymous = peers.client();
  EXPECT_EQ(anonymous.Get(booking)->status, 401);
  EXPECT_EQ(anonymous.Post("/match", "{}", "application/json")->status, 401);
  EXPECT_EQ(anonymous.Get("/secure/offenders/crn/X1/convictions")->status, 401);
  EXPECT_EQ(anonymous.Get("/health/ping")->body, R"({"status":"UP"})");
  auto known = peers.logged_in();
  EXPECT_EQ(known.Get(booking)->status, 200);
  peers.clock_.advance(3'600s);
  EXPECT_EQ(known.Get(booking)->status, 401) << "expired";
  auto again = peers.logged_in();
  EXPECT_EQ(again.Get(booking)->status, 200);
  EXPECT_EQ(again.Delete("/simulator/tokens")->status, 200);
  EXPECT_EQ(again.Get(booking)->status, 401) << "taken back";
}

TEST(simulator_test, only_the_client_gets_a_token) {
  served peers{people(1)};
  auto client = peers.client();
  const auto ask = [&](const char* form) {
    return client.Post("/oauth/token", form, "application/x-www-form-urlencoded")->status;
  };
  EXPECT_EQ(ask("grant_type=client_credentials"), 401);
  client.set_basic_auth("sallyport", "wrong");
  EXPECT_EQ(ask("grant_type=client_credentials"), 401);
  client.set_basic_auth("sallyport", "sallyport");
  EXPECT_EQ(ask("grant_type=password"), 400);
  const auto got = client.Post("/oauth/token?grant_type=client_credentials", "", "text/plain");
  ASSERT_EQ(got->status, 200);
  EXPECT_EQ(json::parse(got->body)["expires_in"], 3'600);
}

TEST(simulator_test, paths_methods_and_roles_are_told_apart) {
  auto options = people(2);
  options.roles = {"ROLE_COMMUNITY"};
  served peers{options};
  auto client = peers.logged_in();
  EXPECT_EQ(client.Get("/api/unknown")->status, 404);
  EXPECT_EQ(client.Get("/nothing")->status, 404);
  EXPECT_EQ(client.Get("/match")->status, 405);
  EXPECT_EQ(client.Get("/api/bookings/x")->status, 400);
  EXPECT_EQ(client.Get("/api/bookings/999")->status, 404);
  EXPECT_EQ(client.Get("/api/bookings/1000001/movement/99")->status, 404);
  EXPECT_EQ(client.Get("/api/prisoners?offenderNo=NOBODY")->body, "[]");
  EXPECT_EQ(client.Put("/secure/offenders/crn/X1/nomsNumber", "{}", "application/json")->status,
            403);
  EXPECT_EQ(client.Get("/community-api/health/ping")->status, 200);
  EXPECT_EQ(client.Get(std::string{"/prison-api"} + booking)->status, 200);
  EXPECT_EQ(client.Post("/oauth/oauth/token", "", "text/plain")->status, 401);
}

/// The whole main path of one status change, by the calls of the service.
TEST(simulator_test, a_person_in_good_order_can_be_synced) {
  served peers{people(20)};
  auto client = peers.logged_in();
  const auto get = [&](const std::string& path) {
    const auto got = client.Get(path);
    EXPECT_EQ(got->status, 200) << path;
    return json::parse(got->body);
  };
  for (int i = 0; i < 20; ++i) {
    const auto id = std::to_string(1'000'001 + 2 * i);
    const auto found = get("/api/bookings/" + id);
    const auto detail = get("/api/bookings/" + id + "/sentenceDetail");
    const std::string number = found["offenderNo"];
    const auto prisoner = get("/api/prisoners?offenderNo=" + number)[0];
    const json question{{"firstName", found["firstName"]},
                        {"surname", found["lastName"]},
                        {"dateOfBirth", found["dateOfBirth"]},
                        {"nomsNumber", number},
                        {"activeSentence", true},
                        {"pncNumber", prisoner["pncNumber"]},
                        {"croNumber", prisoner["croNumber"]}};
    const auto matched =
      json::parse(client.Post("/match", question.dump(), "application/json")->body);
    ASSERT_EQ(matched["matches"].size(), 1U);
    const std::string crn = matched["matches"][0]["offender"]["otherIds"]["crn"];
    EXPECT_GE(get("/secure/offenders/crn/" + crn + "/convictions").size(), 1U);
    const auto put = [&](const std::string& path, const json& body) {
      return client.Put("/secure/offenders/" + path, body.dump(), "application/json")->status;
    };
    EXPECT_EQ(put("crn/" + crn + "/nomsNumber", {{"nomsNumber", number}}), 200);
    EXPECT_EQ(put("nomsNumber/" + number + "/custody/bookingNumber",
                  {{"sentenceStartDate", detail["sentenceStartDate"]},
                   {"bookingNumber", found["bookingNo"]}}),
              200);
    const std::string book = found["bookingNo"];
    EXPECT_EQ(put("nomsNumber/" + number + "/custody/bookingNumber/" + book,
                  {{"nomsPrisonInstitutionCode", found["agencyId"]}}),
              200);
    EXPECT_EQ(client
                .Post("/secure/offenders/nomsNumber/" + number + "/bookingNumber/" + book +
                        "/custody/keyDates",
                      R"({"sentenceExpiryDate":"2031-02-03"})", "application/json")
                ->status,
              200);
  }
  const auto state = json::parse(client.Get("/simulator/state")->body);
  EXPECT_EQ(state["people"].size(), 20U);
}

TEST(simulator_test, requests_are_recorded_in_order_and_can_be_selected) {
  served peers{people(2)};
  auto client = peers.logged_in();
  (void) client.Get(booking);
  (void) client.Put("/secure/offenders/crn/X/nomsNumber", {{"Idempotency-Key", "k-1"}},
                    R"({"nomsNumber":"A1"})", "application/json");
  const auto all = lines(client.Get("/simulator/requests")->body);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["peer"], "oauth");
  EXPECT_EQ(all[0]["body"], "");
  EXPECT_EQ(all[1]["path"], booking);
  EXPECT_EQ(all[1]["status"], 200);
  EXPECT_EQ(all[1]["idempotencyKey"], nullptr);
  EXPECT_EQ(all[2]["idempotencyKey"], "k-1");
  EXPECT_EQ(all[2]["body"], R"({"nomsNumber":"A1"})");
  EXPECT_EQ(all[2]["status"], 404);
  EXPECT_EQ(lines(client.Get("/simulator/requests?peer=community-api")->body).size(), 1U);
  EXPECT_EQ(lines(client.Get("/simulator/requests?from=1&limit=1")->body)[0]["sequence"], 1);
  EXPECT_EQ(client.Get("/simulator/requests?peer=nobody")->status, 400);
  EXPECT_EQ(client.Delete("/simulator/requests")->status, 200);
  EXPECT_EQ(client.Get("/simulator/requests")->body, "");
}

TEST(simulator_test, a_dropped_write_is_done_but_not_answered) {
  auto options = people(30);
  options.faults.push_back({{"peer", "community-api"}, {"drop", "100%"}});
  served peers{options};
  auto client = peers.logged_in();
  const auto state = json::parse(client.Get("/simulator/state")->body);
  std::set<int> statuses;
  for (const auto& person : state["people"]) {
    const auto path = "/secure/offenders/crn/" + person["crn"].get<std::string>() + "/nomsNumber";
    auto fresh = peers.logged_in(); // a client of its own, as a lost connection is tried again
    const auto got = fresh.Put(path, R"({"nomsNumber":"DROPPED"})", "application/json");
    statuses.insert(got ? got->status : 0);
  }
  EXPECT_EQ(statuses, (std::set<int>{0, 503}));
  const auto after = client.Get("/simulator/state")->body;
  EXPECT_NE(after.find("DROPPED"), std::string::npos);
  for (const auto& one : lines(client.Get("/simulator/requests?peer=community-api")->body))
    EXPECT_TRUE(one["status"] == 0 || one["status"] == 503);
}

TEST(simulator_test, an_injected_error_changes_nothing) {
  auto options = people(30);
  options.faults.push_back({{"peer", "community-api"}, {"errors", "100%"}});
  served peers{options};
  auto client = peers.logged_in();
  const auto before = client.Get("/simulator/state")->body;
  for (const auto& person : json::parse(before)["people"]) {
    const auto path = "/secure/offenders/crn/" + person["crn"].get<std::string>() + "/nomsNumber";
    EXPECT_GE(client.Put(path, R"({"nomsNumber":"A1"})", "application/json")->status, 500);
  }
  EXPECT_EQ(client.Get("/simulator/state")->body, before);
}

TEST(simulator_test, a_peer_is_taken_down_and_up_while_it_runs) {
  served peers{people(2)};
  auto client = peers.logged_in();
  const auto change = [&](const json& faults) {
    return client.Put("/simulator/faults", faults.dump(), "application/json")->status;
  };
  EXPECT_EQ(change({{"peer", "prison-api"}, {"status", 503}, {"retryAfter", 4}}), 200);
  const auto refused = client.Get(booking);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->get_header_value("Retry-After"), "4");
  EXPECT_EQ(client.Get("/prison-api/health/ping")->status, 503);
  EXPECT_EQ(client.Get("/community-api/health/ping")->status, 200);
  EXPECT_EQ(client.Get("/health/ping")->status, 503);
  EXPECT_EQ(change({{"peer", "prison-api"}, {"status", nullptr}}), 200);
  EXPECT_EQ(client.Get(booking)->status, 200);
  EXPECT_EQ(change({{"peer", "prison-api"}, {"status", "close"}, {"count", 2}}), 200);
  EXPECT_FALSE(client.Get(booking)) << "the client itself tries no second time";
  EXPECT_EQ(change({{"peer", "nobody"}, {"status", 503}}), 400);
}

TEST(simulator_test, a_peer_that_hangs_answers_nothing_and_holds_up_nobody) {
  served peers{people(2)};
  auto client = peers.logged_in();
  (void) client.Put("/simulator/faults", R"({"peer":"prison-api","status":"hang","count":1})",
                    "application/json");
  auto waiting = peers.logged_in();
  waiting.set_read_timeout(0, 50'000);
  EXPECT_FALSE(waiting.Get(booking));
  EXPECT_EQ(client.Get(booking)->status, 200);
}

TEST(simulator_test, late_answers_wait_side_by_side) {
  auto options = people(2);
  options.faults.push_back({{"peer", "prison-api"}, {"latency", "200ms±20"}});
  served peers{options};
  auto client = peers.logged_in();
  const auto begin = steady::now();
  std::vector<std::thread> callers;
  std::atomic<int> answered{0};
  for (int i = 0; i < 20; ++i)
    callers.emplace_back([&] {
      auto own = client.Get("/simulator/faults") ? peers.logged_in() : peers.client();
      answered += own.Get(booking)->status == 200;
    });
  for (auto& caller : callers)
    caller.join();
  EXPECT_EQ(answered, 20);
  EXPECT_GE(steady::now() - begin, 180ms);
  EXPECT_LT(steady::now() - begin, 2s) << "20 answers one after the other take 4 s";
}

TEST(simulator_test, a_reset_leads_back_to_the_start) {
  served peers{people(10)};
  auto client = peers.logged_in();
  const auto before = client.Get("/simulator/state")->body;
  const std::string crn = json::parse(before)["people"][0]["crn"];
  EXPECT_EQ(client
              .Put("/secure/offenders/crn/" + crn + "/nomsNumber", R"({"nomsNumber":"A1"})",
                   "application/json")
              ->status,
            200);
  (void) client.Put("/simulator/faults", R"({"peer":"all","status":503})", "application/json");
  EXPECT_NE(client.Get("/simulator/state")->body, before);
  EXPECT_EQ(client.Put("/simulator/reset", "", "application/json")->status, 200);
  EXPECT_EQ(client.Get("/simulator/state")->body, before);
  EXPECT_EQ(client.Get("/simulator/requests")->body, "");
  EXPECT_EQ(client.Get(booking)->status, 200);
}

TEST(simulator_test, stub_files_go_before_the_population) {
  const auto folder = std::filesystem::path{::testing::TempDir()} / "simulator_mappings";
  std::filesystem::create_directories(folder);
  std::ofstream{folder / "booking.json"} << R"({"request":{"method":"GET",
    "urlPath":"/api/bookings/1000001"},"response":{"status":200,
    "headers":{"Content-Type":"application/json","X-Stub":"yes"},
    "jsonBody":{"bookingId":1000001,"agencyId":null}}})";
  std::ofstream{folder / "prisoner.json"} << R"({"request":{"method":"GET",
    "url":"/api/prisoners?offenderNo=A5089DY"},"response":{"status":418,"body":"pong",
    "headers":{"Content-Type":"text/plain"}}})";
  auto options = people(2);
  options.mappings = folder;
  served peers{options};
  auto client = peers.logged_in();
  const auto got = client.Get(booking);
  EXPECT_EQ(got->body, R"({"bookingId":1000001,"agencyId":null})");
  EXPECT_EQ(got->get_header_value("X-Stub"), "yes");
  EXPECT_EQ(client.Get("/api/prisoners?offenderNo=A5089DY")->body, "pong");
  EXPECT_EQ(client.Get("/api/prisoners?offenderNo=OTHER")->body, "[]");
  EXPECT_EQ(client.Get("/api/bookings/1000001/sentenceDetail")->status, 200);
}

TEST(simulator_test, events_are_those_of_the_population) {
  auto options = people(50, 0.3);
  served peers{options};
  auto client = peers.client();
  const auto got = client.Get("/simulator/events?count=200&seed=5&poison=2")->body;
  std::string wanted;
  for (const auto& line : make_events(make_population(options.people), {200, 5, 2}))
    wanted += line + '\n';
  EXPECT_EQ(got, wanted);
  EXPECT_EQ(client.Get("/simulator/events?count=x")->status, 400);
}

// -- the server under odd clients
// -----------------------------------------------------------------------

class raw {
public:
  explicit raw(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    const timeval patience{5, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~raw() { ::close(socket_); }

  void send(const std::string& text) const {
    EXPECT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  /// All that comes until `end` was seen or the connection is closed.
  [[nodiscard]] std::string until(const std::string& end) const {
    std::string got;
    char chunk[4'096];
    while (got.find(end) == std::string::npos || end.empty()) {
      const auto count = ::recv(socket_, chunk, sizeof chunk, 0);
      if (count <= 0)
        break;
      got.append(chunk, static_cast<std::size_t>(count));
    }
    return got;
  }

private:
  int socket_;
};

struct echo_test : ::testing::Test {
  http_server server{[](const http_request& request) {
    http_answer answer;
    answer.body = request.method + ' ' + request.target + ' ' + request.body;
    answer.delay = request.target == "/late" ? 30ms : 0ms;
    return answer;
  }};
  std::uint16_t port = *server.listen("127.0.0.1", 0);
  std::thread thread{[this] { server.run(); }};
  ~echo_test() override {
    server.stop();
    thread.join();
  }
};

TEST_F(echo_test, pipelined_requests_are_answered_in_order) {
  raw client{port};
  client.send("GET /late HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto got = client.until("");
  EXPECT_LT(got.find("GET /late"), got.find("GET /next"));
  EXPECT_NE(got.find("GET /next"), std::string::npos);
}

TEST_F(echo_test, a_request_may_come_byte_by_byte) {
  raw client{port};
  for (const char c : std::string{"PUT /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"})
    client.send(std::string(1, c));
  EXPECT_NE(client.until("PUT /x hello").find("200 OK"), std::string::npos);
}

TEST_F(echo_test, a_chunked_body_is_put_together) {
  raw client{port};
  client.send("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n"
              "0\r\n\r\nGET /after HTTP/1.1\r\n\r\n");
  const auto got = client.until("GET /after");
  EXPECT_NE(got.find("POST /x abcde"), std::string::npos);
  EXPECT_NE(got.find("GET /after"), std::string::npos);
}

TEST_F(echo_test, a_client_that_waits_for_permission_gets_it) {
  raw client{port};
  client.send("PUT /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_NE(client.until("100 Continue\r\n\r\n").find("100 Continue"), std::string::npos);
  client.send("ok");
  EXPECT_NE(client.until("PUT /x ok").find("200 OK"), std::string::npos);
}

TEST_F(echo_test, what_is_no_request_gets_400_and_the_connection_is_closed) {
  for (const char* text :
       {"nonsense\r\n\r\n", "GET / SMTP\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    raw client{port};
    client.send(text);
    EXPECT_NE(client.until("").find("400 Bad Request"), std::string::npos) << text;
  }
  raw client{port};
  client.send("PUT / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n");
  EXPECT_NE(client.until("").find("413"), std::string::npos);
}

TEST_F(echo_test, five_thousand_requests_a_second_are_no_burden) {
  raw client{port};
  constexpr int count = 5'000;
  const auto begin = steady::now();
  for (int i = 0; i < count; ++i) {
    client.send("GET /x HTTP/1.1\r\n\r\n");
    ASSERT_NE(client.until("GET /x ").find("200 OK"), std::string::npos);
  }
  EXPECT_LT(steady::now() - begin, 10s) << "a bound for a slow and busy machine";
}

// -- the program
// ----------------------------------------------------------------------------------------

TEST(program_test, it_says_where_it_listens_and_ends_on_sigterm_with_0) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const auto child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl(SALLYPORT_BINARY_DIR "/sallyport_simulator", "sallyport_simulator", "--people", "5",
            "--latency", "1ms±1", "--down", "oauth=502", nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string line;
  for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';)
    line += c;
  ::close(ends[0]);
  const std::string url = json::parse(line)["url"];
  httplib::Client client{url};
  EXPECT_EQ(client.Post("/oauth/token", "", "text/plain")->status, 502);
  EXPECT_EQ(json::parse(client.Get("/simulator/state")->body)["people"].empty(), false);
  ::kill(child, SIGTERM);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

} // namespace
} // namespace sallyport::simulator
