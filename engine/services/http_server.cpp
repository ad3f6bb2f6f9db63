#include "engine/services/http_server.hpp"

#include "engine/core/assert.hpp"
#include "engine/observe/log.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace sallyport {

namespace {

/// Set by a handler that did not read all of its request: what is left is not the next one.
thread_local bool close_after_this = false;

int milliseconds(duration of) { return static_cast<int>(of.count()); }

/// One connection as httplib wants it, with buffers both ways: httplib reads lines byte by byte and
/// writes head and body apart.
class connection final : public httplib::Stream {
public:
  connection(socket_t socket, int stop_event, const http_server::limits& limits,
             tls_identity* identity)
    : socket_(socket), stop_event_(stop_event), limits_(limits) {
    name_of(::getpeername, remote_ip_, remote_port_);
    name_of(::getsockname, local_ip_, local_port_);
    if (identity == nullptr)
      return;
    context_ = identity->context();
    tls_.reset(SSL_new(context_.get()));
    // A read or write of the socket has a timeout (httplib sets it), so none of these stays long.
    if (tls_ == nullptr || SSL_set_fd(tls_.get(), socket_) != 1 || SSL_accept(tls_.get()) != 1) {
      ERR_clear_error();
      broken_ = true;
    }
  }
  ~connection() override {
    if (tls_ && !broken_)
      (void) SSL_shutdown(tls_.get());
    ::shutdown(socket_, SHUT_RDWR);
    ::close(socket_);
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Waits for the first byte of a request. @returns false when it is time to close
  [[nodiscard]] bool wait_for_request() {
    if (broken_)
      return false;
    if (has_input())
      return next_ < input_size_ || fill();
    std::array<pollfd, 2> watched{pollfd{socket_, POLLIN, 0}, pollfd{stop_event_, POLLIN, 0}};
    const int ready = ::poll(watched.data(), watched.size(), milliseconds(limits_.keep_alive));
    return ready > 0 && watched[1].revents == 0 && fill();
  }

  /// Says that no more is sent and lets the other side end what it is sending: closed with bytes
  /// unread, a connection is reset, and our answer lost with it.
  void linger() {
    if (tls_ && !broken_)
      (void) SSL_shutdown(tls_.get());
    (void) ::shutdown(socket_, SHUT_WR);
    const auto until = std::chrono::steady_clock::now() + linger_max;
    while (std::chrono::steady_clock::now() < until && ready(POLLIN, linger_max) && fill()) {
    }
  }

  [[nodiscard]] bool flush() {
    std::string_view rest = output_;
    while (!rest.empty()) {
      if (!is_writable())
        return false;
      const auto sent = send_some(rest);
      if (sent <= 0)
        return false;
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    output_.clear();
    return true;
  }

  [[nodiscard]] bool is_readable() const override {
    return has_input() || ready(POLLIN, limits_.read_timeout);
  }
  [[nodiscard]] bool is_writable() const override { return ready(POLLOUT, limits_.write_timeout); }

  ssize_t read(char* to, std::size_t size) override {
    if (next_ == input_size_) {
      // The other side may wait for what we have said ("100 Continue") before it goes on.
      if (!flush() || !is_readable())
        return -1;
      if (!fill())
        return 0;
    }
    const std::size_t taken = std::min(size, input_size_ - next_);
    std::copy_n(input_.data() + next_, taken, to);
    next_ += taken;
    return static_cast<ssize_t>(taken);
  }

  ssize_t write(const char* from, std::size_t size) override {
    output_.append(from, size);
    if (output_.size() >= output_bytes_max && !flush())
      return -1;
    return static_cast<ssize_t>(size);
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = remote_ip_;
    port = remote_port_;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip = local_ip_;
    port = local_port_;
  }
  [[nodiscard]] socket_t socket() const override { return socket_; }

private:
  static constexpr duration linger_max{1'000};
  static constexpr std::size_t output_bytes_max = 64U << 10U;

  [[nodiscard]] bool ready(short event, duration within) const {
    pollfd watched{socket_, event, 0};
    int got = 0;
    do
      got = ::poll(&watched, 1, milliseconds(within));
    while (got < 0 && errno == EINTR);
    return got > 0;
  }

  /// Read and not taken yet, here or by OpenSSL.
  [[nodiscard]] bool has_input() const {
    return next_ < input_size_ || (tls_ && SSL_pending(tls_.get()) > 0);
  }

  [[nodiscard]] bool fill() {
    const auto got = receive_some();
    next_ = 0;
    input_size_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    return got > 0;
  }

  [[nodiscard]] ssize_t receive_some() {
    ssize_t got = 0;
    if (tls_)
      got = outcome_of(SSL_read(tls_.get(), input_.data(), static_cast<int>(input_.size())));
    else
      do
        got = ::recv(socket_, input_.data(), input_.size(), 0);
      while (got < 0 && errno == EINTR);
    return got;
  }

  [[nodiscard]] ssize_t send_some(std::string_view text) {
    ssize_t sent = 0;
    if (tls_)
      sent = outcome_of(SSL_write(tls_.get(), text.data(), static_cast<int>(text.size())));
    else
      do
        sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      while (sent < 0 && errno == EINTR);
    return sent;
  }

  /// After an error nothing more may be said over TLS, and it must not be taken for the next one's.
  int outcome_of(int done) {
    broken_ = broken_ || (done <= 0 && SSL_get_error(tls_.get(), done) != SSL_ERROR_ZERO_RETURN);
    ERR_clear_error();
    return done;
  }

  template <class Ask>
  void name_of(Ask ask, std::string& ip, int& port) const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (ask(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      return;
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> service{};
    if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(),
                      service.data(), service.size(), NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
      ip = host.data();
      port = std::atoi(service.data());
    }
  }

  struct tls_end {
    void operator()(SSL* of) const { SSL_free(of); }
  };

  socket_t socket_;
  int stop_event_;
  const http_server::limits& limits_;
  std::shared_ptr<ssl_ctx_st> context_;
  std::unique_ptr<SSL, tls_end> tls_; ///< none: plain HTTP
  bool broken_ = false;
  std::array<char, 16U << 10U> input_{};
  std::size_t next_ = 0;
  std::size_t input_size_ = 0;
  std::string output_;
  std::string remote_ip_;
  std::string local_ip_;
  int remote_port_ = 0;
  int local_port_ = 0;
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  const int letter = (c | 0x20) - 'a';
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    out.push_back(low >= 0 ? static_cast<char>(high * 16 + low) : text[i]);
    i += low >= 0 ? 2 : 0;
  }
  return out;
}

/// Splits before it decodes, so that a segment may hold a slash.
std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(path.front() == '/' ? 1 : 0);
    const auto end = path.find('/');
    segments.push_back(percent_decoded(path.substr(0, end)));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  }
  return segments;
}

bool announces_body(const httplib::Request& request) {
  return request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

} // namespace

std::optional<std::string_view> http_request::parameter(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::nullopt : std::optional<std::string_view>{found->second};
}

query_parameters parse_query(std::string_view text) {
  query_parameters all;
  httplib::detail::parse_query_text(std::string{text}, all);
  return all;
}

http_response error_response(int status, std::string_view what) {
  http_response made;
  made.status = status;
  made.body =
    nlohmann::json{{"error", what}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
    "\n";
  return made;
}

http_response error_response(const error& why) {
  switch (why.code) {
  case errc::not_found: return error_response(404, why.what);
  case errc::already_exists: return error_response(409, why.what);
  default: break;
  }
  switch (why.domain) {
  case error_domain::user:
  case error_domain::data: return error_response(400, why.what);
  case error_domain::external: return error_response(503, why.what);
  case error_domain::internal:
    return error_response(why.retry == retry_hint::backoff ? 503 : 500, why.what);
  }
  return error_response(500, why.what);
}

// -- the listener
// -----------------------------------------------------------------------------------

class http_server::listener final : public httplib::Server {
public:
  explicit listener(limits with)
    : limits_(std::move(with)), stop_event_(::eventfd(0, EFD_CLOEXEC)) {
    SALLYPORT_ASSERT(stop_event_ >= 0);
    new_task_queue = [threads = limits_.threads] { return new httplib::ThreadPool(threads); };
    set_tcp_nodelay(true);
    set_payload_max_length(limits_.body_bytes_max);
    // Not SO_REUSEPORT, which is the default: a second instance would share the port unnoticed.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      (void) ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    const auto whole = [this](const httplib::Request& in, httplib::Response& out) {
      // A body where none is expected is left unread.
      close_after_this = announces_body(in) && in.get_header_value("Content-Length") != "0";
      if (auto good = admit(in, out))
        give(run(*good->chosen, good->request), out);
    };
    const auto reading = [this](const httplib::Request& in, httplib::Response& out,
                                const httplib::ContentReader& read) { receive(in, out, read); };
    Get(".*", whole).Options(".*", whole).Delete(".*", whole);
    Post(".*", reading).Put(".*", reading).Patch(".*", reading).Delete(".*", reading);
    // What httplib refuses by itself (a request it cannot read, an unknown method).
    set_error_handler([](const httplib::Request&, httplib::Response& out) {
      if (out.body.empty())
        out.set_content(error_response(out.status, "the request was refused").body,
                        "application/json");
    });
  }

  ~listener() override { ::close(stop_event_); }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  void add(endpoint what) {
    segments_.push_back(segments_of(what.pattern));
    endpoints_.push_back(std::move(what));
  }
  [[nodiscard]] const std::vector<endpoint>& endpoints() const noexcept { return endpoints_; }
  void set_guard(guard with) { guard_ = std::move(with); }

  [[nodiscard]] http_response answer(const std::string& target) const {
    const auto mark = std::min(target.find('?'), target.size());
    const auto path = segments_of(std::string_view{target}.substr(0, mark));
    http_request request;
    request.method = "GET";
    request.path = target.substr(0, mark);
    request.query = parse_query(std::string_view{target}.substr(std::min(mark + 1, target.size())));
    for (std::size_t i = 0; i < endpoints_.size(); ++i)
      if (endpoints_[i].method == request.method && matches(segments_[i], path)) {
        note_captures(segments_[i], path, request);
        return run(endpoints_[i], request);
      }
    return nothing_here();
  }

  [[nodiscard]] result<std::uint16_t> begin(const std::string& bind, std::uint16_t port) {
    if (!limits_.tls.certificate.empty()) {
      SALLYPORT_TRY(identity_, tls_identity::open(limits_.tls));
    }
    const int bound = port == 0 ? bind_to_any_port(bind) : (bind_to_port(bind, port) ? port : -1);
    if (bound <= 0)
      return fail(error::user(errc::unavailable,
                              "http: cannot listen on " + bind + ":" + std::to_string(port) +
                                "; is the port in use, or the address not of this machine?"));
    thread_ = std::thread{[this] { (void) listen_after_bind(); }};
    while (!is_running())
      std::this_thread::yield();
    return static_cast<std::uint16_t>(bound);
  }

  void end() {
    if (!thread_.joinable())
      return;
    stopping_ = true;
    const std::uint64_t one = 1;
    (void) !::write(stop_event_, &one, sizeof one);
    httplib::Server::stop();
    thread_.join();
  }

private:
  /// A request that may be served, its body not yet read.
  struct admitted {
    const endpoint* chosen = nullptr;
    http_request request;
  };

  /// httplib's own loop polls each idle connection a hundred times a second and lets a stop wait
  /// for it.
  bool process_and_close_socket(socket_t socket) override {
    connection with{socket, stop_event_, limits_, identity_.get()};
    bool good = true;
    while (good && !stopping_ && with.wait_for_request()) {
      bool closed = false;
      close_after_this = false;
      good = process_request(with, stopping_, closed, nullptr) && with.flush();
      if (closed || close_after_this)
        break;
    }
    good = with.flush() && good;
    if (close_after_this && !stopping_)
      with.linger();
    return good;
  }

  void receive(const httplib::Request& in, httplib::Response& out,
               const httplib::ContentReader& read) const {
    auto good = admit(in, out);
    if (!good) {
      close_after_this = announces_body(in);
      if (close_after_this)
        out.set_header("Connection", "close");
      return;
    }
    std::string body;
    // Without either of these there is no body; httplib would read until the connection ends.
    if (announces_body(in)) {
      bool too_long = false;
      const bool whole = read([&](const char* data, std::size_t size) {
        too_long = body.size() + size > limits_.body_bytes_max;
        if (!too_long)
          body.append(data, size);
        return !too_long;
      });
      if (!whole) {
        close_after_this = true;
        give(error_response(too_long || out.status == 413 ? 413 : 400,
                            too_long || out.status == 413
                              ? "the body is longer than the " +
                                  std::to_string(limits_.body_bytes_max) + " bytes that are taken"
                              : std::string{"the body ended early or could not be decoded"}),
             out);
        return;
      }
    }
    good->request.body = std::move(body);
    give(run(*good->chosen, good->request), out);
  }

  /// Finds the route and asks the guard; when nothing is to be served, the answer is given.
  std::optional<admitted> admit(const httplib::Request& in, httplib::Response& out) const {
    admitted good;
    const auto path = segments_of(std::string_view{in.target}.substr(0, in.target.find('?')));
    std::string allowed;
    for (std::size_t i = 0; i < endpoints_.size() && good.chosen == nullptr; ++i) {
      const auto& each = endpoints_[i];
      if (!matches(segments_[i], path))
        continue;
      if (each.method == in.method || (each.method == "GET" && in.method == "HEAD")) {
        good.chosen = &each;
        note_captures(segments_[i], path, good.request);
      } else if (each.who.who != access::kind::role) {
        allowed += (allowed.empty() ? "" : ", ") + each.method; // Others are not told of.
      }
    }
    auto& request = good.request;
    request.method = in.method;
    request.path = in.path;
    request.query = in.params;
    request.remote = in.remote_addr;
    for (const auto& [name, value] : in.headers)
      request.headers.push_back({lower(name), value});
    if (guard_)
      if (auto refused = guard_(good.chosen, request)) {
        give(std::move(*refused), out);
        return std::nullopt;
      }
    if (good.chosen != nullptr)
      return good;
    give(allowed.empty() ? nothing_here() : error_response(405, "this path takes " + allowed), out);
    if (!allowed.empty())
      out.set_header("Allow", allowed);
    return std::nullopt;
  }

  [[nodiscard]] static http_response nothing_here() {
    return error_response(404, "there is nothing at this path");
  }

  static void note_captures(const std::vector<std::string>& segments,
                            const std::vector<std::string>& path, http_request& request) {
    for (std::size_t i = 0; i < path.size(); ++i)
      if (const auto& name = segments[i]; name.starts_with('{'))
        request.captures.emplace(name.substr(1, name.size() - 2), path[i]);
  }

  [[nodiscard]] static bool matches(const std::vector<std::string>& segments,
                                    const std::vector<std::string>& path) {
    return std::ranges::equal(segments, path, [](const auto& wanted, const auto& got) {
      return wanted.starts_with('{') ? !got.empty() : wanted == got;
    });
  }

  [[nodiscard]] static http_response run(const endpoint& chosen, http_request& request) {
    try {
      return chosen.serve(request);
    } catch (const std::exception& thrown) {
      observe::log(observe::level::error, "http.handler_failed", "A handler failed.",
                   {{"route", chosen.pattern}, {"kind", typeid(thrown).name()}});
      return error_response(500, "internal error");
    }
  }

  static void give(http_response made, httplib::Response& out) {
    out.status = made.status;
    if (close_after_this)
      out.set_header("Connection", "close");
    for (const auto& each : made.headers)
      out.headers.emplace(each.name, each.value);
    if (!made.next_part) {
      out.body = std::move(made.body);
      out.headers.emplace("Content-Type", made.content_type);
      return;
    }
    out.set_chunked_content_provider(
      made.content_type, [next = std::move(made.next_part)](std::size_t, httplib::DataSink& sink) {
        auto part = next();
        if (!part) {
          close_after_this = true;
          return false;
        }
        if (part->empty()) {
          sink.done();
          return true;
        }
        return sink.write(part->data(), part->size());
      });
  }

  const limits limits_;
  int stop_event_;
  std::unique_ptr<tls_identity> identity_; ///< none: plain HTTP
  std::atomic<bool> stopping_{false};
  std::vector<endpoint> endpoints_;
  std::vector<std::vector<std::string>> segments_; ///< of the patterns
  guard guard_;
  std::thread thread_;
};

http_server::http_server() : http_server(limits{}) {}
http_server::http_server(limits with) : listener_(std::make_unique<listener>(std::move(with))) {}
http_server::~http_server() { stop(); }

void http_server::route(endpoint what) { listener_->add(std::move(what)); }

void http_server::route(std::string method, std::string_view pattern, handler serve) {
  route({std::move(method), std::string{pattern}, access::operators(), {}, std::move(serve)});
}

const std::vector<http_server::endpoint>& http_server::endpoints() const noexcept {
  return listener_->endpoints();
}

http_response http_server::answer(const std::string& target) const {
  return listener_->answer(target);
}

void http_server::set_guard(guard with) { listener_->set_guard(std::move(with)); }

result<std::uint16_t> http_server::start(const std::string& bind, std::uint16_t port) {
  return listener_->begin(bind, port);
}

void http_server::stop() { listener_->end(); }

} // namespace sallyport
