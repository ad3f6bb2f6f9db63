#pragma once

#include "engine/connectors/ingress.hpp"
#include "engine/connectors/log_follower.hpp"

#include <string>

namespace sallyport::file {

struct egress_options {
  std::string path;
  std::size_t batch_bytes = 1U << 20U; ///< of records that are written and synced together
};

/// Writes the committed records of a topic as lines of JSON (see `record_lines`) behind each other.
///
/// Problem: between the sync of the lines and the commit of the position a crash can come; the
/// lines would be written again. Idea: a line holds its partition and offset, and the position of
/// one partition is committed before lines of another are written. So what the file is ahead of the
/// log are the last lines of one partition, and the file's own end says where to go on. A last line
/// that was not written whole is cut off. No second file is needed.
///
/// Its application is `<application>.file-<hash of path and topic>`; retention waits for it.
///
/// Thread safety: `run` in one thread, `stop` from any.
///
/// Invariants:
/// 1. Every record that was committed since the first run stands in the file once, in order within
/// its partition.
/// 2. The position is committed after the lines are synced, never before.
class file_egress final : public egress {
public:
  explicit file_egress(egress_options options);

  [[nodiscard]] status run(const source& of) override;
  void stop() override { follower_.stop(); }

private:
  class writing;

  const egress_options options_;
  log_follower follower_;
};

} // namespace sallyport::file
