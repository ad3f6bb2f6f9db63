#pragma once

#include "engine/log/log.hpp"
#include "engine/services/http_server.hpp"

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport {

class record_lines;

/// Reads topics for people and tools: `GET /log` lists them, `GET /log/<topic>` gives records as
/// NDJSON, see `record_lines`.
///
/// `from` and `to` count in each partition and `limit` is for all of them together; lines come by
/// offset, then partition, so that the next page begins `from` the last offset of this one.
/// `partition` keeps to one; `key`, `grep`, `since` and `until` leave out lines. What is appended
/// after the request came is not in its answer.
///
/// Thread safety: handlers run on the threads of the server.
class log_service {
public:
  /// As good as none: an answer is sent in parts, so it takes no memory.
  static constexpr std::uint64_t limit_max = 1'000'000'000'000;
  static constexpr std::uint64_t limit_by_default = 1'000;

  /// `from` outlives the service, and the server's answers under way.
  explicit log_service(log& from) : from_(from) {}

  /// Adds the routes. @pre the server is not started
  void serve_on(http_server& server);

  [[nodiscard]] http_response topics(const http_request& request) const;
  [[nodiscard]] http_response read(const http_request& request) const;

private:
  log& from_;
};

/// What `GET /log/<topic>` answers, in parts.
///
/// Confined to one thread at a time.
class log_lines {
public:
  struct range {
    std::string topic;
    std::vector<std::uint32_t> partitions;
    std::int64_t from = 0;
    std::int64_t to = std::numeric_limits<std::int64_t>::max(); ///< the first that is left out
    std::uint64_t limit = log_service::limit_by_default;
    std::optional<wall_time> since; ///< only records of this time or later
    std::optional<wall_time> until; ///< and only earlier ones
    std::optional<std::string> key; ///< only records of it
    std::string grep;               ///< only lines that hold the text

    /// As the parameters of a request say it.
    [[nodiscard]] static result<range> of(const topic_config& topic, const query_parameters& asked);
  };

  /// Notes the ends of the partitions: nothing behind them is read.
  [[nodiscard]] static result<log_lines> open(const log& of, const range& wanted);

  log_lines(log_lines&&) noexcept;
  log_lines& operator=(log_lines&&) noexcept;
  ~log_lines();

  /// Some lines more, empty at the end.
  [[nodiscard]] result<std::string> next();

private:
  struct cursor {
    partition_id from;
    std::int64_t next = 0;
    std::int64_t end = 0;
    std::vector<log_record> ahead; ///< read and not given yet, from `taken` on
    std::size_t taken = 0;
  };

  log_lines(const log& of, range wanted);
  [[nodiscard]] status fill(cursor& of);
  [[nodiscard]] result<cursor*> least();
  [[nodiscard]] bool wants(const record& what) const;

  const log* log_;
  range wanted_;
  std::vector<cursor> cursors_;
  std::unique_ptr<record_lines> lines_;
};

/// A 404 that names the nearest topic.
[[nodiscard]] http_response unknown_topic(const log& in, const std::string& name);

} // namespace sallyport
