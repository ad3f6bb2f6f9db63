#pragma once

#include "connectors/kafka/settings.hpp"

#include "engine/connectors/ingress.hpp"

#include <atomic>
#include <string>

namespace sallyport::kafka {

struct ingress_options {
  connection from;
  std::string topic;
  std::string name;            ///< of the source, where the topics' names do not tell it
  bool from_end = false;       ///< of a partition without a position
  bool same_partition = false; ///< else by the key
  bool keep_headers = true;
  bool keep_time = true; ///< else the time of its arrival
  duration session_timeout{45'000};
};

/// Brings the records of a topic, of any cluster, onto a topic of the log.
///
/// Problem: a consumer's offsets and our log commit in different places; a crash between the two
/// loses or repeats. Idea: how far each partition was read is committed on our log together with
/// the records (`source_position`), and from there it goes on. The group deals the partitions out
/// among the instances of the application; the offsets that it is told are for those who watch it.
///
/// Thread safety: `run` in one thread, `stop` from any.
///
/// Invariants:
/// 1. Each committed record of the source stands on the topic once, in the order of its partition.
/// (A process that is stopped in the midst of a commit for longer than `session_timeout` can repeat
/// the records of that commit.)
/// 2. A position that the source no longer has is an error that names it, never a jump.
class kafka_ingress final : public ingress {
public:
  explicit kafka_ingress(ingress_options options) : options_(std::move(options)) {}

  [[nodiscard]] status run(const target& into) override;
  void stop() override { stopping_ = true; }

private:
  class reading;

  const ingress_options options_;
  std::atomic<bool> stopping_ = false;
};

} // namespace sallyport::kafka
