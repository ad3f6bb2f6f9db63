#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// HTTP as the tests speak it: to a port of this machine.
namespace sallyport::test {

struct web_answer {
  int status = 0; ///< 0: there was none
  std::string body;
};

/// One server. Each call is a connection of its own, so nothing depends on one that a restart cut.
class web {
public:
  using headers = std::map<std::string, std::string>;

  explicit web(std::uint16_t port, std::chrono::seconds patience = std::chrono::seconds{30})
    : port_(port), patience_(patience) {}

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] web_answer get(const std::string& path) const;
  [[nodiscard]] web_answer post(const std::string& path, const std::string& body,
                                const std::string& type = "application/json",
                                const headers& with = {}) const;
  [[nodiscard]] web_answer put(const std::string& path, const nlohmann::json& body) const;

private:
  std::uint16_t port_;
  std::chrono::seconds patience_;
};

/// A value a line.
[[nodiscard]] std::vector<nlohmann::json> ndjson(const std::string& text);

/// A page of metrics in Prometheus' text form.
class metrics_page {
public:
  using labels = std::map<std::string, std::string>;

  explicit metrics_page(const std::string& text);

  /// The sum over all series of the name that have these labels.
  [[nodiscard]] double sum(const std::string& name, const labels& with = {}) const;
  [[nodiscard]] bool has(const std::string& name) const { return series_.contains(name); }

  struct series {
    labels of;
    double value = 0;
  };
  [[nodiscard]] std::vector<series> all(const std::string& name) const {
    const auto found = series_.find(name);
    return found == series_.end() ? std::vector<series>{} : found->second;
  }

private:
  std::map<std::string, std::vector<series>> series_;
};

} // namespace sallyport::test
