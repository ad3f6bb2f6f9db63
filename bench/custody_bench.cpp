/// How fast prison-to-probation works through a million events of 200,000 bookings, one of ten
/// superseded, when its peers cost no time on the wire: config, topology, ledger and state are
/// those of production, and the simulator of the peers answers in this process.
///
/// The limit is the simulator: what it alone needs for the same calls. A run in which a call is
/// missing from the ledger, or a person is not in Delius as the prison says, fails.

#include "bench/custody/events.hpp"
#include "bench/custody/peers.hpp"
#include "bench/custody/setting.hpp"
#include "bench/support/world.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <unistd.h>

namespace sallyport::bench::custody {
namespace {

using namespace std::chrono_literals;

double folder_mb(const std::filesystem::path& folder) {
  std::uintmax_t all = 0;
  for (const auto& each : std::filesystem::recursive_directory_iterator{folder})
    if (each.is_regular_file())
      all += each.file_size();
  return static_cast<double>(all) / (1U << 20U);
}

void hold(bool fulfilled, const std::string& what) {
  if (!fulfilled)
    give_up(error::internal("the run is wrong: " + what));
}

/// Resident memory without what the simulator holds.
double own_rss_mb() { return rss_mb_of(getpid()) - peers::held_mb(); }

/// What stands in a term of the part `custody`, over its lanes.
double standing(const world& in, const std::string& term) {
  return in.sum_of("sallyport_records", "part=\"custody\",term=\"" + term + "\"");
}

struct memory {
  std::vector<double> samples;

  [[nodiscard]] double peak() const { return std::ranges::max(samples); }
  /// Of the samples between two shares of the run.
  [[nodiscard]] double between(double from, double to) const {
    const auto size = static_cast<double>(samples.size());
    const auto first = static_cast<std::size_t>(size * from);
    const auto last = std::max(first + 1, static_cast<std::size_t>(size * to));
    double sum = 0;
    for (auto i = first; i < last; ++i)
      sum += samples[i];
    return sum / static_cast<double>(last - first);
  }
};

template <class Done>
void watch(memory& into, Done done) {
  // To look at the metrics costs milliseconds, so not each time.
  for (std::size_t look = 0; look % 3 != 0 || !done(); ++look) {
    into.samples.push_back(own_rss_mb());
    std::this_thread::sleep_for(100ms);
  }
  into.samples.push_back(own_rss_mb());
}

void check(const world& w, peers& asked, const event_stream& events,
           const simulator::population_options& people) {
  const auto counted = asked.counted();
  const auto in_ledger = static_cast<std::size_t>(w.sum_of("sallyport_calls_total"));
  hold(in_ledger == counted.calls, "the engine knows of " + std::to_string(in_ledger) +
                                     " calls, the peers of " + std::to_string(counted.calls));
  hold(asked.recorded() == counted.calls, "the simulator has recorded another number of requests");
  hold(w.sum_of("sallyport_conservation_difference") == 0, "records are unaccounted for");
  hold(standing(w, "superseded") == static_cast<double>(events.superseded()),
       "not one event of ten was superseded");
  hold(standing(w, "dead") == 0, "there are dead letters");
  const auto late = not_up_to_date(simulator::make_population(people), asked.state());
  hold(late == 0, std::to_string(late) + " people are not in Delius as the prison says");
}

void run(const options& how) {
  const auto bookings = std::max<std::size_t>(how.events_or(1'000'000) / events_per_booking, 1);
  simulator::population_options people;
  people.people = bookings;
  people.trouble = 0;
  const event_stream events{simulator::make_population(people)};
  const auto count = events.size();
  scratch_folder folder{how, "custody"};
  system_wall_clock clock_of_peers;
  auto asked = std::make_shared<peers>(people, clock_of_peers);
  world w{plan_of("http://127.0.0.1:9"),
          folder.path(),
          {{"prison-api", asked}, {"community-api", asked}, {"offender-search", asked}}};
  w.load("prison-offender-events", count, [&](std::size_t i) { return events.at(i); });
  w.reopen();
  const auto disk_before = folder_mb(folder.path());
  reset_peak_rss();
  memory taking;
  memory syncing;
  stopwatch all;
  w.start();
  watch(taking, [&] {
    return w.sum_of("sallyport_records_received", "part=\"custody\"") ==
             static_cast<double>(count) &&
           standing(w, "in_call") == 0 && standing(w, "waiting") == 0;
  });
  const auto taken = all.stop(count);
  const auto asked_by_then = asked->counted();
  w.clock().advance(past_hold_back);
  watch(syncing, [&] {
    return standing(w, "held") == 0 && standing(w, "in_call") == 0 && standing(w, "waiting") == 0;
  });
  const auto done = all.stop(count);
  const auto made = asked->counted();
  const auto disk = folder_mb(folder.path());
  const auto peak = std::max(taking.peak(), syncing.peak());
  const auto commits = std::max(w.sum_of("sallyport_commit_seconds_count"), 1.0);
  const auto commit_ms = 1e3 * w.sum_of("sallyport_commit_seconds_sum") / commits;
  const auto epoch_ms = 1e3 * w.sum_of("sallyport_epoch_seconds_sum") / commits;
  check(w, *asked, events, people);
  w.stop();

  const auto engine_cpu = done.cpu_seconds - made.cpu_seconds;
  tell_rate(how, "custody", done, rate::per_second, "the simulator alone, for the same calls",
            static_cast<double>(count) / made.cpu_seconds, peak, 10'000);
  char line[256];
  std::snprintf(line, sizeof line,
                "%zu calls, %zu with an effect; taken in %.1f s (%zu calls), synced in %.1f s; "
                "%.1f s of CPU, the simulator's %.1f s left out",
                made.calls, made.durable, taken.seconds, asked_by_then.calls,
                done.seconds - taken.seconds, engine_cpu, made.cpu_seconds);
  note(how, line);
  std::snprintf(line, sizeof line,
                "%.0f commits of %.1f ms; from the first input of an epoch to its commit %.1f ms",
                commits, commit_ms, epoch_ms);
  note(how, line);
  const auto per_booking = 1e6 / static_cast<double>(bookings);
  tell(how, {"custody_booking", engine_cpu * per_booking, "us of CPU",
             "the simulator, for the same", engine_cpu / made.cpu_seconds, peak});
  tell(how, {"custody_rss", syncing.between(0.9, 1), "MB at the end", "at a tenth of the sync",
             syncing.between(0.9, 1) / syncing.between(0.05, 0.15), peak});
  tell(how, {"custody_disk", (disk - disk_before) * (1U << 20U) / static_cast<double>(count),
             "bytes an event", "the events themselves", (disk - disk_before) / disk_before, peak});
}

} // namespace
} // namespace sallyport::bench::custody

int main(int argc, char** argv) {
  sallyport::bench::custody::run(sallyport::bench::read_options(argc, argv));
  return 0;
}
