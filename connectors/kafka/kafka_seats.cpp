#include "connectors/kafka/admin.hpp"
#include "connectors/kafka/kafka_log.hpp"

namespace sallyport::kafka {

namespace {

/// The client id of a host's member is `instance/host@address`.
lane_seat seat_of(std::string_view client_id) {
  lane_seat seat;
  auto at = client_id.find('@');
  auto name = client_id.substr(0, at);
  seat.instance = name.substr(0, name.rfind('/'));
  if (at != std::string_view::npos)
    seat.address = client_id.substr(at + 1);
  return seat;
}

void add_seats(const rd_kafka_MemberDescription_t& member, std::vector<lane_seat>& to) {
  auto seat = seat_of(rd_kafka_MemberDescription_client_id(&member));
  const auto* assignment = rd_kafka_MemberDescription_assignment(&member);
  const auto* partitions =
    assignment == nullptr ? nullptr : rd_kafka_MemberAssignment_partitions(assignment);
  for (int i = 0; partitions != nullptr && i < partitions->cnt; ++i) {
    seat.source = {partitions->elems[i].topic,
                   static_cast<std::uint32_t>(partitions->elems[i].partition)};
    to.push_back(seat);
  }
}

} // namespace

result<std::vector<lane_seat>> kafka_log::seats() const {
  const auto& group = in_.application;
  SALLYPORT_TRY(auto answer, ask(of_->probe().get(), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
                                 "asking who has which lane",
                                 [&](rd_kafka_AdminOptions_t* how, rd_kafka_queue_t* to) {
                                   const char* name = group.c_str();
                                   rd_kafka_DescribeConsumerGroups(of_->probe().get(), &name, 1,
                                                                   how, to);
                                 }));
  std::size_t count = 0;
  const auto* const* groups = rd_kafka_DescribeConsumerGroups_result_groups(
    rd_kafka_event_DescribeConsumerGroups_result(answer.get()), &count);
  std::vector<lane_seat> all;
  if (count != 1)
    return all;
  if (const auto* problem = rd_kafka_ConsumerGroupDescription_error(groups[0]); problem != nullptr)
    return fail(error_of(*problem, "asking who has which lane"));
  for (std::size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(groups[0]); ++i)
    add_seats(*rd_kafka_ConsumerGroupDescription_member(groups[0], i), all);
  return all;
}

} // namespace sallyport::kafka
