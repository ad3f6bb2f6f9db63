#pragma once

#include "connectors/kafka/client.hpp"

#include <chrono>
#include <functional>

namespace sallyport::kafka {

/// How long the cluster may take to answer a question.
inline constexpr std::chrono::milliseconds answer_within{10'000};

/// Asks the cluster by the admin interface of librdkafka, and waits for the answer. `send` hands
/// the request over with the options and the queue. An answer that is an error as a whole is one.
[[nodiscard]] result<owned<rd_kafka_event_t>>
ask(rd_kafka_t* with, rd_kafka_admin_op_t kind, std::string_view tried,
    const std::function<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>& send);

/// Metadata of one topic, or of all (null).
[[nodiscard]] result<owned<const rd_kafka_metadata_t>> metadata_of(rd_kafka_t* with,
                                                                   const char* topic);

} // namespace sallyport::kafka
