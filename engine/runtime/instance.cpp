#include "engine/runtime/instance.hpp"

#include "engine/observe/log.hpp"
#include "engine/runtime/host.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdlib>
#include <set>
#include <thread>

namespace sallyport::runtime {

namespace {

struct system_config : caf::actor_system_config {
  explicit system_config(std::size_t threads) {
    set("scheduler.max-threads", threads);
    set("scheduler.max-throughput", std::size_t{64});
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

} // namespace

struct instance::body {
  explicit body(const environment& with, std::size_t threads)
    : env(with), config(threads), system(config) {}

  environment env;
  system_config config;
  caf::actor_system system;
  std::vector<host_actor> hosts;
  std::optional<std::uint64_t> listening;
};

instance::instance(std::unique_ptr<body> b) : body_(std::move(b)) {}

instance::~instance() { stop(duration{0}); }

result<std::unique_ptr<instance>> instance::start(const environment& with) {
  for (const auto& [name, topic] : with.plan.topics)
    SALLYPORT_CHECK(with.log.create_topic(topic));
  auto cores = std::max(2U, std::thread::hardware_concurrency());
  auto b = std::make_unique<body>(with, cores);
  auto hosts = with.plan.limits.hosts == 0 ? cores : with.plan.limits.hosts;
  std::vector<std::vector<host_state::assignment>> lanes(hosts);
  std::size_t next = 0;
  std::set<std::string> sources;
  for (const auto& part : with.plan.topology.parts) {
    const auto& topic = with.plan.topics.at(part.reads);
    sources.insert(topic.name);
    for (std::uint32_t p = 0; p < topic.partitions; ++p)
      lanes[next++ % hosts].push_back({&part, p});
  }
  std::vector<std::pair<host_actor, host_state::flag>> told;
  for (std::size_t i = 0; i < hosts; ++i) {
    if (lanes[i].empty())
      continue;
    auto nudged = std::make_shared<std::atomic<bool>>(true);
    auto h = b->system.spawn(host, &b->env, i, std::move(lanes[i]), nudged);
    caf::actor_cast<caf::actor>(h)->attach_functor(must_end_well);
    b->hosts.push_back(h);
    told.emplace_back(h, nudged);
  }
  b->listening = with.log.subscribe(
    [told = std::move(told), sources = std::move(sources)](const partition_id& at) {
      if (!sources.contains(at.topic))
        return;
      for (const auto& [to, nudged] : told)
        if (!nudged->exchange(true))
          caf::anon_send(to, nudge{});
    });
  return std::unique_ptr<instance>{new instance{std::move(b)}};
}

void instance::stop(duration within) {
  if (!body_)
    return;
  body_->env.log.unsubscribe(*body_->listening);
  auto until = std::chrono::steady_clock::now() + within;
  {
    caf::scoped_actor waiting{body_->system};
    for (auto& h : body_->hosts)
      caf::anon_send(h, drain{until});
    waiting->wait_for(body_->hosts);
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
