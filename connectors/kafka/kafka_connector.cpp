#include "connectors/kafka/kafka_egress.hpp"
#include "connectors/kafka/kafka_ingress.hpp"
#include "connectors/kafka/kafka_log.hpp"

#include "engine/connectors/registry.hpp"

namespace sallyport::kafka {

namespace {

using config::field;

// -- plain topics ---------------------------------------------------------------------------------

field partition_field() {
  return field::choice("partition", {"key", "same"})
    .doc("Where a record goes: by its key, as Kafka's own clients do, or to the partition of the "
         "number that it comes from. One without a key always goes there.")
    .by_default("key");
}

field headers_field() {
  return field::boolean("headers").doc("Keep the headers.").by_default("true");
}

/// Found when it is made: whether all of its properties suit.
status checked(const config::params& given) {
  config::findings found;
  check_connection(given, found);
  if (found.empty())
    return {};
  return fail(error::user(errc::invalid_config, found.front().text()));
}

std::shared_ptr<const connector_entry::ingress_kind> ingress_kind() {
  auto kind = std::make_shared<connector_entry::ingress_kind>();
  auto form =
    config::spec{"kafka"}
      .summary("Brings the records of a topic, of any cluster, onto a topic.")
      .description("How far each partition was read is committed with the records, so that a "
                   "restart neither loses nor repeats one. Instances of one application share the "
                   "partitions.")
      .add(field::text("topic").doc("The topic to read.").example("prison-events"));
  for (auto& each : connection_fields())
    form = std::move(form).add(std::move(each));
  kind->spec =
    std::move(form)
      .add(field::text("name")
             .doc("Names the source where two have topics of one name; empty: the topic's name.")
             .by_default(""))
      .add(field::choice("start", {"beginning", "end"})
             .doc("Where a partition begins that was not read before.")
             .by_default("beginning"))
      .add(partition_field())
      .add(headers_field())
      .add(field::choice("timestamp", {"record", "arrival"})
             .doc("The time that a record has on the topic.")
             .by_default("record"))
      .add(field::duration("session_timeout")
             .doc("After which silence the partitions of an instance go to others.")
             .min(1'000)
             .max(30 * 60'000)
             .by_default("45s"))
      .example("topic: prison-events\nbootstrap_servers: kafka-1:9092\n");
  kind->make = [](const config::params& given) -> result<std::unique_ptr<ingress>> {
    SALLYPORT_CHECK(checked(given));
    ingress_options options;
    options.from = read_connection(given);
    options.topic = given.text("topic");
    options.name = given.text("name");
    options.from_end = given.text("start") == "end";
    options.same_partition = given.text("partition") == "same";
    options.keep_headers = given.boolean("headers");
    options.keep_time = given.text("timestamp") == "record";
    options.session_timeout = given.duration("session_timeout");
    return std::make_unique<kafka_ingress>(std::move(options));
  };
  return kind;
}

std::shared_ptr<const connector_entry::egress_kind> egress_kind() {
  auto kind = std::make_shared<connector_entry::egress_kind>();
  auto form =
    config::spec{"kafka"}
      .summary("Copies the committed records of a topic to another topic.")
      .description("To a topic of the log's own cluster (no bootstrap_servers) each record comes "
                   "once, as it is committed with the position. To another cluster it comes at "
                   "least once: after a crash the last records may come again.")
      .add(field::text("topic").doc("The topic to write; it must be there.").example("offenders"));
  for (auto& each : connection_fields())
    form = std::move(form).add(each.name == "bootstrap_servers"
                                 ? field::text("bootstrap_servers")
                                     .doc("Brokers of the other cluster, as host:port with commas "
                                          "between; empty: the topic is one of the log's own.")
                                     .by_default("")
                                 : std::move(each));
  kind->spec = std::move(form)
                 .add(partition_field())
                 .add(headers_field())
                 .add(field::choice("timestamp", {"record", "arrival"})
                        .doc("The time that a record has on the other topic.")
                        .by_default("record"))
                 .example("topic: offenders\nbootstrap_servers: kafka-9:9092\n");
  kind->make = [](const config::params& given) -> result<std::unique_ptr<egress>> {
    SALLYPORT_CHECK(checked(given));
    egress_options options;
    options.to = read_connection(given);
    options.topic = given.text("topic");
    options.same_partition = given.text("partition") == "same";
    options.keep_headers = given.boolean("headers");
    options.keep_time = given.text("timestamp") == "record";
    return std::make_unique<kafka_egress>(std::move(options));
  };
  return kind;
}

// -- the log --------------------------------------------------------------------------------------

std::shared_ptr<const connector_entry::log_kind> log_kind() {
  auto kind = std::make_shared<connector_entry::log_kind>();
  kind->spec = log_spec();
  kind->check = check_connection;
  kind->make = [](const config::params& given,
                  const log_environment& in) -> result<std::unique_ptr<log>> {
    SALLYPORT_TRY(auto made, kafka_log::open(read_log_settings(given), in));
    return std::unique_ptr<log>{std::move(made)};
  };
  return kind;
}

connector_entry entry() {
  connector_entry made;
  made.name = "kafka";
  made.summary = "Topics of Apache Kafka.";
  made.as_ingress = ingress_kind();
  made.as_egress = egress_kind();
  made.as_log = log_kind();
  return made;
}

} // namespace

SALLYPORT_CONNECTOR(kafka, entry());

} // namespace sallyport::kafka
