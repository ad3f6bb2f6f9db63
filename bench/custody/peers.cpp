#include "bench/custody/peers.hpp"

#include "bench/custody/heap.hpp"
#include "bench/support/bench.hpp"

#include <ctime>
#include <nlohmann/json.hpp>

namespace sallyport::bench::custody {

namespace {

/// Longer than any virtual time of a benchmark.
constexpr std::chrono::seconds token_lifetime{10LL * 365 * 24 * 3'600};

double thread_cpu_now() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

} // namespace

peers::peers(simulator::population_options people, const wall_clock& clock) {
  {
    const heap::counted all;
    simulator::simulator_options how;
    how.people = people;
    how.token_lifetime = token_lifetime;
    how.requests_max = 1; // its number is what `recorded` wants
    asked_ = must(simulator::simulator::make(std::move(how), clock));
  }
  const auto said =
    asked_->handle({"POST",
                    "/oauth/token",
                    {{"authorization", "Basic " + simulator::base64("sallyport:sallyport")}},
                    "grant_type=client_credentials"});
  token_ = "Bearer " + nlohmann::json::parse(said.body).at("access_token").get<std::string>();
  thread_ = std::thread{[this] { serve(); }};
}

peers::~peers() {
  stop({});
  const heap::counted all;
  asked_.reset();
}

void peers::start(attempt what, std::function<void(call_answer)> done) {
  bool sleeps = false;
  {
    const std::lock_guard lock{guard_};
    sleeps = queue_.empty();
    queue_.push_back({std::move(what), std::move(done)});
  }
  if (sleeps)
    wake_.notify_one();
}

void peers::stop(duration /*within*/) {
  {
    const std::lock_guard lock{guard_};
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable())
    thread_.join();
}

caller::load peers::current_load() const {
  const std::lock_guard lock{guard_};
  return {0, queue_.size(), 0};
}

void peers::serve() {
  std::vector<waiting> taken;
  while (true) {
    {
      std::unique_lock lock{guard_};
      wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty())
        return;
      taken.swap(queue_);
    }
    for (auto& each : taken)
      each.done(answer(each.what.request, each.what.idempotency_key));
    taken.clear();
  }
}

call_answer peers::answer(const call_request& request, std::string_view idempotency_key) {
  simulator::http_request asked{request.method, request.path, {}, request.body};
  asked.headers.reserve(2);
  asked.headers.emplace_back("authorization", token_);
  if (!idempotency_key.empty())
    asked.headers.emplace_back("idempotency-key", std::string{idempotency_key});
  const std::lock_guard lock{one_at_a_time_};
  const auto began = thread_cpu_now();
  const auto said = handle(asked);
  counts_.cpu_seconds += thread_cpu_now() - began;
  ++counts_.calls;
  counts_.durable += idempotency_key.empty() ? 0 : 1;
  call_answer made;
  made.status = said.status;
  made.headers = {{"Content-Type", said.content_type}};
  made.body = said.body;
  return made;
}

/// The answer is made and copied while its allocations are counted; the copy that leaves is not.
simulator::http_answer peers::handle(const simulator::http_request& request) {
  std::unique_ptr<simulator::http_answer> own;
  {
    const heap::counted all;
    own = std::make_unique<simulator::http_answer>(asked_->handle(request));
  }
  simulator::http_answer copy = *own;
  const heap::counted all;
  own.reset();
  return copy;
}

peers::counts peers::counted() const {
  const std::lock_guard lock{one_at_a_time_};
  return counts_;
}

std::size_t peers::recorded() {
  const std::lock_guard lock{one_at_a_time_};
  const auto last = nlohmann::json::parse(handle({"GET", "/simulator/requests", {}, {}}).body);
  return last.at("sequence").get<std::size_t>(); // counted from 0, and the first was for the token
}

std::string peers::state() {
  const std::lock_guard lock{one_at_a_time_};
  return asked_->handle({"GET", "/simulator/state", {}, {}}).body;
}

double peers::held_mb() { return static_cast<double>(heap::counted_bytes()) / (1U << 20U); }

} // namespace sallyport::bench::custody
