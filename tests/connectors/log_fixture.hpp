#pragma once

#include "engine/connectors/ingress.hpp"
#include "engine/log/memory_log.hpp"
#include "engine/state/memory_store.hpp"
#include "engine/time/clock.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace sallyport {

/// A log in memory with a topic, and a folder that is gone after the test.
class log_test : public ::testing::Test {
protected:
  static constexpr std::chrono::seconds patience{20};

  log_test()
    : folder_(std::filesystem::temp_directory_path() /
              ("sallyport_test_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(log_.create_topic(topic_));
    handle_ = log_.subscribe([this](const partition_id&) {
      std::lock_guard lock{guard_};
      changed_.notify_all();
    });
  }
  ~log_test() override {
    log_.unsubscribe(handle_);
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream{path(name), std::ios::binary | std::ios::trunc} << text;
  }
  void add(const std::string& name, const std::string& text) const {
    std::ofstream{path(name), std::ios::binary | std::ios::app} << text;
  }
  [[nodiscard]] std::string text_of(const std::string& name) const {
    std::ifstream in{path(name), std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  [[nodiscard]] std::vector<record> records(std::uint32_t partition) const {
    std::vector<record> all;
    const auto read = log_.read({topic_.name, partition}, 0, {1'000'000, 1U << 30U});
    EXPECT_TRUE(read);
    for (const auto& each : *read)
      all.push_back(each.rec);
    return all;
  }

  /// Values of all partitions, one after the other.
  [[nodiscard]] std::vector<std::string> values() const {
    std::vector<std::string> all;
    for (std::uint32_t i = 0; i < topic_.partitions; ++i)
      for (const auto& each : records(i))
        all.push_back(each.value.str());
    return all;
  }

  /// Waits until the topic has as many records.
  [[nodiscard]] bool wait_for_records(std::size_t count) {
    std::unique_lock lock{guard_};
    return changed_.wait_for(lock, patience, [&] { return values().size() >= count; });
  }

  [[nodiscard]] ingress::target target() { return {&log_, topic_, "app"}; }
  [[nodiscard]] egress::source source() { return {&log_, topic_, "app"}; }

  const topic_config topic_{"events", 1, duration{0}, 0};
  manual_clock clock_{wall_time{duration{1'769'850'000'123}}};
  memory_store store_;
  memory_log log_{store_, clock_};

private:
  std::filesystem::path folder_;
  std::uint64_t handle_ = 0;
  std::mutex guard_;
  std::condition_variable changed_;
};

} // namespace sallyport
