#include "engine/observe/standard.hpp"

#include <chrono>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <optional>
#include <unistd.h>

namespace sallyport::observe {
namespace {

std::optional<double> value_of(const std::string& text, const std::string& name) {
  auto at = ("\n" + text).find("\n" + name + " ");
  if (at == std::string::npos)
    return std::nullopt;
  return std::stod(text.substr(at + name.size() + 1));
}

TEST(standard_metrics, the_process_is_described) {
  metrics all;
  standard_metrics standard{all, "1.2.3"};
  auto text = all.text();
  EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 1'000'000);
  EXPECT_GT(value_of(text, "process_cpu_seconds_total"), 0);
  EXPECT_GE(value_of(text, "process_open_fds"), 3);
  EXPECT_EQ(value_of(text, R"(sallyport_build_info{version="1.2.3"})"), 1);
}

TEST(standard_metrics, the_process_began_a_short_while_ago) {
  metrics all;
  standard_metrics standard{all, "1"};
  auto began = value_of(all.text(), "process_start_time_seconds");
  ASSERT_TRUE(began);
  auto now = static_cast<double>(std::chrono::duration_cast<std::chrono::seconds>(
                                   std::chrono::system_clock::now().time_since_epoch())
                                   .count());
  EXPECT_LT(*began, now + 5);
  EXPECT_GT(*began, now - 3600);
}

TEST(standard_metrics, an_open_file_is_counted) {
  metrics all;
  standard_metrics standard{all, "1"};
  auto before = value_of(all.text(), "process_open_fds");
  int file = ::open("/dev/null", O_RDONLY);
  ASSERT_GE(file, 0);
  auto meanwhile = value_of(all.text(), "process_open_fds");
  ::close(file);
  ASSERT_TRUE(before && meanwhile);
  EXPECT_EQ(*meanwhile, *before + 1);
}

TEST(standard_metrics, cpu_time_grows_with_work) {
  metrics all;
  standard_metrics standard{all, "1"};
  auto before = value_of(all.text(), "process_cpu_seconds_total");
  auto now = before;
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (now <= before && std::chrono::steady_clock::now() < until)
    now = value_of(all.text(), "process_cpu_seconds_total");
  EXPECT_GT(now, before);
}

TEST(standard_metrics, when_it_is_gone_the_metrics_still_answer) {
  metrics all;
  {
    standard_metrics standard{all, "1"};
  }
  EXPECT_TRUE(value_of(all.text(), "process_open_fds"));
}

} // namespace
} // namespace sallyport::observe
