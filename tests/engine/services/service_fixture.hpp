#pragma once

// As the library of the system is built; its classes differ without these.
#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#define CPPHTTPLIB_BROTLI_SUPPORT
#endif

#include "engine/log/memory_log.hpp"
#include "engine/services/http_server.hpp"
#include "engine/state/memory_store.hpp"
#include "engine/time/clock.hpp"

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace sallyport {

/// A server on a port of its own, over a log in memory.
class service_test : public ::testing::Test {
protected:
  void make_topic(const std::string& name, std::uint32_t partitions) {
    ASSERT_TRUE(log_.create_topic({name, partitions, duration{0}, 0}));
  }

  void start() {
    const auto port = server_.start("127.0.0.1", 0);
    ASSERT_TRUE(port) << port.error().what;
    client_ = std::make_unique<httplib::Client>("127.0.0.1", *port);
    client_->set_keep_alive(true);
    client_->set_read_timeout(20, 0);
  }

  httplib::Response get(const std::string& path) {
    auto came = client_->Get(path);
    EXPECT_TRUE(came) << path << ": " << httplib::to_string(came.error());
    return came ? *came : httplib::Response{};
  }

  httplib::Response post(const std::string& path, const std::string& body,
                         const std::string& type = "application/json",
                         const httplib::Headers& headers = {}) {
    auto came = client_->Post(path, headers, body, type);
    EXPECT_TRUE(came) << path << ": " << httplib::to_string(came.error());
    return came ? *came : httplib::Response{};
  }

  static std::string error_of(const httplib::Response& came) {
    const auto body = nlohmann::json::parse(came.body, nullptr, false);
    return body.is_object() ? body.value("error", "") : "no JSON: " + came.body;
  }

  static std::vector<nlohmann::json> lines_of(const std::string& text) {
    std::vector<nlohmann::json> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);)
      lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  std::vector<record> records(const std::string& topic, std::uint32_t partition) {
    std::vector<record> all;
    const auto read = log_.read({topic, partition}, 0, {100'000, 1U << 30U});
    EXPECT_TRUE(read);
    for (const auto& each : *read)
      all.push_back(each.rec);
    return all;
  }

  manual_clock clock_{wall_time{duration{1'769'850'000'123}}};
  memory_store store_;
  memory_log log_{store_, clock_};
  http_server server_{{.body_bytes_max = 1U << 20U, .threads = 4}};
  std::unique_ptr<httplib::Client> client_;
};

} // namespace sallyport
