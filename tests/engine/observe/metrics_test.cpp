#include "engine/observe/metrics.hpp"

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <thread>

namespace sallyport::observe {
namespace {

bool has_line(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string{line} + "\n") != std::string::npos;
}

TEST(metrics, a_counter_is_shown_with_help_type_and_labels) {
  metrics all;
  all.add_counter("records_total", "Records.", {{"stage", "validate"}}).add(3);
  auto text = all.text();
  EXPECT_TRUE(has_line(text, "# HELP records_total Records.")) << text;
  EXPECT_TRUE(has_line(text, "# TYPE records_total counter")) << text;
  EXPECT_TRUE(has_line(text, R"(records_total{stage="validate"} 3)")) << text;
}

TEST(metrics, the_same_name_and_labels_give_the_same_object) {
  metrics all;
  auto& one = all.add_counter("c_total", "h", {{"a", "1"}});
  EXPECT_EQ(&one, &all.add_counter("c_total", "another help", {{"a", "1"}}));
  EXPECT_NE(&one, &all.add_counter("c_total", "h", {{"a", "2"}}));
  EXPECT_NE(&one, &all.add_counter("c_total", "h"));
  EXPECT_EQ(&all.add_gauge("g", "h"), &all.add_gauge("g", "h"));
  EXPECT_EQ(&all.add_histogram("h", "h", {1, 2}), &all.add_histogram("h", "h", {1, 2}));
}

TEST(metrics, a_name_is_explained_once_however_many_labels_it_has) {
  metrics all;
  all.add_gauge("depth", "h", {{"lane", "0"}}).set(1);
  all.add_gauge("depth", "h", {{"lane", "1"}}).set(2);
  auto text = all.text();
  EXPECT_EQ(text.find("# TYPE depth gauge"), text.rfind("# TYPE depth gauge"));
  EXPECT_TRUE(has_line(text, R"(depth{lane="0"} 1)")) << text;
  EXPECT_TRUE(has_line(text, R"(depth{lane="1"} 2)")) << text;
}

TEST(metrics, a_counter_never_falls) {
  metrics all;
  auto& count = all.add_counter("c_total", "h");
  count.add(2);
  count.add(-1);
  EXPECT_EQ(count.value(), 2);
}

TEST(metrics, a_gauge_is_set_and_changed) {
  metrics all;
  auto& depth = all.add_gauge("depth", "h");
  depth.set(5);
  depth.add(-2);
  EXPECT_EQ(depth.value(), 3);
}

TEST(metrics, a_histogram_counts_into_buckets) {
  metrics all;
  auto& sizes = all.add_histogram("size", "h", {1, 10}, {{"stage", "a"}});
  for (double value : {0.5, 1.0, 5.0, 100.0})
    sizes.observe(value);
  auto text = all.text();
  EXPECT_TRUE(has_line(text, R"(size_bucket{stage="a",le="1"} 2)")) << text;
  EXPECT_TRUE(has_line(text, R"(size_bucket{stage="a",le="10"} 3)")) << text;
  EXPECT_TRUE(has_line(text, R"(size_bucket{stage="a",le="+Inf"} 4)")) << text;
  EXPECT_TRUE(has_line(text, R"(size_count{stage="a"} 4)")) << text;
  EXPECT_TRUE(has_line(text, R"(size_sum{stage="a"} 106.5)")) << text;
}

TEST(metrics, label_values_are_escaped) {
  metrics all;
  all.add_gauge("g", "h", {{"reason", "a\"b\\c\nd"}}).set(1);
  EXPECT_TRUE(has_line(all.text(), R"(g{reason="a\"b\\c\nd"} 1)")) << all.text();
}

TEST(metrics, gauges_are_refreshed_before_each_exposition_until_forgotten) {
  metrics all;
  auto& age = all.add_gauge("age", "h");
  auto handle = all.before_scrape([&] { age.add(1); });
  EXPECT_TRUE(has_line(all.text(), "age 1"));
  EXPECT_TRUE(has_line(all.text(), "age 2"));
  all.forget(handle);
  EXPECT_TRUE(has_line(all.text(), "age 2"));
  all.forget(handle);
}

TEST(metrics, a_refresher_may_add_metrics) {
  metrics all;
  all.before_scrape([&] { all.add_gauge("late", "h").set(7); });
  EXPECT_TRUE(has_line(all.text(), "late 7"));
}

TEST(metrics, the_bounds_ascend) {
  for (const auto* bounds : {&metrics::latency_bounds(), &metrics::size_bounds()})
    EXPECT_TRUE(std::ranges::is_sorted(*bounds));
  EXPECT_EQ(metrics::latency_bounds().front(), 0.001);
  EXPECT_EQ(metrics::latency_bounds().back(), 60);
}

TEST(metrics, threads_lose_nothing) {
  metrics all;
  std::atomic<bool> stop{false};
  std::thread reader{[&] {
    while (!stop)
      (void) all.text();
  }};
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&all, i] {
      for (int j = 0; j < 2'000; ++j) {
        all.add_counter("c_total", "h", {{"to", std::to_string(j % 5)}}).add(1);
        all.add_histogram("s", "h", {1, 2}).observe(i);
      }
    });
  for (auto& writer : writers)
    writer.join();
  stop = true;
  reader.join();
  double sum = 0;
  for (int i = 0; i < 5; ++i)
    sum += all.add_counter("c_total", "h", {{"to", std::to_string(i)}}).value();
  EXPECT_EQ(sum, 8'000);
  EXPECT_TRUE(has_line(all.text(), "s_count 8000"));
}

using metrics_death = ::testing::Test;

TEST(metrics_death, a_name_that_prometheus_would_refuse_is_a_mistake_of_ours) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  metrics all;
  EXPECT_DEATH(all.add_counter("no-dash", "h"), "is_name");
  EXPECT_DEATH(all.add_counter("c", "h", {{"1st", "x"}}), "are_label_names");
  EXPECT_DEATH(all.add_histogram("h", "h", {1}, {{"le", "x"}}), "are_label_names");
  EXPECT_DEATH(all.add_histogram("h", "h", {2, 1}), "ascend");
}

TEST(metrics_death, a_name_of_two_kinds_is_a_mistake_of_ours) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  metrics all;
  all.add_counter("c_total", "h");
  EXPECT_DEATH(all.add_gauge("c_total", "h"), "one_kind");
}

} // namespace
} // namespace sallyport::observe
