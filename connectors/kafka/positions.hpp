#pragma once

#include "connectors/kafka/client.hpp"

#include "engine/log/log.hpp"

#include <optional>
#include <vector>

namespace sallyport::kafka {

/// The offsets that a group has committed, in the order of the partitions; nothing where it has
/// none. Waits for transactions that hold them.
[[nodiscard]] result<std::vector<std::optional<std::int64_t>>>
group_positions(rd_kafka_t* with, const std::string& group, const std::vector<partition_id>& of);

} // namespace sallyport::kafka
