#include "connectors/kafka/positions.hpp"

#include "connectors/kafka/admin.hpp"

#include <chrono>
#include <memory>
#include <thread>

namespace sallyport::kafka {

namespace {

struct destroy_request {
  void operator()(rd_kafka_ListConsumerGroupOffsets_t* p) const noexcept {
    rd_kafka_ListConsumerGroupOffsets_destroy(p);
  }
};

constexpr std::chrono::milliseconds ask_again_after{10};

/// The coordinator moves or loads, or a transaction holds the offset.
bool is_passing(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT ||
         code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
         code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
         code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE;
}

partition_list list_of(const std::vector<partition_id>& of) {
  partition_list made{rd_kafka_topic_partition_list_new(static_cast<int>(of.size()))};
  for (const auto& each : of)
    rd_kafka_topic_partition_list_add(made.get(), each.topic.c_str(),
                                      static_cast<std::int32_t>(each.partition));
  return made;
}

struct answered {
  rd_kafka_resp_err_t problem = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::vector<std::optional<std::int64_t>> offsets;
};

answered read_answer(rd_kafka_event_t* answer, const std::vector<partition_id>& of) {
  std::size_t count = 0;
  const auto* const* groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
    rd_kafka_event_ListConsumerGroupOffsets_result(answer), &count);
  answered made;
  made.offsets.resize(of.size());
  if (count != 1)
    return made;
  if (const auto* problem = rd_kafka_group_result_error(groups[0]); problem != nullptr) {
    made.problem = rd_kafka_error_code(problem);
    return made;
  }
  const auto* all = rd_kafka_group_result_partitions(groups[0]);
  for (std::size_t i = 0; i < of.size(); ++i) {
    const auto* found = rd_kafka_topic_partition_list_find(
      const_cast<rd_kafka_topic_partition_list_t*>(all), // only read, in all versions
      of[i].topic.c_str(), static_cast<std::int32_t>(of[i].partition));
    if (found == nullptr)
      continue;
    if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR)
      made.problem = found->err;
    else if (found->offset >= 0)
      made.offsets[i] = found->offset;
  }
  return made;
}

} // namespace

result<std::vector<std::optional<std::int64_t>>>
group_positions(rd_kafka_t* with, const std::string& group, const std::vector<partition_id>& of) {
  const auto tried = "the positions of " + group + " cannot be read";
  const auto list = list_of(of);
  const std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, destroy_request> request{
    rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get())};
  auto* asked = request.get();
  const auto until = std::chrono::steady_clock::now() + answer_within;
  for (;;) {
    auto answer = ask(with, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, tried,
                      [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                        const owned<rd_kafka_error_t> refused{
                          rd_kafka_AdminOptions_set_require_stable_offsets(options, 1)};
                        rd_kafka_ListConsumerGroupOffsets(with, &asked, 1, options, queue);
                      });
    if (!answer)
      return fail(answer.error());
    auto read = read_answer(answer->get(), of);
    if (read.problem == RD_KAFKA_RESP_ERR_NO_ERROR)
      return std::move(read.offsets);
    if (!is_passing(read.problem) || std::chrono::steady_clock::now() >= until)
      return fail(error_of(read.problem, tried));
    std::this_thread::sleep_for(ask_again_after);
  }
}

} // namespace sallyport::kafka
