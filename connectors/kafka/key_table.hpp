#pragma once

#include "connectors/kafka/cluster.hpp"
#include "connectors/kafka/reader.hpp"

#include "engine/time/clock.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace sallyport::kafka {

/// The idempotency keys that were used in the last day, by any process of the application.
///
/// Problem: a client that repeats a request may reach another process, even while the first is
/// still writing. Idea: the row of a key is in the transaction of its records, in a topic of one
/// partition. A look first reads that partition up to its end, open transactions included, so it
/// waits for those; and who has written its own row looks whether another's stands before it.
///
/// Confined to one thread.
///
/// Invariants:
/// 1. After `refresh` it knows every key that was committed before the call.
class key_table {
public:
  key_table(const cluster& of, std::string topic, std::int16_t replication,
            const wall_clock& clock);

  /// Makes the topic if need be and reads what is new.
  [[nodiscard]] status refresh();

  /// The first offset of the records that were written under the key.
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view topic, std::string_view key);

  /// A row for the key, to be written with the records.
  [[nodiscard]] record row(std::string_view topic, std::string_view key, std::int64_t first,
                           wall_time now) const;
  [[nodiscard]] const partition_id& at() const noexcept { return at_; }

  /// Rows of ours stand open at those offsets: whether one of another process is before one of them
  /// and has its key.
  [[nodiscard]] result<bool> has_rivals(const std::map<std::string, std::int64_t>& ours);

  [[nodiscard]] static std::string row_key(std::string_view topic, std::string_view key);

private:
  struct seen {
    std::int64_t first = 0;
    wall_time at;
  };

  [[nodiscard]] status make_topic();
  void remember(const log_record& row);
  void forget_old();

  const cluster& of_;
  const partition_id at_;
  const std::int16_t replication_;
  const wall_clock& clock_;
  bool made_ = false;
  listeners nobody_;
  reader committed_;
  reader open_;
  std::int64_t next_ = 0;
  std::map<std::string, seen, std::less<>> keys_;
  std::deque<std::pair<wall_time, std::string>> by_age_;
};

} // namespace sallyport::kafka
