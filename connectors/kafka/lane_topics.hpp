#pragma once

#include "engine/log/membership.hpp"

#include <string>
#include <string_view>

/// The topics that a log over Kafka adds to those of the topology. Partition p of each belongs to
/// the lane that reads partition p of the part's source.
namespace sallyport::kafka {

/// Compacted: a row of a lane by its key, no value when it is gone. The first record names the
/// topic (`identity_key`), so that a copy knows whether it is of this one.
inline std::string changelog_topic(std::string_view application, std::string_view part) {
  return std::string{application} + "." + std::string{part} + ".changelog";
}

/// What the doors let in, for replay; a block that is too long for a record goes in several.
inline std::string journal_topic(std::string_view application, std::string_view part) {
  return std::string{application} + "." + std::string{part} + ".journal";
}

inline constexpr std::string_view identity_key{"\0identity", 9};

/// Where the copy of a lane in the store stands: a row of `family::meta`.
inline std::string copy_row(const lane_place& lane) {
  return "changelog/" + lane.part + "/" + std::to_string(lane.source.partition);
}

} // namespace sallyport::kafka
