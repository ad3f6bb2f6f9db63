#pragma once

#include "engine/lane/input.hpp"
#include "engine/lane/stage.hpp"
#include "engine/state/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sallyport::lane {

/// What the door of a lane let in, as it is kept: with number and time, replies whole, records by
/// their position on the log, and the hashes of the keys touched. From it and the log any epoch can
/// be run again to the same bytes.
///
/// One block an epoch, named by part, partition and the first number in it, with a checksum. Stages
/// are named, not numbered.
struct journal_records {
  std::uint64_t first_number = 0;
  wall_time now{};
  std::int64_t first_offset = 0;
  std::uint64_t count = 0; ///< offsets without gaps

  friend bool operator==(const journal_records&, const journal_records&) = default;
};

struct journal_signal {
  std::uint64_t number = 0;
  wall_time now{};
  std::variant<tick, answer, command> what; ///< the stage of an answer or command is in `stage`
  std::string stage;
  std::int64_t next_offset = 0; ///< of the tick of an opening: where the lane stood on the log
};

using journal_entry = std::variant<journal_records, journal_signal>;

struct journal_block {
  std::vector<journal_entry> entries;
  std::vector<std::uint32_t> keys; ///< murmur2 of the record keys, sorted
};

/// Gathers a block. Confined to the door.
class journal_writer {
public:
  void add(const journal_records& what);
  void add(const signal& what, std::string_view stage, std::int64_t next_offset);
  void touch(std::string_view key);

  [[nodiscard]] bool empty() const noexcept { return body_.empty(); }
  /// The block's row; the writer is empty then.
  [[nodiscard]] store_change take(const lane_name& lane);

private:
  std::string body_;
  std::uint64_t first_number_ = 0;
  wall_time first_now_{};
  std::vector<std::uint32_t> keys_; ///< sorted when they are taken
};

[[nodiscard]] std::string journal_prefix(std::string_view part, std::uint32_t partition);

[[nodiscard]] result<journal_block> read_journal_block(std::string_view row);

/// The range of blocks of a lane that began before `before` and are followed by a younger one.
[[nodiscard]] result<std::optional<store_batch::range>>
expired_journal(const store& in, const lane_name& lane, wall_time before);

} // namespace sallyport::lane
