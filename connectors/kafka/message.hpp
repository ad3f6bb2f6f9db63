#pragma once

#include "connectors/kafka/client.hpp"

#include "engine/log/log.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace sallyport::kafka {

/// Messages that were fetched together: keeps them, and the client whose buffers they are in, until
/// the last record that points into them is gone.
class fetched {
public:
  fetched(client of, std::vector<rd_kafka_message_t*> messages)
    : of_(std::move(of)), messages_(std::move(messages)) {}
  ~fetched() {
    for (auto* m : messages_)
      rd_kafka_message_destroy(m);
  }
  fetched(const fetched&) = delete;
  fetched& operator=(const fetched&) = delete;

  [[nodiscard]] const std::vector<rd_kafka_message_t*>& messages() const noexcept {
    return messages_;
  }

private:
  client of_;
  std::vector<rd_kafka_message_t*> messages_;
};

/// The record of a message, without a copy of key and value: `owner` keeps the message.
[[nodiscard]] log_record record_of(const rd_kafka_message_t& message,
                                   const std::shared_ptr<const void>& owner);

/// What goes out, by reference: none of it is copied but the headers, which the message takes over.
struct outgoing {
  rd_kafka_topic_t* topic = nullptr;
  std::uint32_t partition = 0;
  std::string_view key;        ///< no data: no key
  const void* value = nullptr; ///< null: a tombstone
  std::size_t size = 0;
  std::int64_t timestamp_ms = 0; ///< 0: now
  rd_kafka_headers_t* headers = nullptr;
  void* opaque = nullptr; ///< comes with the delivery report
};

/// Hands it to a producer. The headers are still the caller's when it does not take the record.
[[nodiscard]] rd_kafka_resp_err_t produce(rd_kafka_t* with, const outgoing& what);

/// Hands a record to a producer; key and value are not copied, so they must stay until the delivery
/// report. The report comes with `opaque`.
[[nodiscard]] rd_kafka_resp_err_t produce(rd_kafka_t* with, rd_kafka_topic_t* topic,
                                          std::uint32_t partition, const record& what,
                                          void* opaque);

} // namespace sallyport::kafka
