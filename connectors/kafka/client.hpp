#pragma once

#include "engine/core/error.hpp"

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <string_view>

/// The owners of librdkafka's objects, and its errors in our words.
namespace sallyport::kafka {

struct destroy {
  void operator()(rd_kafka_conf_t* p) const noexcept { rd_kafka_conf_destroy(p); }
  void operator()(rd_kafka_topic_partition_list_t* p) const noexcept {
    rd_kafka_topic_partition_list_destroy(p);
  }
  void operator()(rd_kafka_queue_t* p) const noexcept { rd_kafka_queue_destroy(p); }
  void operator()(rd_kafka_topic_t* p) const noexcept { rd_kafka_topic_destroy(p); }
  void operator()(rd_kafka_error_t* p) const noexcept { rd_kafka_error_destroy(p); }
  void operator()(rd_kafka_event_t* p) const noexcept { rd_kafka_event_destroy(p); }
  void operator()(rd_kafka_message_t* p) const noexcept { rd_kafka_message_destroy(p); }
  void operator()(rd_kafka_headers_t* p) const noexcept { rd_kafka_headers_destroy(p); }
  void operator()(rd_kafka_consumer_group_metadata_t* p) const noexcept {
    rd_kafka_consumer_group_metadata_destroy(p);
  }
  void operator()(const rd_kafka_metadata_t* p) const noexcept { rd_kafka_metadata_destroy(p); }
};

template <class T>
using owned = std::unique_ptr<T, destroy>;

using conf = owned<rd_kafka_conf_t>;
using partition_list = owned<rd_kafka_topic_partition_list_t>;

/// A client of the cluster. Records point into its buffers, so whoever holds a record holds it.
using client = std::shared_ptr<rd_kafka_t>;

/// Makes a client of the configuration. A failure names the property at fault. A consumer ends in
/// the background when it is dropped, without leaving its group.
[[nodiscard]] result<client> make_client(rd_kafka_type_t type, conf how);

/// `while` says what was tried: "cannot read the positions of application a".
[[nodiscard]] error error_of(rd_kafka_resp_err_t code, std::string_view tried);
[[nodiscard]] error error_of(const rd_kafka_error_t& what, std::string_view tried);

/// Nothing for a null error, which is how librdkafka says that all is well. Takes the error over.
[[nodiscard]] status check(rd_kafka_error_t* what, std::string_view tried);

} // namespace sallyport::kafka
