#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::observe {

/// Label names and values. Values come from small fixed sets (stage, lane, peer, reason): never
/// from records.
using labels = std::map<std::string, std::string>;

/// Thread safety of all three: any thread. Counters and gauges are lock-free, a histogram holds a
/// lock for the time of one addition. They live as long as their `metrics`.
///
/// What is added to a counter is never negative; such an addition changes nothing.
class counter {
public:
  virtual ~counter() = default;
  virtual void add(double by = 1) = 0;
  [[nodiscard]] virtual double value() const = 0;
};

class gauge {
public:
  virtual ~gauge() = default;
  virtual void set(double to) = 0;
  virtual void add(double by) = 0;
  [[nodiscard]] virtual double value() const = 0;
};

class histogram {
public:
  virtual ~histogram() = default;
  virtual void observe(double value) = 0;
};

/// The metrics of a process, in Prometheus' form. Observed per batch, not per record.
///
/// Thread safety: all functions from any thread.
///
/// Invariants
/// 1. Asking again for the same name and labels gives the same object (help text and bounds of the
///    first one hold).
/// 2. A name is of one kind, and names fit Prometheus' form: names come from code, so anything else
///    is a mistake of ours.
/// 3. After `forget` has returned, that refresher does not run and is not running.
class metrics {
public:
  metrics();
  ~metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  counter& add_counter(const std::string& name, const std::string& help, const labels& with = {});
  gauge& add_gauge(const std::string& name, const std::string& help, const labels& with = {});
  histogram& add_histogram(const std::string& name, const std::string& help,
                           const std::vector<double>& bucket_bounds, const labels& with = {});

  /// Is run before each exposition, one at a time, to set gauges that are cheaper to read than to
  /// keep. It must not throw, nor call `before_scrape`, `forget` or `text`. @returns a handle for
  /// `forget`
  std::uint64_t before_scrape(std::function<void()> refresh);
  void forget(std::uint64_t handle);

  /// All of it as Prometheus text (format 0.0.4).
  [[nodiscard]] std::string text();

  /// Bounds for latencies in seconds, 1 ms to 60 s; and for batch sizes.
  static const std::vector<double>& latency_bounds();
  static const std::vector<double>& size_bounds();

private:
  struct body;
  std::unique_ptr<body> body_;
};

} // namespace sallyport::observe
