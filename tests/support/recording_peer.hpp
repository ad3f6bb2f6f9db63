#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// A peer that answers 200 to every PUT and writes down who called, in the order of arrival.
///
/// Thread safety: `calls` and `count` from any thread.
namespace sallyport::test {

class recording_peer {
public:
  struct call {
    std::chrono::system_clock::time_point at;
    std::string instance; ///< the header X-Instance
    std::string path;
    std::string idempotency_key;
  };

  explicit recording_peer(std::chrono::milliseconds latency = {});
  ~recording_peer();
  recording_peer(const recording_peer&) = delete;
  recording_peer& operator=(const recording_peer&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::vector<call> calls() const;
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::size_t count_of(const std::string& instance) const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace sallyport::test
