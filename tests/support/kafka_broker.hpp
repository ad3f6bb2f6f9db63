#pragma once

#include "tests/engine/state/temporary_folder.hpp"
#include "tests/support/process.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

/// A real Apache Kafka for tests: the one that all tests share, and brokers of a test's own.
///
/// The shared one is started by `tools/test`, or named by `KAFKA_BOOTSTRAP_SERVERS`; a test never
/// harms it and keeps to topics and groups of its own (`kafka_name`). What kills or stops a broker
/// takes an `own_broker`. A test that needs either begins with `SALLYPORT_KAFKA_SKIP()`; a fixture
/// says so in `SetUp`.
namespace sallyport::test {

/// The shared Kafka.
struct shared_kafka {
  std::string bootstrap_servers;
  std::string missing; ///< why there is none, and what to do; empty if there is one
};
[[nodiscard]] const shared_kafka& kafka();

/// `what` made unique in all processes and runs: for topics, groups, applications.
[[nodiscard]] std::string kafka_name(const std::string& what);

#define SALLYPORT_KAFKA_SKIP()                                                                     \
  do {                                                                                             \
    if (const auto& why = ::sallyport::test::kafka().missing; !why.empty())                        \
      GTEST_SKIP() << why;                                                                         \
  } while (false)

/// One or more brokers of the test's own; they end with the object, or with the process. A new one
/// takes about three seconds. Failures throw: a test can do nothing about them.
class own_broker {
public:
  struct options {
    unsigned brokers = 1;
    std::vector<std::string> properties; ///< of the broker, as "name=value"
  };

  own_broker() : own_broker(options{}) {}
  explicit own_broker(const options& how);
  ~own_broker();
  own_broker(const own_broker&) = delete;
  own_broker& operator=(const own_broker&) = delete;

  [[nodiscard]] const std::string& bootstrap_servers() const noexcept { return servers_; }

  /// kill -9, of all or of one; the brokers count from 1.
  void kill(unsigned broker = 0);
  /// kill -9 if it runs, and a start at the same port with the same data; returns when it answers.
  /// Takes about five seconds: a broker's session must end before it is let in again.
  void restart(unsigned broker = 0);
  /// SIGSTOP: connections stay open and nothing answers.
  void pause(unsigned broker = 1) const;
  /// SIGCONT.
  void resume(unsigned broker = 1) const;
  [[nodiscard]] bool runs(unsigned broker = 1) const { return process_of(broker) > 0; }
  /// In order.
  void stop();

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// What a broker has written to its log; for messages of tests.
  [[nodiscard]] std::string said(unsigned broker = 1) const;

  /// What tools/kafka needs of the environment when a test runs it.
  [[nodiscard]] static std::map<std::string, std::string> environment();

private:
  std::string tool(std::vector<std::string> words) const;
  [[nodiscard]] pid_t process_of(unsigned broker) const;

  temporary_folder files_;
  std::filesystem::path folder_;
  std::string servers_;
};

} // namespace sallyport::test
