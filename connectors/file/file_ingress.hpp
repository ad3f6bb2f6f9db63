#pragma once

#include "engine/connectors/ingress.hpp"

#include <condition_variable>
#include <mutex>
#include <string>

namespace sallyport::file {

struct ingress_options {
  std::string path;
  bool follow = false;
  std::string key;     ///< JSON pointer to the field that is the key; empty: records have none
  std::string headers; ///< JSON pointer to an object whose members become headers; empty: none
  duration poll_interval{250};
  std::size_t line_bytes_max = 8U << 20U;
};

/// Puts each line of a file on a topic.
///
/// Problem: a reader that is killed between the log and its own note of how far it came repeats or
/// loses lines. Idea: the note is kept on the log and written in the commit of the lines, see
/// `source_position`; the source is `file-<hash of path and topic>`.
///
/// A followed file may be truncated, or replaced under its name: what is new is read from its
/// start. A file is known again by its inode and the hash of its head, as inodes are given anew.
/// What a replaced file still held when nobody followed it is not read.
///
/// Thread safety: `run` in one thread, `stop` from any.
///
/// Invariants:
/// 1. A line that ended is on the topic exactly once, whatever happens between.
/// 2. A followed line without its line break waits for it.
class file_ingress final : public ingress {
public:
  explicit file_ingress(ingress_options options);

  [[nodiscard]] status run(const target& into) override;
  void stop() override;

private:
  class reading;
  /// @returns false when it is time to stop
  bool pause();

  const ingress_options options_;
  std::mutex guard_;
  std::condition_variable stopped_;
  bool stopping_ = false;
};

} // namespace sallyport::file
