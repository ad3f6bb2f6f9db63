#include "bench/support/bench.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

namespace sallyport::bench {

namespace {

double cpu_now() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double rounded(double value) {
  if (value == 0)
    return 0;
  auto scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

double status_mb(const std::string& path, std::string_view field) {
  std::ifstream in{path};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(field))
      return std::strtod(line.c_str() + field.size(), nullptr) / 1024.0;
  return 0;
}

} // namespace

options read_options(int argc, char** argv) {
  options o;
  o.folder = std::filesystem::temp_directory_path();
  for (int i = 1; i < argc; ++i) {
    std::string_view word{argv[i]};
    if (word == "--json") {
      o.json = true;
    } else if (word == "--events" && i + 1 < argc) {
      o.events = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--folder" && i + 1 < argc) {
      o.folder = argv[++i];
    } else {
      std::cerr << argv[0] << " [--json] [--events N] [--folder PATH]\n";
      std::exit(word == "--help" ? 0 : 2);
    }
  }
  return o;
}

stopwatch::stopwatch() : began_(std::chrono::steady_clock::now()), cpu_began_(cpu_now()) {}

cost stopwatch::stop(std::size_t count) const {
  auto passed = std::chrono::steady_clock::now() - began_;
  return {count, std::chrono::duration<double>(passed).count(), cpu_now() - cpu_began_};
}

void reset_peak_rss() {
  malloc_trim(0);
  std::ofstream{"/proc/self/clear_refs"} << "5";
}

double peak_rss_mb() { return status_mb("/proc/self/status", "VmHWM:"); }

double rss_mb_of(int process) {
  return status_mb("/proc/" + std::to_string(process) + "/status", "VmRSS:");
}

void tell(const options& how, const figure& what) {
  if (how.json) {
    nlohmann::ordered_json line{{"name", what.name},
                                {"value", rounded(what.value)},
                                {"unit", what.unit},
                                {"against", what.against},
                                {"ratio", rounded(what.ratio)},
                                {"rss_mb", std::round(what.rss_mb)}};
    std::cout << line.dump() << std::endl;
    return;
  }
  std::printf("%-16s %12.6g %-16s %.2f of %s; peak %.0f MB\n", what.name.c_str(),
              rounded(what.value), what.unit.c_str(), what.ratio, what.against.c_str(),
              what.rss_mb);
  std::fflush(stdout);
}

void tell_rate(const options& how, const std::string& name, const cost& ours, rate in,
               const std::string& against, double limit, double rss_mb, double target) {
  bool of_core = in == rate::per_core;
  auto value = of_core ? ours.per_core() : ours.per_second();
  tell(how, {name, value, of_core ? "events/s/core" : "events/s", against, value / limit, rss_mb});
  char line[256];
  std::snprintf(line, sizeof line,
                "%.0f events/s, %.2f us of CPU each, %.0f/s per core; the target is %.0f: %s",
                ours.per_second(), ours.cpu_us(), ours.per_core(), target,
                value >= target ? "reached" : "missed");
  note(how, line);
}

void note(const options& how, const std::string& text) {
  if (!how.json)
    std::cout << "    " << text << std::endl;
}

void give_up(const error& why) {
  std::cerr << why << '\n';
  std::exit(1);
}

scratch_folder::scratch_folder(const options& how, const std::string& name)
  : path_(how.folder / ("sallyport-bench-" + name + "-" + std::to_string(getpid()))) {
  std::filesystem::remove_all(path_);
  std::filesystem::create_directories(path_);
}

scratch_folder::~scratch_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

} // namespace sallyport::bench
