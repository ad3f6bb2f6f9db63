/// How long the real program takes from its start to its first output: with an empty folder, and
/// after kill -9 under load with a gigabyte of state. And what it holds in memory when idle.
///
/// The limit of a start is the opening of the same folder by RocksDB alone; that of the idle memory
/// is the allowance of 150 MB.

#include "bench/support/program.hpp"
#include "bench/support/world.hpp"

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

namespace sallyport::bench {
namespace {

using namespace std::chrono_literals;

const std::string service = SALLYPORT_SOURCE_DIR "/bench/service/";
constexpr double idle_allowance_mb = 150;

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// From the start to an output that was not there when the program first answered.
double first_output(program& p) {
  p.wait_until_ready();
  auto before = p.written("latest");
  p.post("events", "first", R"({"first":true})");
  while (p.written("latest") == before)
    std::this_thread::sleep_for(1ms);
  return seconds_since(p.started());
}

/// Fills state and log by the same topology in this process.
void fill(const std::filesystem::path& state, std::size_t rows) {
  std::stringstream topology;
  topology << std::ifstream{service + "topology.yaml"}.rdbuf();
  world w{topology.str(), state};
  w.load("events", rows, [](std::size_t i) {
    record r;
    r.key = bytes{std::to_string(mixed(i))};
    r.value = bytes{event_json(i, i)};
    return r;
  });
  w.start();
  w.wait_until_read("events");
  w.stop();
  w.settle_background();
}

/// Posts until the program is gone, and kills it while it works.
void kill_under_load(program& p) {
  std::atomic<bool> killed{false};
  std::thread load{[&] {
    for (std::size_t i = 0; !killed; ++i) {
      std::string lines;
      for (std::size_t n = 0; n < 1000; ++n)
        lines += event_json(1000 * i + n, n) + "\n";
      if (!p.try_post("/ingress/events?key=" + std::to_string(mixed(i)), lines,
                      "application/x-ndjson"))
        return;
    }
  }};
  std::this_thread::sleep_for(3s);
  p.kill();
  killed = true;
  load.join();
}

double open_alone(const std::filesystem::path& state) {
  auto began = std::chrono::steady_clock::now();
  rocksdb_database::options how;
  how.folder = state;
  auto database = must(rocksdb_database::open(how));
  return seconds_since(began);
}

void copy_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

void tell_start(const options& how, const std::string& name, double seconds, double alone,
                double rss, double target) {
  tell(how, {name, seconds, "s", "RocksDB opening the same folder", seconds / alone, rss});
  note(how, "the target is " + std::to_string(target) +
              " s: " + (seconds <= target ? "reached" : "missed"));
}

void recovery_empty(const options& how, const std::filesystem::path& folder) {
  auto alone = open_alone(folder / "alone");
  program p{service + "config.yaml", folder / "empty"};
  auto taken = first_output(p);
  tell_start(how, "recovery_empty", taken, alone, rss_mb_of(p.id()), 0.3);
}

void recovery_full(const options& how, const std::filesystem::path& folder) {
  fill(folder / "full", how.events_or(1'200'000));
  {
    program p{service + "config.yaml", folder / "full"};
    p.wait_until_ready();
    kill_under_load(p);
  }
  copy_folder(folder / "full", folder / "copy");
  program p{service + "config.yaml", folder / "full"};
  auto taken = first_output(p);
  auto rss = rss_mb_of(p.id());
  p.terminate();
  tell_start(how, "recovery", taken, open_alone(folder / "copy"), rss, 2);
}

void idle(const options& how, const std::filesystem::path& folder) {
  const std::string nowhere = "http://127.0.0.1:9";
  program p{SALLYPORT_SOURCE_DIR "/configs/prison-to-probation.embedded.yaml",
            folder / "idle",
            {{"PRISON_API_URL", nowhere},
             {"COMMUNITY_API_URL", nowhere},
             {"OFFENDER_SEARCH_URL", nowhere},
             {"OAUTH_URL", nowhere},
             {"OAUTH_CLIENT_ID", "bench"},
             {"OAUTH_CLIENT_SECRET", "bench"}}};
  p.wait_until_ready();
  std::this_thread::sleep_for(2s);
  auto rss = rss_mb_of(p.id());
  p.terminate();
  tell(how, {"idle", rss, "MB", "an allowance of 150 MB", rss / idle_allowance_mb, rss});
}

void run(const options& how) {
  scratch_folder folder{how, "recovery"};
  recovery_empty(how, folder.path());
  idle(how, folder.path());
  recovery_full(how, folder.path());
}

} // namespace
} // namespace sallyport::bench

int main(int argc, char** argv) {
  sallyport::bench::run(sallyport::bench::read_options(argc, argv));
  return 0;
}
