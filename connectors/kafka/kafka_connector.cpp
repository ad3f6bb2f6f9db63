#include "connectors/kafka/kafka_log.hpp"

#include "engine/connectors/registry.hpp"

namespace sallyport::kafka {

namespace {

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
  made.as_log = log_kind();
  return made;
}

} // namespace

SALLYPORT_CONNECTOR(kafka, entry());

} // namespace sallyport::kafka
