#pragma once

#include "engine/core/error.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

/// What the benchmarks share: their options, how time, CPU and memory are taken, how a figure is
/// told.
///
/// CPU time is that of all threads of the process, so that work on a background thread is not free.
namespace sallyport::bench {

struct options {
  bool json = false;
  std::size_t events = 0;       ///< 0: as many as the benchmark's own default
  std::filesystem::path folder; ///< where folders for state are made

  [[nodiscard]] std::size_t events_or(std::size_t otherwise) const {
    return events == 0 ? otherwise : events;
  }
};

/// Reads `--json`, `--events N`, `--folder PATH`; says what is possible and exits on anything else.
[[nodiscard]] options read_options(int argc, char** argv);

/// What a piece of work cost.
struct cost {
  std::size_t count = 0;
  double seconds = 0;
  double cpu_seconds = 0;

  [[nodiscard]] double per_second() const { return static_cast<double>(count) / seconds; }
  /// Per second of CPU time: what one core would do.
  [[nodiscard]] double per_core() const { return static_cast<double>(count) / cpu_seconds; }
  [[nodiscard]] double cpu_us() const { return 1e6 * cpu_seconds / static_cast<double>(count); }

  friend cost operator+(const cost& a, const cost& b) {
    return {a.count, a.seconds + b.seconds, a.cpu_seconds + b.cpu_seconds};
  }
};

/// Takes time and CPU from its construction on.
class stopwatch {
public:
  stopwatch();
  [[nodiscard]] cost stop(std::size_t count) const;

private:
  std::chrono::steady_clock::time_point began_;
  double cpu_began_;
};

/// Gives unused memory back and forgets the peak of what was before.
void reset_peak_rss();
[[nodiscard]] double peak_rss_mb();
[[nodiscard]] double rss_mb_of(int process);

/// One line of the result. `ratio` is ours divided by what it is held against.
struct figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::string against;
  double ratio = 0;
  double rss_mb = 0;
};
void tell(const options& how, const figure& what);

/// The same of a rate: `value` is per core (per second of CPU time) or per second. A line for
/// people beside it says both, and the CPU time of one.
enum class rate { per_core, per_second };
void tell_rate(const options& how, const std::string& name, const cost& ours, rate in,
               const std::string& against, double limit, double rss_mb, double target);

/// A note for people; nothing with `--json`.
void note(const options& how, const std::string& text);

/// Ends the program with a message: a benchmark has nothing to mend.
[[noreturn]] void give_up(const error& why);
template <class T>
T must(result<T> r) {
  if (!r)
    give_up(r.error());
  return std::move(*r);
}
inline void must(const status& s) {
  if (!s)
    give_up(s.error());
}

/// A folder that is gone when the benchmark ends.
class scratch_folder {
public:
  scratch_folder(const options& how, const std::string& name);
  ~scratch_folder();
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace sallyport::bench
