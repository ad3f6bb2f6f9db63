#pragma once

#include "engine/connectors/ingress.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

namespace sallyport {

/// What every egress does with its thread: works on what a topic has, and waits for more.
///
/// Thread safety: `follow` in one thread, `stop` from any.
class log_follower {
public:
  /// Does a step of the work; false when there was nothing to do.
  using step = std::function<result<bool>()>;

  /// Until `stop` is called or a step fails.
  [[nodiscard]] status follow(log& of, const std::string& topic, const step& work);
  void stop();

private:
  std::mutex guard_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool news_ = false; ///< records were appended since the last look
};

} // namespace sallyport
