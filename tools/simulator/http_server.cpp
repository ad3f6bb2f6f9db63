#include "tools/simulator/http_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <queue>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>

namespace sallyport::simulator {

namespace {

using steady = std::chrono::steady_clock;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view reason(int status) {
  switch (status) {
  case 200: return "OK";
  case 201: return "Created";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 409: return "Conflict";
  case 413: return "Content Too Large";
  case 429: return "Too Many Requests";
  case 500: return "Internal Server Error";
  case 502: return "Bad Gateway";
  case 503: return "Service Unavailable";
  case 504: return "Gateway Timeout";
  default: return "Answer";
  }
}

/// The usual limit of open files is below connections_max.
void allow_connections() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0)
    return;
  const rlim_t wanted = connections_max + 64;
  if (files.rlim_cur < wanted) {
    files.rlim_cur = std::min(wanted, files.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

// -- reading a request from the bytes that are there
// ------------------------------------------------

enum class progress : std::uint8_t { need_more, whole, malformed, too_large };

struct parsed {
  progress how = progress::need_more;
  http_request request;
  std::size_t used = 0;
  bool keep_alive = true;
  bool expects_continue = false;
};

bool read_head(std::string_view head, parsed& into) {
  const auto line_end = head.find("\r\n");
  const auto line = head.substr(0, line_end);
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first ||
      !line.substr(last + 1).starts_with("HTTP/1."))
    return false;
  into.request.method = line.substr(0, first);
  into.request.target = line.substr(first + 1, last - first - 1);
  into.keep_alive = line.substr(last + 1) != "HTTP/1.0";
  for (auto at = line_end; at != std::string_view::npos && at + 2 < head.size();) {
    const auto end = head.find("\r\n", at + 2);
    const auto header = head.substr(at + 2, end == std::string_view::npos ? end : end - at - 2);
    const auto colon = header.find(':');
    if (colon == std::string_view::npos)
      return false;
    into.request.headers.emplace_back(lower(trimmed(header.substr(0, colon))),
                                      trimmed(header.substr(colon + 1)));
    at = end;
  }
  const auto connection = lower(into.request.header("connection"));
  if (connection == "close")
    into.keep_alive = false;
  else if (connection == "keep-alive")
    into.keep_alive = true;
  into.expects_continue = lower(into.request.header("expect")) == "100-continue";
  return true;
}

std::optional<std::size_t> size_of(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (problem != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

progress read_chunks(std::string_view bytes, std::size_t at, parsed& into) {
  for (;;) {
    const auto end = bytes.find("\r\n", at);
    if (end == std::string_view::npos)
      return progress::need_more;
    const auto line = bytes.substr(at, end - at);
    const auto size = size_of(trimmed(line.substr(0, line.find(';'))), 16);
    if (!size)
      return progress::malformed;
    if (*size > body_bytes_max || into.request.body.size() + *size > body_bytes_max)
      return progress::too_large;
    at = end + 2;
    if (*size == 0) { // trailers are read over
      const auto blank = bytes.substr(at).starts_with("\r\n") ? at : bytes.find("\r\n\r\n", at);
      if (blank == std::string_view::npos)
        return progress::need_more;
      into.used = blank + (blank == at ? 2 : 4);
      return progress::whole;
    }
    if (bytes.size() < at + *size + 2)
      return progress::need_more;
    into.request.body += bytes.substr(at, *size);
    at += *size + 2;
  }
}

parsed parse(std::string_view bytes) {
  parsed into;
  const auto head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos) {
    if (bytes.size() > header_bytes_max)
      into.how = progress::too_large;
    return into;
  }
  if (!read_head(bytes.substr(0, head), into)) {
    into.how = progress::malformed;
    return into;
  }
  const auto body = head + 4;
  if (lower(into.request.header("transfer-encoding")) == "chunked") {
    into.how = read_chunks(bytes, body, into);
    return into;
  }
  const auto length_text = into.request.header("content-length");
  const auto length = length_text.empty() ? std::size_t{0} : size_of(length_text, 10);
  if (!length)
    into.how = progress::malformed;
  else if (*length > body_bytes_max)
    into.how = progress::too_large;
  else if (bytes.size() - body >= *length) {
    into.request.body = bytes.substr(body, *length);
    into.used = body + *length;
    into.how = progress::whole;
  }
  return into;
}

std::string written(const http_answer& answer, bool keep_alive, bool head_only) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  text += reason(answer.status);
  text += "\r\nContent-Type: " + answer.content_type +
          "\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n";
  for (const auto& [name, value] : answer.headers)
    text.append(name).append(": ").append(value).append("\r\n");
  if (!keep_alive)
    text += "Connection: close\r\n";
  text += "\r\n";
  if (!head_only)
    text += answer.body;
  return text;
}

} // namespace

std::string_view http_request::header(std::string_view name) const {
  for (const auto& [held, value] : headers)
    if (held == name)
      return value;
  return {};
}

// -- the loop
// -----------------------------------------------------------------------------------------

class http_server::loop {
public:
  explicit loop(handler handle)
    : handle_(std::move(handle)), epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  ~loop() {
    for (const auto& [id, connection] : connections_)
      ::close(connection.socket);
    for (const int fd : {listener_, wake_, epoll_})
      if (fd >= 0)
        ::close(fd);
  }

  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  result<std::uint16_t> listen(const std::string& address, std::uint16_t port) {
    allow_connections();
    if (epoll_ < 0 || wake_ < 0)
      return failed("cannot make an epoll instance");
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    if (::inet_pton(AF_INET, address.c_str(), &at.sin_addr) != 1)
      return fail(error::user(errc::invalid_config, "'" + address + "' is no IPv4 address"));
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (listener_ < 0 || ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
        ::listen(listener_, SOMAXCONN) != 0)
      return failed("cannot listen on " + address + ":" + std::to_string(port));
    socklen_t size = sizeof at;
    if (::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0 ||
        !watch(listener_, listener_id, EPOLLIN, EPOLL_CTL_ADD) ||
        !watch(wake_, wake_id, EPOLLIN, EPOLL_CTL_ADD))
      return failed("cannot watch the listening socket");
    return ntohs(at.sin_port);
  }

  void run() {
    std::array<epoll_event, 128> events{};
    for (bool stopped = false; !stopped;) {
      const int count =
        ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout());
      for (int i = 0; i < count; ++i) {
        const auto id = events[static_cast<std::size_t>(i)].data.u64;
        if (id == wake_id)
          stopped = true;
        else if (id == listener_id)
          accept_all();
        else
          serve(id, events[static_cast<std::size_t>(i)].events);
      }
      send_due();
    }
  }

  void stop() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
  }

private:
  static constexpr std::uint64_t listener_id = 0, wake_id = 1;

  struct connection {
    int socket = -1;
    std::string in, out;
    bool busy = false;      ///< a request is in hand: its answer waits for its time, or never comes
    bool last = false;      ///< close when `out` is sent
    bool continued = false; ///< "100 Continue" was sent for the request that is being read
    bool wants_write = false;
    bool ended = false; ///< the client sends no more
  };

  struct waiting {
    steady::time_point due;
    std::uint64_t connection;
    std::string text; ///< empty: close without a byte
    bool operator>(const waiting& other) const { return due > other.due; }
  };

  static std::unexpected<error> failed(const std::string& what) {
    return fail(error::external(errc::unavailable, what + ": " + std::strerror(errno)));
  }

  bool watch(int fd, std::uint64_t id, std::uint32_t what, int operation) const {
    epoll_event event{};
    event.events = what;
    event.data.u64 = id;
    return ::epoll_ctl(epoll_, operation, fd, &event) == 0;
  }

  int timeout() const {
    if (waiting_.empty())
      return -1;
    const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(waiting_.top().due - steady::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }

  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0)
        return;
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const auto id = next_id_++;
      if (connections_.size() >= connections_max ||
          !watch(socket, id, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_ADD)) {
        ::close(socket);
        continue;
      }
      connections_[id].socket = socket;
    }
  }

  void serve(std::uint64_t id, std::uint32_t what) {
    const auto found = connections_.find(id);
    if (found == connections_.end())
      return;
    auto& peer = found->second;
    if ((what & (EPOLLERR | EPOLLHUP)) != 0U || ((what & EPOLLIN) != 0U && !read_from(peer))) {
      drop(id);
      return;
    }
    go_on(id);
  }

  /// @returns false when the connection is of no use any more
  static bool read_from(connection& peer) {
    std::array<char, 16'384> chunk{};
    for (;;) {
      const auto count = ::recv(peer.socket, chunk.data(), chunk.size(), 0);
      if (count > 0) {
        peer.in.append(chunk.data(), static_cast<std::size_t>(count));
        if (peer.in.size() > header_bytes_max + 2 * body_bytes_max)
          return false;
        continue;
      }
      if (count == 0) {
        peer.ended = true;
        return !peer.in.empty() && !peer.busy;
      }
      return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    }
  }

  /// Takes the next requests of a connection, and sends what is to be sent.
  void go_on(std::uint64_t id) {
    for (;;) {
      auto found = connections_.find(id);
      if (found == connections_.end())
        return;
      auto& peer = found->second;
      if (peer.busy || peer.last || peer.in.empty())
        break;
      if (!take_request(id, peer))
        break;
    }
    if (const auto found = connections_.find(id); found != connections_.end())
      flush(id, found->second);
  }

  /// @returns true when another request may be read at once
  bool take_request(std::uint64_t id, connection& peer) {
    auto one = parse(peer.in);
    switch (one.how) {
    case progress::need_more:
      if (one.expects_continue && !peer.continued) {
        peer.out += "HTTP/1.1 100 Continue\r\n\r\n";
        peer.continued = true;
      }
      peer.last = peer.ended;
      return false;
    case progress::malformed:
    case progress::too_large: {
      http_answer refusal;
      refusal.status = one.how == progress::malformed ? 400 : 413;
      peer.out += written(refusal, false, false);
      peer.last = true;
      return false;
    }
    case progress::whole: break;
    }
    peer.in.erase(0, one.used);
    peer.continued = false;
    answer(id, peer, handle_(one.request), one);
    return !peer.busy;
  }

  void answer(std::uint64_t id, connection& peer, const http_answer& decided, const parsed& one) {
    peer.busy = true;
    if (decided.end == ending::hang)
      return;
    const bool keep_alive = one.keep_alive && !peer.ended;
    std::string text;
    if (decided.end == ending::answer)
      text = written(decided, keep_alive, one.request.method == "HEAD");
    peer.last = !keep_alive || decided.end == ending::close;
    if (decided.delay.count() <= 0) {
      peer.out += text;
      peer.busy = false;
      return;
    }
    waiting_.push({steady::now() + decided.delay, id, std::move(text)});
  }

  void send_due() {
    while (!waiting_.empty() && waiting_.top().due <= steady::now()) {
      const auto id = waiting_.top().connection;
      auto text = waiting_.top().text;
      waiting_.pop();
      const auto found = connections_.find(id);
      if (found == connections_.end())
        continue;
      found->second.out += text;
      found->second.busy = false;
      go_on(id);
    }
  }

  void flush(std::uint64_t id, connection& peer) {
    while (!peer.out.empty()) {
      const auto count = ::send(peer.socket, peer.out.data(), peer.out.size(), MSG_NOSIGNAL);
      if (count < 0) {
        if (errno == EINTR)
          continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
          drop(id);
          return;
        }
        break;
      }
      peer.out.erase(0, static_cast<std::size_t>(count));
    }
    if (peer.last && !peer.busy && peer.out.empty()) {
      drop(id);
      return;
    }
    if (peer.wants_write == peer.out.empty()) {
      peer.wants_write = !peer.out.empty();
      const std::uint32_t what = EPOLLIN | (peer.wants_write ? std::uint32_t{EPOLLOUT} : 0U);
      watch(peer.socket, id, what, EPOLL_CTL_MOD);
    }
  }

  void drop(std::uint64_t id) {
    const auto found = connections_.find(id);
    ::close(found->second.socket);
    connections_.erase(found);
  }

  handler handle_;
  int epoll_ = -1, wake_ = -1, listener_ = -1;
  std::uint64_t next_id_ = 2;
  std::unordered_map<std::uint64_t, connection> connections_;
  std::priority_queue<waiting, std::vector<waiting>, std::greater<>> waiting_;
};

http_server::http_server(handler handle) : loop_(std::make_unique<loop>(std::move(handle))) {}
http_server::~http_server() = default;

result<std::uint16_t> http_server::listen(const std::string& address, std::uint16_t port) {
  return loop_->listen(address, port);
}

void http_server::run() { loop_->run(); }
void http_server::stop() noexcept { loop_->stop(); }

} // namespace sallyport::simulator
