#include "tests/support/recording_peer.hpp"

#include "tests/support/wait.hpp"

#include <algorithm>
#include <httplib.h>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace sallyport::test {

namespace {
/// A connection that is kept alive keeps a thread.
constexpr std::size_t threads = 160;
} // namespace

struct recording_peer::parts {
  httplib::Server server;
  int port = 0;
  std::thread runs;
  mutable std::mutex guard;
  std::vector<call> calls;
};

recording_peer::recording_peer(std::chrono::milliseconds latency)
  : parts_(std::make_unique<parts>()) {
  auto& p = *parts_;
  p.server.new_task_queue = [] { return new httplib::ThreadPool(threads); };
  p.server.set_tcp_nodelay(true);
  p.server.Put(".*", [&p, latency](const httplib::Request& r, httplib::Response& answer) {
    {
      std::lock_guard lock{p.guard};
      p.calls.push_back({std::chrono::system_clock::now(), r.get_header_value("X-Instance"), r.path,
                         r.get_header_value("Idempotency-Key")});
    }
    if (latency.count() > 0)
      (void) eventually([] { return false; }, latency, latency);
    answer.set_content("{}", "application/json");
  });
  p.port = p.server.bind_to_any_port("127.0.0.1");
  if (p.port <= 0)
    throw std::runtime_error{"the peer finds no port"};
  p.runs = std::thread{[&p] { p.server.listen_after_bind(); }};
}

recording_peer::~recording_peer() {
  parts_->server.stop();
  parts_->runs.join();
}

std::string recording_peer::url() const {
  return "http://127.0.0.1:" + std::to_string(parts_->port);
}

std::vector<recording_peer::call> recording_peer::calls() const {
  std::lock_guard lock{parts_->guard};
  return parts_->calls;
}

std::size_t recording_peer::count() const {
  std::lock_guard lock{parts_->guard};
  return parts_->calls.size();
}

std::size_t recording_peer::count_of(const std::string& instance) const {
  std::lock_guard lock{parts_->guard};
  return static_cast<std::size_t>(std::ranges::count(parts_->calls, instance, &call::instance));
}

} // namespace sallyport::test
