#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Kafka as an outsider sees it: tests put records in and look at what came out, with none of the
/// code that they test. Failures throw: a test can do nothing about them.
namespace sallyport::test {

struct kafka_record {
  std::int32_t partition = -1; ///< below 0: by the key, as Kafka's own clients do
  std::int64_t offset = -1;
  std::int64_t time_ms = -1; ///< below 0: now
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::map<std::string, std::string> headers;

  friend bool operator==(const kafka_record&, const kafka_record&) = default;
};

class kafka_client {
public:
  using properties = std::map<std::string, std::string>;

  explicit kafka_client(std::string bootstrap_servers);
  ~kafka_client();
  kafka_client(const kafka_client&) = delete;
  kafka_client& operator=(const kafka_client&) = delete;

  void create_topic(const std::string& name, std::int32_t partitions,
                    const properties& with = {}) const;
  void delete_topic(const std::string& name) const;

  /// Returns when the broker has all of them.
  void produce(const std::string& topic, const std::vector<kafka_record>& records) const;

  /// All committed records of a topic: partition after partition, each in order.
  [[nodiscard]] std::vector<kafka_record> read(const std::string& topic) const;
  /// One behind the last record of each partition, markers of transactions counted. What a
  /// transaction has not ended yet is left out if `committed`.
  [[nodiscard]] std::vector<std::int64_t> ends(const std::string& topic,
                                               bool committed = false) const;
  /// What a group has committed for each partition; -1 where nothing.
  [[nodiscard]] std::vector<std::int64_t> committed(const std::string& group,
                                                    const std::string& topic) const;
  [[nodiscard]] std::int32_t partitions(const std::string& topic) const;

private:
  struct parts;
  std::string servers_;
  std::unique_ptr<parts> parts_;
};

} // namespace sallyport::test
