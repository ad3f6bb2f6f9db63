#pragma once

#include "connectors/kafka/cluster.hpp"

#include "engine/log/log.hpp"

#include <memory>
#include <mutex>

namespace sallyport::kafka {

/// Writes records outside of any transaction: an idempotent producer, shared by all who append.
///
/// Thread safety: `append` from any thread; it waits until the records are safe.
///
/// Invariants:
/// 1. A try that librdkafka repeats is written once. After an error it is not known what was
/// written.
/// 2. When `append` returns, nothing points into the records any more.
class appender {
public:
  explicit appender(const cluster& of) : of_(of) {}

  /// @returns the offset of the first, and the one behind the last
  [[nodiscard]] result<offset_range> append(const log_append& records);

private:
  class producer;

  [[nodiscard]] result<std::shared_ptr<producer>> current();
  void replace(const std::shared_ptr<producer>& broken);

  const cluster& of_;
  std::mutex guard_;
  std::shared_ptr<producer> now_;
};

} // namespace sallyport::kafka
