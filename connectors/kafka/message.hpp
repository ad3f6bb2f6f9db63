#pragma once

#include "connectors/kafka/client.hpp"

#include "engine/log/log.hpp"

#include <memory>
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

/// Hands a record to a producer; key and value are not copied, so they must stay until the delivery
/// report. The report comes with `opaque`.
[[nodiscard]] rd_kafka_resp_err_t produce(rd_kafka_t* with, rd_kafka_topic_t* topic,
                                          std::uint32_t partition, const record& what,
                                          void* opaque);

} // namespace sallyport::kafka
