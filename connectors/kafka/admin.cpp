#include "connectors/kafka/admin.hpp"

#include <array>

namespace sallyport::kafka {

namespace {

struct destroy_options {
  void operator()(rd_kafka_AdminOptions_t* p) const noexcept { rd_kafka_AdminOptions_destroy(p); }
};

} // namespace

result<owned<rd_kafka_event_t>>
ask(rd_kafka_t* with, rd_kafka_admin_op_t kind, std::string_view tried,
    const std::function<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>& send) {
  const std::unique_ptr<rd_kafka_AdminOptions_t, destroy_options> options{
    rd_kafka_AdminOptions_new(with, kind)};
  const owned<rd_kafka_queue_t> queue{rd_kafka_queue_new(with)};
  const auto wait = static_cast<int>(answer_within.count());
  std::array<char, 256> why{};
  if (rd_kafka_AdminOptions_set_request_timeout(options.get(), wait, why.data(), why.size()) !=
      RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(error::internal(std::string{tried} + ": " + why.data()));
  send(options.get(), queue.get());
  // The request ends by its own timeout; the second only covers for what stands in line before it.
  owned<rd_kafka_event_t> answer{rd_kafka_queue_poll(queue.get(), wait + 1'000)};
  if (answer == nullptr)
    return fail(error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, tried));
  if (const auto code = rd_kafka_event_error(answer.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(error_of(code, tried));
  return answer;
}

result<owned<const rd_kafka_metadata_t>> metadata_of(rd_kafka_t* with, const char* topic) {
  // A consumer's handle makes no topic by asking for it.
  owned<rd_kafka_topic_t> one{topic == nullptr ? nullptr
                                               : rd_kafka_topic_new(with, topic, nullptr)};
  const rd_kafka_metadata_t* found = nullptr;
  const auto code = rd_kafka_metadata(with, one == nullptr ? 1 : 0, one.get(), &found,
                                      static_cast<int>(answer_within.count()));
  owned<const rd_kafka_metadata_t> owned_found{found};
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(error_of(code, "the cluster's topics cannot be read"));
  return owned_found;
}

} // namespace sallyport::kafka
