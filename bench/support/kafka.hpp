#pragma once

#include <cstdint>
#include <librdkafka/rdkafka.h>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// librdkafka for the programs around the Kafka benchmark: what owns what, and failures that end
/// the program.
namespace sallyport::bench::kafka {

template <auto Destroy>
struct destroyer {
  template <class T>
  void operator()(T* what) const {
    Destroy(what);
  }
};
using client = std::unique_ptr<rd_kafka_t, destroyer<rd_kafka_destroy>>;
using queue = std::unique_ptr<rd_kafka_queue_t, destroyer<rd_kafka_queue_destroy>>;
using event = std::unique_ptr<rd_kafka_event_t, destroyer<rd_kafka_event_destroy>>;
using message = std::unique_ptr<rd_kafka_message_t, destroyer<rd_kafka_message_destroy>>;
using kafka_error = std::unique_ptr<rd_kafka_error_t, destroyer<rd_kafka_error_destroy>>;
using topic = std::unique_ptr<rd_kafka_topic_t, destroyer<rd_kafka_topic_destroy>>;
using partition_list = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                       destroyer<rd_kafka_topic_partition_list_destroy>>;
using group_metadata = std::unique_ptr<rd_kafka_consumer_group_metadata_t,
                                       destroyer<rd_kafka_consumer_group_metadata_destroy>>;
using properties = std::map<std::string, std::string>;

inline constexpr int patience_ms = 60'000;

/// What KAFKA_BOOTSTRAP_SERVERS says.
[[nodiscard]] std::string bootstrap_servers();

/// A client of the Kafka of the environment.
[[nodiscard]] client make(rd_kafka_type_t type, const properties& with,
                          void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*,
                                            void*) = nullptr);
[[nodiscard]] client make_consumer(const std::string& group, bool committed);

/// Ends the program with a message unless all is well.
void check(rd_kafka_resp_err_t code, std::string_view what);
void check(rd_kafka_error_t* found, std::string_view what);
[[noreturn]] void fail(std::string_view what, std::string_view why);

void create_topic(const std::string& name, std::int32_t partitions);
/// Those whose names begin with the prefix.
void delete_topics(std::string_view prefix);
[[nodiscard]] std::int32_t partitions_of(rd_kafka_t* of, const std::string& topic);
/// The list of all partitions of a topic.
[[nodiscard]] partition_list all_of(rd_kafka_t* of, const std::string& topic,
                                    std::int64_t offset = RD_KAFKA_OFFSET_INVALID);

} // namespace sallyport::bench::kafka
