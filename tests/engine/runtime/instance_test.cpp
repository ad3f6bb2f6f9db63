#include "engine/runtime/instance.hpp"

#include "engine/lane/overlay.hpp"
#include "engine/log/memory_log.hpp"
#include "engine/state/memory_store.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

using namespace std::chrono_literals;

namespace sallyport::runtime {
namespace {

/// Waits for a condition with a bound; new records and answers are what can make it true.
bool eventually(const std::function<bool()>& condition) {
  auto until = std::chrono::steady_clock::now() + 30s;
  std::mutex m;
  std::condition_variable never;
  std::unique_lock lock{m};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    never.wait_for(lock, 2ms);
  }
  return true;
}

/// Asks the peer about each record and publishes the answer; `break` breaks the engine, as a store
/// would.
class ask final : public operator_base {
public:
  explicit ask(std::atomic<int>& breaks) : breaks_(breaks) {}

  verdict process(record&& r, context& ctx) override {
    if (r.value == bytes{"break"} && breaks_.fetch_sub(1) > 0)
      throw lane::engine_failure{error::external(errc::unavailable, "as the test asked")};
    ctx.state().put("n" + r.key.str(), r.value.str());
    ctx.converse(r.key, r.value.str());
    return verdict::in_call();
  }
  std::string converse(talk& with, const std::string& key, const std::string& subject) override {
    call write{"peer", {"PUT", "/" + key, {}, subject}, "", false, "", {}};
    write.policy.backoff_initial = 1ms;
    write.policy.backoff_max = 5ms;
    return std::to_string(with.ask(write).answer.status);
  }
  void concluded(const conclusion& end, context& ctx) override {
    ctx.publish("out", {end.key, end.subject + ":" + end.outcome, {}, {}});
    ctx.count("asked", "well");
    ctx.settle(term::in_call, verdict::done());
  }

private:
  std::atomic<int>& breaks_;
};

/// Answers on a thread of its own, in the order of the calls.
class test_caller final : public caller {
public:
  explicit test_caller(std::function<call_answer(const attempt&)> says) : says_(std::move(says)) {
    thread_ = std::thread{[this] { work(); }};
  }
  ~test_caller() override {
    {
      std::lock_guard lock{guard_};
      ended_ = true;
    }
    moved_.notify_all();
    thread_.join();
  }
  void start(attempt what, std::function<void(call_answer)> done) override {
    std::lock_guard lock{guard_};
    keys_[what.idempotency_key].push_back(what.request.path + what.request.body);
    waiting_.emplace_back(std::move(what), std::move(done));
    moved_.notify_all();
  }
  void stop(duration) override {
    std::lock_guard lock{guard_};
    waiting_.clear();
  }
  load current_load() const override { return {}; }

  std::map<std::string, std::vector<std::string>> keys() {
    std::lock_guard lock{guard_};
    return keys_;
  }

private:
  void work() {
    std::unique_lock lock{guard_};
    while (true) {
      moved_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
      if (ended_)
        return;
      auto [what, done] = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      done(says_(what));
      lock.lock();
    }
  }

  std::function<call_answer(const attempt&)> says_;
  std::mutex guard_;
  std::condition_variable moved_;
  std::deque<std::pair<attempt, std::function<void(call_answer)>>> waiting_;
  std::map<std::string, std::vector<std::string>> keys_;
  bool ended_ = false;
  std::thread thread_;
};

class running : public ::testing::Test {
protected:
  running() {
    entry_.spec = config::spec{"ask"};
    entry_.make = [this](const config::params&) { return std::make_unique<ask>(breaks_); };
    bury_.spec = config::spec{"bury"};
    bury_.make = [](const config::params&) -> std::unique_ptr<operator_base> {
      struct bury final : operator_base {
        verdict process(record&&, context&) override { return verdict::dead("buried"); }
      };
      return std::make_unique<bury>();
    };
    plan_.application = "test";
    topology::part part;
    part.name = "main";
    part.reads = "in";
    part.stages.push_back({"ask", &entry_, {}, {{topology::edge::source, "out"}}, {}});
    part.stages.push_back({"bury", &bury_, {}, {{0, "rejected"}}, {}});
    plan_.topology.parts.push_back(part);
    plan_.topics["in"] = {"in", 4, duration{0}, 0};
    plan_.topics["out"] = {"out", 4, duration{0}, 0};
    plan_.limits.hosts = 2;
    plan_.limits.lane_restart_initial = 5ms;
    plan_.limits.lane_restart_max = 20ms;
    plan_.limits.circuit_open_for = 50ms;
  }

  void begin(std::function<call_answer(const caller::attempt&)> says) {
    peer_ = std::make_shared<test_caller>(std::move(says));
    env_.emplace(environment{plan_, log_, store_, clock_, metrics_, {{"peer", peer_}}, {}});
    for (const auto& [name, topic] : plan_.topics)
      ASSERT_TRUE(log_.create_topic(topic));
    auto started = instance::start(*env_);
    ASSERT_TRUE(started) << started.error();
    instance_ = std::move(*started);
  }

  void feed(int from, int to, const std::string& value = "v") {
    for (int i = from; i < to; ++i) {
      auto partition = static_cast<std::uint32_t>(i % 4);
      ASSERT_TRUE(
        log_.append({{"in", partition}, {{std::to_string(i), value + std::to_string(i), {}, {}}}},
                    std::nullopt));
    }
  }

  std::map<std::string, int> outcomes() {
    std::map<std::string, int> all;
    for (std::uint32_t p = 0; p < 4; ++p) {
      auto records = log_.read({"out", p}, 0, {SIZE_MAX, SIZE_MAX});
      if (records)
        for (const auto& r : *records)
          ++all[r.rec.key.str() + "=" + r.rec.value.str()];
    }
    return all;
  }

  std::atomic<int> breaks_{1};
  operator_entry entry_;
  operator_entry bury_;
  topology::plan plan_;
  system_wall_clock clock_;
  memory_store store_;
  memory_log log_{store_, clock_};
  observe::metrics metrics_;
  std::shared_ptr<test_caller> peer_;
  std::optional<environment> env_;
  std::unique_ptr<instance> instance_;
};

call_answer fine(const caller::attempt&) { return {200, {}, "", "", false}; }

TEST_F(running, every_record_is_asked_about_once_and_its_answer_is_published) {
  begin(fine);
  feed(0, 500);
  ASSERT_TRUE(eventually([&] { return outcomes().size() == 500; }));
  instance_->stop(1s);
  for (const auto& [what, times] : outcomes())
    EXPECT_EQ(times, 1) << what;
  for (const auto& [key, requests] : peer_->keys())
    EXPECT_EQ(requests.size(), 1U) << key;
  EXPECT_NE(metrics_.text().find("asked_total{type=\"well\"} 500"), std::string::npos);
}

TEST_F(running, a_lane_that_fails_comes_back_and_the_others_go_on) {
  begin(fine);
  feed(0, 100);
  breaks_ = 3;
  ASSERT_TRUE(log_.append({{"in", 2}, {{"x", "break", {}, {}}}}, std::nullopt));
  feed(100, 200);
  ASSERT_TRUE(eventually([&] { return outcomes().size() == 201; }));
  instance_->stop(1s);
  for (const auto& [what, times] : outcomes())
    EXPECT_EQ(times, 1) << what;
  EXPECT_LE(breaks_, 0);
}

TEST_F(running, a_commit_that_fails_is_dropped_whole_and_made_anew) {
  begin(fine);
  for (int i = 0; i < 10; ++i) {
    log_.inject_commit_failure(error::external(errc::unavailable, "no space left on device"));
    feed(i * 20, i * 20 + 20);
    ASSERT_TRUE(
      eventually([&] { return outcomes().size() == static_cast<std::size_t>(i + 1) * 20; }));
  }
  instance_->stop(1s);
  for (const auto& [what, times] : outcomes())
    EXPECT_EQ(times, 1) << what;
}

TEST_F(running, a_call_without_an_answer_is_tried_again_under_its_key) {
  std::atomic<int> calls{0};
  begin([&](const caller::attempt&) {
    return call_answer{++calls % 3 == 0 ? 503 : 200, {}, "", "", false};
  });
  feed(0, 90);
  ASSERT_TRUE(eventually([&] { return outcomes().size() == 90; }));
  instance_->stop(1s);
  std::size_t repeated = 0;
  for (const auto& [key, requests] : peer_->keys()) {
    repeated += requests.size() - 1;
    for (const auto& r : requests)
      EXPECT_EQ(r, requests.front());
  }
  EXPECT_GT(repeated, 0U);
  EXPECT_EQ(peer_->keys().size(), 90U);
}

TEST_F(running, a_stop_leaves_unanswered_calls_in_the_ledger_and_a_start_makes_them_again) {
  std::atomic<bool> silent{true};
  begin([&](const caller::attempt&) {
    return silent ? call_answer{0, {}, "", "silent", false} : call_answer{200, {}, "", "", false};
  });
  feed(0, 40);
  ASSERT_TRUE(eventually([&] { return peer_->keys().size() == 40; }));
  instance_->stop(10ms);
  instance_.reset();
  auto before = peer_->keys();
  silent = false;
  begin(fine);
  ASSERT_TRUE(eventually([&] { return outcomes().size() == 40; }));
  instance_->stop(1s);
  for (const auto& [what, times] : outcomes())
    EXPECT_EQ(times, 1) << what;
  for (const auto& [key, requests] : peer_->keys())
    EXPECT_TRUE(before.contains(key)) << key;
}

} // namespace
} // namespace sallyport::runtime
