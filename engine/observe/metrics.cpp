#include "engine/observe/metrics.hpp"

#include "engine/core/assert.hpp"

#include <algorithm>
#include <mutex>
#include <sstream>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace sallyport::observe {

namespace {

class library_counter final : public counter {
public:
  explicit library_counter(prometheus::Counter& what) : what_(what) {}
  void add(double by) override { what_.Increment(by); }
  [[nodiscard]] double value() const override { return what_.Value(); }

private:
  prometheus::Counter& what_;
};

class library_gauge final : public gauge {
public:
  explicit library_gauge(prometheus::Gauge& what) : what_(what) {}
  void set(double to) override { what_.Set(to); }
  void add(double by) override { what_.Increment(by); }
  [[nodiscard]] double value() const override { return what_.Value(); }

private:
  prometheus::Gauge& what_;
};

class library_histogram final : public histogram {
public:
  explicit library_histogram(prometheus::Histogram& what) : what_(what) {}
  void observe(double value) override { what_.Observe(value); }

private:
  prometheus::Histogram& what_;
};

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// [a-zA-Z_][a-zA-Z0-9_]*: the colon is left to recording rules.
bool is_name(std::string_view name) noexcept {
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c); });
}

bool are_label_names(const labels& with) noexcept {
  return std::ranges::all_of(with, [](const auto& label) {
    return is_name(label.first) && !label.first.starts_with("__") && label.first != "le" &&
           label.first != "quantile";
  });
}

bool ascend(const std::vector<double>& bounds) noexcept {
  return !bounds.empty() &&
         std::ranges::adjacent_find(bounds, std::greater_equal<>{}) == bounds.end();
}

/// All metrics of one name, and the objects handed out for them.
template <class Wrapper, class Metric>
struct family {
  prometheus::Family<Metric>* of = nullptr;
  std::map<labels, Wrapper> members;
};

} // namespace

struct metrics::body {
  // Held only to find or make a metric.
  std::mutex guard;
  prometheus::Registry registry;
  std::map<std::string, family<library_counter, prometheus::Counter>> counters;
  std::map<std::string, family<library_gauge, prometheus::Gauge>> gauges;
  std::map<std::string, family<library_histogram, prometheus::Histogram>> histograms;

  // Held while the refreshers run, so that none of them runs after it was forgotten.
  std::mutex scraping;
  std::uint64_t next_handle = 1;
  std::map<std::uint64_t, std::function<void()>> refreshers;

  /// Whether `name` is free or in use for this kind only.
  [[nodiscard]] bool one_kind(const std::string& name, const void* kind) const {
    return (kind == &counters || !counters.contains(name)) &&
           (kind == &gauges || !gauges.contains(name)) &&
           (kind == &histograms || !histograms.contains(name));
  }

  template <class Families, class Builder, class... Arguments>
  auto& find_or_add(Families& families, Builder builder, const std::string& name,
                    const std::string& help, const labels& with, const Arguments&... arguments) {
    SALLYPORT_ASSERT(is_name(name));
    SALLYPORT_ASSERT(are_label_names(with));
    std::lock_guard lock{guard};
    SALLYPORT_ASSERT(one_kind(name, &families));
    auto& family = families[name];
    if (family.of == nullptr)
      family.of = &builder.Name(name).Help(help).Register(registry);
    auto found = family.members.find(with);
    if (found == family.members.end())
      found = family.members.try_emplace(with, family.of->Add(with, arguments...)).first;
    return found->second;
  }
};

metrics::metrics() : body_(std::make_unique<body>()) {}
metrics::~metrics() = default;

counter& metrics::add_counter(const std::string& name, const std::string& help,
                              const labels& with) {
  return body_->find_or_add(body_->counters, prometheus::BuildCounter(), name, help, with);
}

gauge& metrics::add_gauge(const std::string& name, const std::string& help, const labels& with) {
  return body_->find_or_add(body_->gauges, prometheus::BuildGauge(), name, help, with);
}

histogram& metrics::add_histogram(const std::string& name, const std::string& help,
                                  const std::vector<double>& bucket_bounds, const labels& with) {
  SALLYPORT_ASSERT(ascend(bucket_bounds));
  return body_->find_or_add(body_->histograms, prometheus::BuildHistogram(), name, help, with,
                            bucket_bounds);
}

std::uint64_t metrics::before_scrape(std::function<void()> refresh) {
  std::lock_guard lock{body_->scraping};
  auto handle = body_->next_handle++;
  body_->refreshers.emplace(handle, std::move(refresh));
  return handle;
}

void metrics::forget(std::uint64_t handle) {
  std::lock_guard lock{body_->scraping};
  body_->refreshers.erase(handle);
}

std::string metrics::text() {
  {
    std::lock_guard lock{body_->scraping};
    for (const auto& [handle, refresh] : body_->refreshers)
      refresh();
  }
  std::ostringstream out;
  prometheus::TextSerializer{}.Serialize(out, body_->registry.Collect());
  return std::move(out).str();
}

const std::vector<double>& metrics::latency_bounds() {
  static const std::vector<double> bounds{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
                                          0.5,   1,     2,     5,    10,   20,   30,  60};
  return bounds;
}

const std::vector<double>& metrics::size_bounds() {
  static const std::vector<double> bounds{1,   2,   5,    10,   20,   50,   100,
                                          200, 500, 1000, 2000, 5000, 10000};
  return bounds;
}

} // namespace sallyport::observe
