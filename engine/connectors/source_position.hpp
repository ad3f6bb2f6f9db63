#pragma once

#include "engine/log/log.hpp"

#include <optional>
#include <string>

namespace sallyport {

/// Where a source of an ingress has come to, kept on the log.
///
/// Problem: a source that notes its position beside the log repeats or loses records when it dies
/// between the two. Idea: a small topic for each source, `<application>.<source>`, to which the
/// commit of the records adds the new position; the last record counts.
///
/// Confined to one ingress.
class source_position {
public:
  /// Makes the topic if need be and finds the last position. `to` outlives the result.
  [[nodiscard]] static result<source_position> open(log& to, const std::string& application,
                                                    const std::string& source);

  /// What an earlier run has left, in the words of the source.
  [[nodiscard]] const std::optional<std::string>& last() const noexcept { return last_; }

  /// Commits records together with the position behind them.
  [[nodiscard]] status commit(std::vector<log_append> records, const std::string& position,
                              wall_time now);

private:
  source_position(log& to, partition_id at) : log_(&to), at_(std::move(at)) {}

  log* log_;
  partition_id at_;
  std::optional<std::string> last_;
};

/// Eight hex digits that tell texts apart: for the names of sources.
[[nodiscard]] std::string short_hash(std::string_view text);

} // namespace sallyport
