#include "connectors/kafka/group.hpp"

#include "connectors/kafka/lane_topics.hpp"
#include "connectors/kafka/member.hpp"
#include "connectors/kafka/topics.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::kafka {

namespace {

/// What a producer holds of one epoch at most; the bounds of an epoch are lower.
constexpr std::string_view producer_messages_max = "2000000";
constexpr std::string_view producer_kbytes_max = "1048576";
/// What a lane fetches at once, where its queue has room for more.
constexpr std::uint64_t fetch_bytes_max = 1U << 20U;

std::string ms(duration d) { return std::to_string(d.count()); }

} // namespace

std::string group::name_of(std::size_t host) const {
  return env_.application + "/" + env_.settings.instance + "/" + std::to_string(host);
}

status group::ensure_topics_of(const membership_options& how) const {
  std::map<std::string, std::uint32_t> lanes;
  for (const auto& lane : how.lanes)
    lanes[lane.part] = std::max(lanes[lane.part], lane.source.partition + 1);
  std::vector<wanted_topic> wanted;
  const auto& s = env_.settings;
  for (const auto& [part, count] : lanes) {
    auto changelog = application_topic(s, changelog_topic(env_.application, part), count);
    changelog.compacted = true;
    changelog.config_when_made.emplace_back("delete.retention.ms", ms(s.changelog_tombstones));
    wanted.push_back(std::move(changelog));
    auto journal = application_topic(s, journal_topic(env_.application, part), count);
    journal.config_when_made.emplace_back(
      "retention.ms", how.journal_retention.count() > 0 ? ms(how.journal_retention) : "-1");
    wanted.push_back(std::move(journal));
  }
  return ensure_topics(env_.to.probe().get(), wanted);
}

result<std::shared_ptr<restorer>> group::restorer_of(const membership_options& how) {
  std::lock_guard lock{guard_};
  if (restorer_)
    return restorer_;
  SALLYPORT_CHECK(ensure_topics_of(how));
  SALLYPORT_TRY(auto reads, env_.to.make_consumer(true, {{"group.id", env_.application},
                                                         {"queued.max.messages.kbytes", "16384"},
                                                         {"fetch.wait.max.ms", "50"}}));
  restorer::environment env{env_.application,
                            env_.settings.instance,
                            std::move(reads),
                            env_.to.probe(),
                            env_.settings.changelog_tombstones,
                            env_.settings.standby,
                            env_.store,
                            env_.clock,
                            env_.metrics};
  restorer_ = std::make_shared<restorer>(std::move(env));
  if (env_.settings.standby)
    restorer_->follow(how.lanes);
  return restorer_;
}

result<client> group::make_producer(std::size_t host, void* reports,
                                    void (*on_report)(rd_kafka_t*, const rd_kafka_message_t*,
                                                      void*)) const {
  SALLYPORT_TRY(auto how, env_.to.configure({
                            {"transactional.id", name_of(host)},
                            {"transaction.timeout.ms", ms(env_.settings.transaction_timeout)},
                            {"message.timeout.ms", ms(env_.settings.transaction_timeout)},
                            {"queue.buffering.max.messages", std::string{producer_messages_max}},
                            {"queue.buffering.max.kbytes", std::string{producer_kbytes_max}},
                            {"message.max.bytes", std::to_string(record_bytes_max)},
                            // An epoch is handed over at once, and its commit waits for no linger.
                            {"linger.ms", "100"},
                          }));
  rd_kafka_conf_set_opaque(how.get(), reports);
  rd_kafka_conf_set_dr_msg_cb(how.get(), on_report);
  return make_client(RD_KAFKA_PRODUCER, std::move(how));
}

result<std::unique_ptr<membership>> group::join(const membership_options& how) {
  SALLYPORT_TRY(auto restorer, restorer_of(how));
  auto self = std::make_shared<member::callbacks>();
  std::set<std::string> topics;
  for (const auto& lane : how.lanes)
    topics.insert(lane.source.topic);
  auto properties = consumer_properties(true);
  auto lanes_here =
    std::max<std::size_t>(1, how.lanes.size() / std::max<std::size_t>(how.hosts, 1));
  // The other half is the member's own.
  auto queued_kb =
    std::max<std::uint64_t>(256, env_.settings.prefetch_bytes / 2 / lanes_here / 1024);
  for (const auto& [name, value] : overrides{
         {"group.id", env_.application},
         {"group.instance.id", name_of(how.host)},
         {"client.id", env_.settings.instance + "/" + std::to_string(how.host) + "@" +
                         (env_.address ? env_.address() : std::string{})},
         {"session.timeout.ms", ms(env_.settings.session_timeout)},
         {"heartbeat.interval.ms",
          ms(std::min<duration>(duration{3'000}, env_.settings.session_timeout / 5))},
         {"max.poll.interval.ms",
          ms(std::max<duration>(duration{300'000}, env_.settings.session_timeout))},
         {"partition.assignment.strategy",
          env_.settings.cooperative ? "cooperative-sticky" : "range"},
         {"enable.partition.eof", "false"},
         {"queued.max.messages.kbytes", std::to_string(queued_kb)},
         {"fetch.message.max.bytes",
          std::to_string(std::min<std::uint64_t>(fetch_bytes_max, queued_kb * 1024 / 4))},
         {"fetch.wait.max.ms", "50"},
       })
    properties.emplace_back(name, value);
  if (!fetch_nudge::needed())
    properties.emplace_back("fetch.queue.backoff.ms", "5");
  auto make = [this, properties, of = self.get()]() -> result<client> {
    SALLYPORT_TRY(auto conf, env_.to.configure(properties));
    rd_kafka_conf_set_opaque(conf.get(), of);
    rd_kafka_conf_set_rebalance_cb(conf.get(), &member::on_rebalance);
    return make_client(RD_KAFKA_CONSUMER, std::move(conf));
  };
  SALLYPORT_TRY(auto consumer, make());
  member::environment env{env_.application,
                          env_.settings.instance,
                          std::move(consumer),
                          std::move(make),
                          {topics.begin(), topics.end()},
                          env_.settings.session_timeout,
                          env_.settings.prefetch_bytes,
                          std::move(restorer),
                          {env_.application, env_.settings.instance,
                           [this, host = how.host](void* reports, auto on_report) {
                             return make_producer(host, reports, on_report);
                           },
                           env_.store, env_.clock}};
  return std::make_unique<member>(std::move(env), how, std::move(self));
}

} // namespace sallyport::kafka
