#include "connectors/kafka/properties.hpp"

#include "connectors/kafka/client.hpp"
#include "engine/config/node.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace sallyport::kafka {

namespace {

struct refused {
  std::string_view name;
  std::string_view why;
};

constexpr std::string_view by_engine = "the engine sets it, as exactly-once hangs on it";
constexpr std::string_view no_group = "groups and members are named by the application";

constexpr auto refused_properties = std::to_array<refused>({
  // What has a field.
  {"bootstrap.servers", "write bootstrap_servers"},
  {"metadata.broker.list", "write bootstrap_servers"},
  {"compression.codec", "write compression"},
  {"compression.type", "write compression"},
  {"security.protocol", "write tls and sasl"},
  {"ssl.ca.location", "write tls.ca"},
  {"ssl.certificate.location", "write tls.certificate"},
  {"ssl.key.location", "write tls.key"},
  {"ssl.key.password", "write tls.key_password"},
  {"sasl.mechanism", "write sasl.mechanism"},
  {"sasl.mechanisms", "write sasl.mechanism"},
  {"sasl.username", "write sasl.username"},
  {"sasl.password", "write sasl.password"},
  {"session.timeout.ms", "write session_timeout"},
  {"transaction.timeout.ms", "write transaction_timeout"},
  {"group.instance.id", "write instance"},
  {"partition.assignment.strategy", "write assignment"},
  {"queued.max.messages.kbytes", "write prefetch"},
  // What exactly-once hangs on.
  {"transactional.id", no_group},
  {"group.id", no_group},
  {"group.protocol", by_engine},
  {"group.remote.assignor", by_engine},
  {"enable.idempotence", by_engine},
  {"enable.gapless.guarantee", by_engine},
  {"acks", by_engine},
  {"request.required.acks", by_engine},
  {"isolation.level", by_engine},
  {"enable.auto.commit", by_engine},
  {"auto.commit.enable", by_engine},
  {"auto.commit.interval.ms", by_engine},
  {"enable.auto.offset.store", by_engine},
  {"auto.offset.reset", "a position that is gone is a loss, which is never jumped over"},
  {"partitioner", "keys are placed by murmur2, as by Kafka's own clients"},
  {"message.timeout.ms", "transaction_timeout says how long a write may take"},
  {"delivery.timeout.ms", "transaction_timeout says how long a write may take"},
  {"message.send.max.retries", by_engine},
  {"retries", by_engine},
  {"max.poll.interval.ms", by_engine},
  {"enable.partition.eof", by_engine},
  {"allow.auto.create.topics", "topics are made and checked at the start"},
  {"enabled_events", "it is for programs"},
  {"delivery.report.only.error", by_engine},
});

/// All that this librdkafka knows. Its table of properties is the only place that has the names.
std::vector<std::string> known_properties() {
  std::vector<std::string> names;
  char* text = nullptr;
  std::size_t size = 0;
  FILE* out = ::open_memstream(&text, &size);
  if (out == nullptr)
    return names;
  rd_kafka_conf_properties_show(out);
  (void) std::fclose(out);
  std::string_view rest{text, size};
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const auto name = line.substr(0, line.find_first_of(" |"));
    if (name.find('.') != std::string_view::npos && line.find('|') != std::string_view::npos)
      names.emplace_back(name);
  }
  std::free(text); // NOLINT(cppcoreguidelines-no-malloc): as open_memstream asks
  return names;
}

} // namespace

std::optional<wrong_setting> wrong_property(const std::string& name, const std::string& value) {
  const auto* const found = std::ranges::find(refused_properties, name, &refused::name);
  if (found != refused_properties.end())
    return wrong_setting{"the property '" + name + "' cannot be set", std::string{found->why}};
  const conf probe{rd_kafka_conf_new()};
  std::array<char, 512> why{};
  switch (rd_kafka_conf_set(probe.get(), name.c_str(), value.c_str(), why.data(), why.size())) {
  case RD_KAFKA_CONF_OK: return std::nullopt;
  case RD_KAFKA_CONF_INVALID: return wrong_setting{why.data(), ""};
  case RD_KAFKA_CONF_UNKNOWN: break;
  }
  auto known = config::nearest(name, known_properties());
  return wrong_setting{"librdkafka " + std::string{rd_kafka_version_str()} + " has no property '" +
                         name + "'",
                       known ? "did you mean '" + *known + "'?" : std::string{}};
}

} // namespace sallyport::kafka
