#include "engine/runtime/instance.hpp"

#include "engine/observe/log.hpp"
#include "engine/runtime/host.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdlib>
#include <mutex>
#include <thread>

namespace sallyport::runtime {

namespace {

struct system_config : caf::actor_system_config {
  explicit system_config(std::size_t threads) {
    set("scheduler.max-threads", threads);
    set("scheduler.max-throughput", std::size_t{64});
    // Workers that steal look for work all the time, or sleep for up to 10 ms while there is some.
    // One queue for all wakes one at once, and an instance has few actors to queue.
    set("scheduler.policy", caf::atom("sharing"));
  }
};

/// A host handles every failure of its lanes; if it ends by itself, that is a mistake of ours. An
/// instance that has lost a part of its lanes unnoticed would be worse than one that is started
/// again.
void must_end_well(const caf::error& reason) {
  if (!reason)
    return;
  observe::log(observe::level::error, "host.died", "a host ended with an error; the process ends",
               {{"why", caf::to_string(reason)}});
  observe::flush_log();
  std::abort();
}

/// Tells a host at most once of news until it has looked. The host is known later than the
/// membership that tells.
struct news {
  host_state::flag noted = std::make_shared<std::atomic<bool>>(true);
  std::mutex guard;
  host_actor to;

  void tell() {
    if (noted->exchange(true))
      return;
    std::lock_guard lock{guard};
    if (to)
      caf::anon_send(to, nudge{});
  }
};

} // namespace

struct instance::body {
  explicit body(const environment& with, std::size_t threads)
    : env(with), config(threads), system(config) {}

  environment env;
  system_config config;
  caf::actor_system system;
  std::vector<host_actor> hosts;
  std::vector<std::shared_ptr<news>> told;
};

instance::instance(std::unique_ptr<body> b) : body_(std::move(b)) {}

instance::~instance() { stop(duration{0}); }

result<std::unique_ptr<instance>> instance::start(const environment& with) {
  auto cores = std::max(2U, std::thread::hardware_concurrency());
  auto b = std::make_unique<body>(with, cores);
  membership_options how;
  how.application = with.plan.application;
  how.lanes = lanes_of(with.plan);
  how.hosts = with.plan.limits.hosts == 0 ? cores : with.plan.limits.hosts;
  how.journal_retention = with.plan.limits.journal_retention;
  how.hosts = std::min(how.hosts, how.lanes.size());
  std::vector<std::unique_ptr<membership>> groups;
  for (how.host = 0; how.host < how.hosts; ++how.host) {
    auto told = std::make_shared<news>();
    how.on_news = [told] { told->tell(); };
    SALLYPORT_TRY(auto group, with.log.join(how));
    groups.push_back(std::move(group));
    b->told.push_back(std::move(told));
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    auto group = std::make_shared<std::unique_ptr<membership>>(std::move(groups[i]));
    auto& told = *b->told[i];
    auto h = b->system.spawn(host, &b->env, i, group, told.noted);
    caf::actor_cast<caf::actor>(h)->attach_functor(must_end_well);
    b->hosts.push_back(h);
    std::lock_guard lock{told.guard};
    told.to = h;
    caf::anon_send(h, nudge{}); // for news that came when there was nobody to tell
  }
  return std::unique_ptr<instance>{new instance{std::move(b)}};
}

bool instance::leave(duration within) {
  auto until = std::chrono::steady_clock::now() + within;
  for (auto& h : body_->hosts)
    caf::anon_send(h, drain{until, true});
  std::unique_lock lock{body_->env.lanes_here->guard};
  return body_->env.lanes_here->changed.wait_until(
    lock, until, [&] { return body_->env.lanes_here->lanes.empty(); });
}

std::vector<std::pair<std::string, std::uint32_t>> instance::lanes() const {
  return body_->env.lanes_here->list();
}

void instance::stop(duration within) {
  if (!body_)
    return;
  auto until = std::chrono::steady_clock::now() + within;
  {
    caf::scoped_actor waiting{body_->system};
    for (auto& h : body_->hosts)
      caf::anon_send(h, drain{until});
    waiting->wait_for(body_->hosts);
  }
  for (auto& told : body_->told) {
    std::lock_guard lock{told->guard};
    told->to = nullptr;
  }
  for (auto& [port, peer] : body_->env.callers)
    peer->stop(duration{0});
  body_->hosts.clear();
  body_.reset();
}

void instance::command(const std::string& part, std::optional<std::uint32_t> partition,
                       const std::string& stage, const std::string& name,
                       const std::string& payload) {
  for (auto& h : body_->hosts)
    caf::anon_send(h, order{part, partition, stage, name, payload});
}

} // namespace sallyport::runtime
