#include "engine/observe/standard.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace sallyport::observe {

namespace {

/// The first line of a file of /proc; empty if it cannot be read.
std::string first_line(const char* path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

/// The word at `index` (from 0) of a line of numbers.
std::optional<double> number_at(std::string_view line, std::size_t index) {
  std::istringstream words{std::string{line}};
  std::string word;
  for (std::size_t i = 0; i < index; ++i)
    words >> word;
  double value = 0;
  if (words >> value)
    return value;
  return std::nullopt;
}

std::optional<double> resident_bytes() {
  auto pages = number_at(first_line("/proc/self/statm"), 1);
  if (!pages)
    return std::nullopt;
  return *pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

std::optional<double> cpu_seconds() {
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) != 0)
    return std::nullopt;
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::optional<double> open_files() {
  std::error_code ec;
  std::filesystem::directory_iterator at{"/proc/self/fd", ec};
  double count = 0;
  for (; !ec && at != std::filesystem::directory_iterator{}; at.increment(ec))
    ++count;
  if (ec)
    return std::nullopt;
  return count - 1; // one of them was the directory itself
}

std::optional<double> boot_time() {
  std::ifstream file{"/proc/stat"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("btime "))
      return number_at(line, 1);
  return std::nullopt;
}

/// When the process began, in seconds since 1970.
std::optional<double> start_time() {
  auto line = first_line("/proc/self/stat");
  auto name_end = line.rfind(')'); // the program's name may hold anything, spaces too
  auto boot = boot_time();
  if (name_end == std::string::npos || !boot)
    return std::nullopt;
  constexpr std::size_t start_ticks = 19; // counted from the word behind the name
  auto ticks = number_at(std::string_view{line}.substr(name_end + 1), start_ticks);
  if (!ticks)
    return std::nullopt;
  return *boot + *ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

} // namespace

standard_metrics::standard_metrics(metrics& into, const std::string& version) : into_(into) {
  auto& memory =
    into.add_gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.");
  auto& cpu = into.add_counter("process_cpu_seconds_total",
                               "CPU time of the process, its own and the kernel's.");
  auto& files = into.add_gauge("process_open_fds", "Open file descriptors of the process.");
  into.add_gauge("process_start_time_seconds", "When the process began, in seconds since 1970.")
    .set(start_time().value_or(0));
  into
    .add_gauge("sallyport_build_info", "Always 1; the version is in the label.",
               {{"version", version}})
    .set(1);
  handle_ = into.before_scrape([&memory, &cpu, &files] {
    if (auto bytes = resident_bytes())
      memory.set(*bytes);
    if (auto seconds = cpu_seconds())
      cpu.add(*seconds - cpu.value());
    if (auto count = open_files())
      files.set(*count);
  });
}

standard_metrics::~standard_metrics() { into_.forget(handle_); }

} // namespace sallyport::observe
