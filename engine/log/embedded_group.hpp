#pragma once

#include "engine/log/embedded_parts.hpp"

#include <map>

namespace sallyport {

/// One write of the embedded log, for all who wait.
///
/// Idea: each request is checked against what the ones before it in the group will have written; a
/// request that fails adds nothing. Small appends to one partition share a row.
///
/// Thread safety: none; its user holds the log's `write_guard_`.
class embedded_log::group_write {
public:
  explicit group_write(embedded_log& log) : log_(log) {}

  void begin(wall_time now);
  /// Checks the request and takes it in; its memory must last until `write`.
  [[nodiscard]] status add(request& wanted);
  /// Writes all that was taken in and makes it visible.
  [[nodiscard]] status write();

private:
  struct row {
    std::int64_t base = 0;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    std::vector<std::string_view> bodies;
  };
  struct target {
    topic_state* topic = nullptr;
    std::uint32_t partition = 0;
    std::int64_t end = 0;
    std::uint64_t bytes = 0;
    std::vector<row> rows;
  };

  [[nodiscard]] result<target*> target_of(const partition_id& of);
  [[nodiscard]] status check_positions(const request& wanted);
  /// @returns whether the key was used before
  [[nodiscard]] result<bool> find_key(request& wanted);
  [[nodiscard]] status put_key(const request& wanted);
  static void place(target& to, const request::encoded& records);
  [[nodiscard]] status put_positions(const log_commit& commit);
  [[nodiscard]] status put_rows(const target& from);
  [[nodiscard]] status put_meta(const std::string& key, const std::string& value);
  void publish();

  embedded_log& log_;
  wall_time now_{};
  rocksdb::WriteBatch batch_;
  std::map<partition_id, target> targets_;
  std::map<std::pair<std::uint32_t, std::string>, std::int64_t> keys_;
  status broken_;
};

} // namespace sallyport
