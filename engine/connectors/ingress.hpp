#pragma once

#include "engine/core/error.hpp"
#include "engine/core/record.hpp"
#include "engine/log/log.hpp"

#include <memory>
#include <string>

namespace sallyport {

/// Brings records from outside onto a topic. The host of connectors owns the thread and calls `run`
/// once; records reach the topology through the log only, so nothing is processed that is not on
/// the log.
///
/// A source with a position of its own (a file) gives it with the records (`idempotency_key` of
/// `log::append`, or a position that it keeps on the log), so that a restart neither loses nor
/// repeats.
class ingress {
public:
  virtual ~ingress() = default;

  /// What an ingress may use. Valid until `run` returns.
  struct target {
    sallyport::log* to = nullptr;
    topic_config topic;
    std::string application; ///< names the position of a source, together with the binding
  };

  /// Reads until the source ends or `stop` is called (from another thread).
  [[nodiscard]] virtual status run(const target& into) = 0;
  virtual void stop() = 0;
};

/// Takes committed records of a topic outside: reads the log as one more application,
/// `<application>.<binding>`, and commits its position after what it wrote is safe.
class egress {
public:
  virtual ~egress() = default;

  struct source {
    sallyport::log* from = nullptr;
    topic_config topic;
    std::string application;
  };

  [[nodiscard]] virtual status run(const source& of) = 0;
  virtual void stop() = 0;
};

} // namespace sallyport
