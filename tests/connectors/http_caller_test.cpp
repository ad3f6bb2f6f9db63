#include "connectors/http/http_caller.hpp"

#include "engine/core/fault.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace sallyport::http {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;

/// Gathers the answers of tries and waits for them.
class answers {
public:
  std::function<void(call_answer)> taker() {
    return [this](call_answer came) {
      std::lock_guard lock{guard_};
      came_.push_back(std::move(came));
      changed_.notify_all();
    };
  }

  std::vector<call_answer> wait_for(std::size_t count) {
    std::unique_lock lock{guard_};
    EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return came_.size() >= count; }));
    return came_;
  }

private:
  std::mutex guard_;
  std::condition_variable changed_;
  std::vector<call_answer> came_;
};

/// A gate that handlers of a peer wait at.
class gate {
public:
  void wait() {
    std::unique_lock lock{guard_};
    ++waiting_;
    changed_.notify_all();
    changed_.wait_for(lock, patience, [&] { return open_; });
    --waiting_;
  }
  void open() {
    std::lock_guard lock{guard_};
    open_ = true;
    changed_.notify_all();
  }
  bool wait_for_waiting(int count) {
    std::unique_lock lock{guard_};
    return changed_.wait_for(lock, patience, [&] { return waiting_ >= count; });
  }

private:
  std::mutex guard_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

class peer {
public:
  peer() {
    server.new_task_queue = [] { return new httplib::ThreadPool(64); };
    server.set_keep_alive_max_count(1'000'000);
    server.set_keep_alive_timeout(1);
    server.set_tcp_nodelay(true);
    port_ = server.bind_to_any_port("127.0.0.1");
  }
  ~peer() {
    server.stop();
    if (thread_.joinable())
      thread_.join();
  }
  std::string serve() {
    thread_ = std::thread{[this] { server.listen_after_bind(); }};
    while (!server.is_running())
      std::this_thread::yield();
    return url();
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  httplib::Server server;

private:
  int port_ = 0;
  std::thread thread_;
};

/// A socket that listens and does what a test says with each connection.
class raw_peer {
public:
  raw_peer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~raw_peer() { close_all(); }
  void listen() { EXPECT_EQ(::listen(socket_, 16), 0); }
  [[nodiscard]] int accept() const { return ::accept(socket_, nullptr, nullptr); }
  void close_all() {
    if (socket_ >= 0) {
      ::shutdown(socket_, SHUT_RDWR);
      ::close(socket_);
    }
    socket_ = -1;
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
  int socket_;
  int port_ = 0;
};

std::unique_ptr<http_caller> caller_of(caller_options options) {
  auto made = http_caller::make(std::move(options));
  EXPECT_TRUE(made) << made.error().what;
  return std::move(*made);
}

std::unique_ptr<http_caller> caller_of(const std::string& url) {
  caller_options options;
  options.url = url;
  return caller_of(std::move(options));
}

caller::attempt attempt(std::string method, std::string path, std::string body = {}) {
  caller::attempt one;
  one.request.method = std::move(method);
  one.request.path = std::move(path);
  one.request.body = std::move(body);
  one.idempotency_key = "key-1";
  one.timeout = 10s;
  return one;
}

call_answer make_one(http_caller& with, caller::attempt one) {
  answers came;
  with.start(std::move(one), came.taker());
  return came.wait_for(1).front();
}

TEST(http_caller, hands_over_status_headers_and_body_as_they_came) {
  peer other;
  other.server.Put(R"(/base/cases/(\d+))", [](const httplib::Request& in, httplib::Response& out) {
    out.status = 409;
    out.set_header("X-Reason", " already there ");
    out.set_content(in.body + in.get_param_value("q"), "text/plain");
  });
  auto calls = caller_of(other.serve() + "/base/");
  const auto came = make_one(*calls, attempt("PUT", "/cases/7?q=%26x", "body"));
  EXPECT_EQ(came.status, 409);
  EXPECT_EQ(came.body, "body&x");
  EXPECT_EQ(find_header(came.headers, "x-reason"), "already there");
  EXPECT_FALSE(came.never_sent);
  EXPECT_EQ(came.error, "");
}

TEST(http_caller, sends_the_idempotency_key_with_everything_but_a_get) {
  peer other;
  std::mutex guard;
  std::vector<std::string> seen;
  const auto note = [&](const httplib::Request& in, httplib::Response&) {
    std::lock_guard lock{guard};
    seen.push_back(in.method + " " + in.get_header_value("Idempotency-Key") + " " +
                   in.get_header_value("Content-Type") + " " + in.get_header_value("X-Mine") + " " +
                   in.get_header_value("Content-Length") + " " + in.get_header_value("User-Agent"));
  };
  other.server.Get("/", note);
  other.server.Post("/", note);
  other.server.Delete("/", note);
  other.server.Patch("/", note);
  auto calls = caller_of(other.serve());
  auto post = attempt("POST", "/", "{}");
  post.request.headers = {{"X-Mine", "yes"}, {"idempotency-key", "not this"}};
  auto patch = attempt("PATCH", "/", "a");
  patch.request.headers = {{"content-type", "text/csv"}};
  for (const auto& one :
       {attempt("GET", "/"), post, attempt("DELETE", "/"), patch, attempt("POST", "/")})
    EXPECT_EQ(make_one(*calls, one).status, 200);
  EXPECT_EQ(seen, (std::vector<std::string>{
                    "GET     sallyport", "POST key-1 application/json yes 2 sallyport",
                    "DELETE key-1    sallyport", "PATCH key-1 text/csv  1 sallyport",
                    "POST key-1   0 sallyport"}));
}

TEST(http_caller, uses_one_connection_for_calls_that_follow_each_other) {
  peer other;
  std::mutex guard;
  std::set<int> ports;
  other.server.Get("/", [&](const httplib::Request& in, httplib::Response&) {
    std::lock_guard lock{guard};
    ports.insert(in.remote_port);
  });
  auto calls = caller_of(other.serve());
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(make_one(*calls, attempt("GET", "/")).status, 200);
  EXPECT_EQ(ports.size(), 1U);
}

TEST(http_caller, has_no_more_calls_under_way_than_its_limit) {
  peer other;
  gate stand;
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  other.server.Get("/", [&](const httplib::Request&, httplib::Response&) {
    const int mine = ++now;
    for (int seen = most; seen < mine && !most.compare_exchange_weak(seen, mine);) {
    }
    stand.wait();
    --now;
  });
  caller_options options;
  options.url = other.serve();
  options.concurrency = 3;
  auto calls = caller_of(options);
  answers came;
  for (int i = 0; i < 20; ++i)
    calls->start(attempt("GET", "/"), came.taker());
  ASSERT_TRUE(stand.wait_for_waiting(3));
  const auto load = calls->current_load();
  EXPECT_EQ(load.in_flight, 3U);
  EXPECT_EQ(load.queued, 17U);
  EXPECT_EQ(load.limit, 3U);
  stand.open();
  EXPECT_EQ(came.wait_for(20).size(), 20U);
  EXPECT_EQ(most, 3);
}

TEST(http_caller, lets_first_tries_go_before_repeated_ones) {
  peer other;
  gate stand;
  std::mutex guard;
  std::string order;
  other.server.Get("/(.)", [&](const httplib::Request& in, httplib::Response&) {
    {
      std::lock_guard lock{guard};
      order += in.matches[1].str();
    }
    stand.wait();
  });
  caller_options options;
  options.url = other.serve();
  options.concurrency = 1;
  auto calls = caller_of(options);
  answers came;
  const auto start = [&](const char* path, bool first) {
    auto one = attempt("GET", path);
    one.first_try = first;
    calls->start(one, came.taker());
  };
  start("/0", true);
  ASSERT_TRUE(stand.wait_for_waiting(1));
  start("/x", false);
  start("/y", false);
  start("/1", true);
  start("/2", true);
  stand.open();
  came.wait_for(5);
  EXPECT_EQ(order, "012xy");
}

TEST(http_caller, says_that_a_refused_connection_sent_nothing) {
  raw_peer nobody; // Bound, so that no other process takes the port, and not listening.
  auto calls = caller_of(nobody.url() + "/secret-base");
  const auto came = make_one(*calls, attempt("POST", "/people/A1234BC?name=Smith", "{}"));
  EXPECT_EQ(came.status, 0);
  EXPECT_TRUE(came.never_sent);
  EXPECT_NE(came.error.find(nobody.url()), std::string::npos) << came.error;
  EXPECT_EQ(came.error.find("A1234BC"), std::string::npos) << came.error;
  EXPECT_EQ(came.error.find("Smith"), std::string::npos) << came.error;
}

TEST(http_caller, says_that_an_unknown_host_was_sent_nothing) {
  auto calls = caller_of("http://no-such-host.invalid");
  const auto came = make_one(*calls, attempt("POST", "/", "{}"));
  EXPECT_EQ(came.status, 0);
  EXPECT_TRUE(came.never_sent);
}

TEST(http_caller, says_that_a_connection_that_did_not_come_in_time_sent_nothing) {
  raw_peer other;
  other.listen();
  caller_options options;
  options.url = "https" + other.url().substr(4); // The handshake of TLS is never answered.
  options.connect_timeout = 50ms;
  auto calls = caller_of(options);
  const auto came = make_one(*calls, attempt("POST", "/", "{}"));
  EXPECT_EQ(came.status, 0);
  EXPECT_TRUE(came.never_sent) << came.error;
}

TEST(http_caller, ends_a_try_without_an_answer_after_its_timeout) {
  peer other;
  gate stand;
  other.server.Post("/", [&](const httplib::Request&, httplib::Response&) { stand.wait(); });
  auto calls = caller_of(other.serve());
  auto one = attempt("POST", "/?name=Smith", "{}");
  one.timeout = 50ms;
  const auto came = make_one(*calls, one);
  stand.open();
  EXPECT_EQ(came.status, 0);
  EXPECT_FALSE(came.never_sent);
  EXPECT_NE(came.error, "");
  EXPECT_EQ(came.error.find("Smith"), std::string::npos);
}

/// Answers the first request of a connection and closes it at the second, unanswered, as a peer
/// does that dies at work.
class dying_peer {
public:
  dying_peer() {
    socket_.listen();
    thread_ = std::thread{[this] { serve(); }};
  }
  ~dying_peer() {
    socket_.close_all();
    thread_.join();
  }
  [[nodiscard]] std::string url() const { return socket_.url(); }
  std::atomic<int> requests{0};

private:
  void serve() {
    for (int connection; (connection = socket_.accept()) >= 0;) {
      std::array<char, 4096> in{};
      for (int turn = 0; turn < 2; ++turn) {
        if (::recv(connection, in.data(), in.size(), 0) <= 0)
          break;
        ++requests;
        constexpr std::string_view out = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        if (turn == 0)
          (void) ::send(connection, out.data(), out.size(), MSG_NOSIGNAL);
      }
      ::close(connection);
    }
  }
  raw_peer socket_;
  std::thread thread_;
};

TEST(http_caller, does_not_repeat_a_call_with_an_effect_when_a_pooled_connection_dies) {
  dying_peer other;
  auto calls = caller_of(other.url());
  EXPECT_EQ(make_one(*calls, attempt("POST", "/")).status, 200);
  const auto came = make_one(*calls, attempt("POST", "/"));
  EXPECT_EQ(came.status, 0);
  EXPECT_FALSE(came.never_sent) << "the peer has seen it";
  EXPECT_EQ(other.requests, 2);
}

TEST(http_caller, repeats_a_read_when_a_pooled_connection_dies) {
  dying_peer other;
  auto calls = caller_of(other.url());
  EXPECT_EQ(make_one(*calls, attempt("GET", "/")).status, 200);
  EXPECT_EQ(make_one(*calls, attempt("GET", "/")).status, 200);
  EXPECT_EQ(other.requests, 3);
}

TEST(http_caller, takes_no_answer_that_is_longer_than_its_bound) {
  peer other;
  other.server.Get("/", [](const httplib::Request&, httplib::Response& out) {
    out.set_content(std::string(2000, 'x'), "text/plain");
  });
  caller_options options;
  options.url = other.serve();
  options.reply_bytes_max = 1999;
  auto calls = caller_of(options);
  const auto came = make_one(*calls, attempt("GET", "/"));
  EXPECT_EQ(came.status, 0);
  EXPECT_NE(came.error.find("reply_bytes_max"), std::string::npos);
  EXPECT_EQ(came.body, "");
}

TEST(http_caller, refuses_headers_paths_and_methods_that_would_smuggle_something_in) {
  peer other;
  std::atomic<int> seen{0};
  other.server.set_pre_routing_handler([&](const httplib::Request&, httplib::Response&) {
    ++seen;
    return httplib::Server::HandlerResponse::Handled;
  });
  auto calls = caller_of(other.serve());
  auto broken_header = attempt("GET", "/");
  broken_header.request.headers = {{"X", "a\r\nY: b"}};
  for (const auto& one : {broken_header, attempt("GET", "@elsewhere.example/"),
                          attempt("GET / HTTP/1.1", "/"), attempt("GET", "/a b\r\nX: y")}) {
    const auto came = make_one(*calls, one);
    EXPECT_EQ(came.status, 0);
    EXPECT_TRUE(came.never_sent) << came.error;
  }
  EXPECT_EQ(seen, 0);
}

TEST(http_caller, ends_waiting_tries_at_once_and_others_in_time_when_it_is_stopped) {
  peer other;
  gate stand;
  other.server.Post("/", [&](const httplib::Request&, httplib::Response&) { stand.wait(); });
  caller_options options;
  options.url = other.serve();
  options.concurrency = 1;
  auto calls = caller_of(options);
  answers came;
  calls->start(attempt("POST", "/"), came.taker());
  ASSERT_TRUE(stand.wait_for_waiting(1));
  calls->start(attempt("POST", "/"), came.taker());
  calls->stop(100ms);
  const auto all = came.wait_for(2);
  ASSERT_EQ(all.size(), 2U) << "stop returns when all is answered";
  EXPECT_TRUE(all[0].never_sent) << "it waited for a place";
  EXPECT_FALSE(all[1].never_sent) << "it was under way";
  EXPECT_EQ(all[1].status, 0);
  calls->start(attempt("POST", "/"), came.taker());
  EXPECT_TRUE(came.wait_for(3)[2].never_sent) << "nothing starts after a stop";
  stand.open();
}

TEST(http_caller, gives_a_try_under_way_its_answer_when_it_comes_before_the_stop_is_over) {
  peer other;
  gate stand;
  other.server.Post("/", [&](const httplib::Request&, httplib::Response&) { stand.wait(); });
  auto calls = caller_of(other.serve());
  answers came;
  calls->start(attempt("POST", "/"), came.taker());
  ASSERT_TRUE(stand.wait_for_waiting(1));
  std::thread opener{[&] { stand.open(); }};
  calls->stop(patience);
  opener.join();
  EXPECT_EQ(came.wait_for(1)[0].status, 200);
}

TEST(http_caller, passes_the_named_steps_of_a_call) {
  peer other;
  std::atomic<int> seen{0};
  other.server.Post("/", [&](const httplib::Request&, httplib::Response&) { ++seen; });
  auto calls = caller_of(other.serve());
  ASSERT_TRUE(fault::arm("call.before:fail"));
  auto came = make_one(*calls, attempt("POST", "/"));
  EXPECT_EQ(came.status, 0);
  EXPECT_TRUE(came.never_sent);
  EXPECT_EQ(seen, 0);
  ASSERT_TRUE(fault::arm("call.sent:fail"));
  came = make_one(*calls, attempt("POST", "/"));
  EXPECT_EQ(came.status, 0);
  EXPECT_FALSE(came.never_sent);
  EXPECT_EQ(seen, 1);
  ASSERT_TRUE(fault::arm(""));
  EXPECT_EQ(make_one(*calls, attempt("POST", "/")).status, 200);
}

TEST(http_caller, refuses_addresses_that_are_none) {
  for (const char* url : {"", "ftp://a", "a b", "http://a/?q=1", "http://"}) {
    caller_options options;
    options.url = url;
    EXPECT_FALSE(http_caller::make(options)) << url;
  }
}

// -- tokens
// -----------------------------------------------------------------------------------------

/// A peer with a token endpoint that counts.
class guarded_peer {
public:
  guarded_peer() {
    other.server.Post("/oauth/token", [this](const httplib::Request& in, httplib::Response& out) {
      {
        std::lock_guard lock{guard};
        authorization = in.get_header_value("Authorization");
        form = in.get_param_value("grant_type") + " " + in.get_param_value("scope");
      }
      const int number = ++fetches;
      if (hold_fetches)
        stand.wait();
      out.status = token_status;
      out.set_content(token_status == 200
                        ? R"({"access_token":"t)" + std::to_string(number) +
                            R"(","token_type":"bearer","expires_in":)" + expires_in + "}"
                        : "no",
                      "application/json");
    });
    other.server.Get("/", [this](const httplib::Request& in, httplib::Response& out) {
      const auto token = in.get_header_value("Authorization");
      out.status = token == "Bearer " + std::string{refused} ? 401 : 200;
      out.set_content(token, "text/plain");
    });
    options.url = other.serve();
    options.auth = auth_options{options.url + "/oauth/token", "me/you", "s:e c", "read write"};
  }

  peer other;
  caller_options options;
  gate stand;
  std::mutex guard;
  std::string authorization;
  std::string form;
  std::atomic<int> fetches{0};
  std::atomic<int> token_status{200};
  std::atomic<bool> hold_fetches{false};
  std::string expires_in = "3600";
  std::string refused;
};

TEST(http_caller_token, is_fetched_once_for_all_who_wait_and_kept) {
  guarded_peer guarded;
  guarded.hold_fetches = true;
  auto calls = caller_of(guarded.options);
  answers came;
  for (int i = 0; i < 40; ++i)
    calls->start(attempt("GET", "/"), came.taker());
  ASSERT_TRUE(guarded.stand.wait_for_waiting(1));
  guarded.stand.open();
  for (const auto& one : came.wait_for(40))
    EXPECT_EQ(one.body, "Bearer t1");
  EXPECT_EQ(guarded.fetches, 1);
  EXPECT_EQ(guarded.form, "client_credentials read write");
  EXPECT_EQ(guarded.authorization, "Basic bWUlMkZ5b3U6cyUzQWUlMjBj")
    << "each part in the encoding of forms, then both as base64";
}

TEST(http_caller_token, is_dropped_by_a_401_which_the_try_ends_with) {
  guarded_peer guarded;
  guarded.refused = "t1";
  auto calls = caller_of(guarded.options);
  EXPECT_EQ(make_one(*calls, attempt("GET", "/")).status, 401);
  EXPECT_EQ(guarded.fetches, 1);
  EXPECT_EQ(make_one(*calls, attempt("GET", "/")).body, "Bearer t2");
  EXPECT_EQ(make_one(*calls, attempt("GET", "/")).body, "Bearer t2");
  EXPECT_EQ(guarded.fetches, 2);
}

TEST(http_caller_token, that_is_over_at_once_still_serves_who_waited_for_it) {
  guarded_peer guarded;
  guarded.expires_in = "0";
  auto calls = caller_of(guarded.options);
  EXPECT_EQ(make_one(*calls, attempt("GET", "/")).body, "Bearer t1");
}

TEST(http_caller_token, that_cannot_be_fetched_ends_all_who_wait_as_never_sent) {
  guarded_peer guarded;
  guarded.token_status = 500;
  auto calls = caller_of(guarded.options);
  answers came;
  for (int i = 0; i < 3; ++i)
    calls->start(attempt("GET", "/"), came.taker());
  for (const auto& one : came.wait_for(3)) {
    EXPECT_EQ(one.status, 0);
    EXPECT_TRUE(one.never_sent);
    EXPECT_NE(one.error.find("token endpoint " + guarded.options.url), std::string::npos)
      << one.error;
    EXPECT_EQ(one.error.find("s:e c"), std::string::npos);
  }
  guarded.token_status = 200;
  EXPECT_EQ(make_one(*calls, attempt("GET", "/")).status, 200) << "the next try asks again";
}

TEST(http_caller_token, endpoint_that_is_down_is_named) {
  guarded_peer guarded;
  raw_peer nobody;
  guarded.options.auth->token_url = nobody.url() + "/oauth/token?realm=x";
  auto calls = caller_of(guarded.options);
  const auto came = make_one(*calls, attempt("GET", "/"));
  EXPECT_TRUE(came.never_sent);
  EXPECT_NE(came.error.find(nobody.url()), std::string::npos) << came.error;
  EXPECT_EQ(came.error.find("realm"), std::string::npos) << came.error;
}

} // namespace
} // namespace sallyport::http
