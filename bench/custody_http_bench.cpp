/// What a call to a peer costs prison-to-probation over HTTP, and whether a peer that takes its
/// time is kept busy: the simulator is a process of its own on loopback, the events go through
/// config, topology, ledger and state of production.
///
/// The limit of the first is a bare loop on libcurl that makes the same requests; that of the
/// second the concurrency that the config names.

#include "bench/custody/bare_client.hpp"
#include "bench/custody/events.hpp"
#include "bench/custody/setting.hpp"
#include "bench/support/world.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>

namespace sallyport::bench::custody {
namespace {

using namespace std::chrono_literals;

constexpr const char* busiest = "prison-api"; ///< most calls of a booking are its
constexpr std::size_t events_with_latency = 10'000;

std::map<std::string, std::shared_ptr<caller>> callers_of(const topology::plan& plan) {
  std::map<std::string, std::shared_ptr<caller>> all;
  for (const auto& [port, binding] : plan.calls)
    all.emplace(port, must(binding.connector->as_caller->make(binding.with)));
  return all;
}

double standing(const world& in, const std::string& term) {
  return in.sum_of("sallyport_records", "part=\"custody\",term=\"" + term + "\"");
}

/// How full the busiest peer's concurrency was while there was work for it.
struct fullness {
  double held = 0; ///< places that were taken, summed over the looks
  double places = 0;

  void look(const caller::load& now) {
    held += static_cast<double>(std::min(now.in_flight, now.limit));
    places += static_cast<double>(now.limit);
  }
  [[nodiscard]] double share() const { return places > 0 ? held / places : 0; }
};

struct passed {
  cost all;
  fullness taking; ///< while the events are validated
  fullness syncing;
  double rss_mb = 0;
};

/// Looks each millisecond from the first call, as a host notices a clock that was set within a
/// second, until nothing waits for the peer any more; what is left then has other bounds than the
/// peer's concurrency: the last calls of a booking follow each other.
template <class Done>
void watch(fullness& into, const caller& at, Done done) {
  auto next_check = std::chrono::steady_clock::now();
  fullness so_far;
  bool begun = false;
  while (true) {
    const auto load = at.current_load();
    begun = begun || load.in_flight > 0;
    if (begun)
      so_far.look(load);
    if (load.queued > 0)
      into = so_far;
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_check) {
      if (done())
        return;
      next_check = now + 20ms;
    }
    std::this_thread::sleep_for(1ms);
  }
}

passed pass(const options& how, const simulator_process& at, std::size_t bookings) {
  simulator::population_options people;
  people.people = bookings;
  people.trouble = 0;
  const event_stream events{simulator::make_population(people)};
  const auto plan = plan_of(at.url());
  const auto callers = callers_of(plan);
  const scratch_folder folder{how, "custody_http"};
  world w{plan, folder.path(), callers};
  w.load("prison-offender-events", events.size(), [&](std::size_t i) { return events.at(i); });
  w.reopen();
  reset_peak_rss();
  const auto& peer = *callers.at(busiest);
  passed made;
  const stopwatch all;
  w.start();
  watch(made.taking, peer, [&] {
    return w.sum_of("sallyport_records_received", "part=\"custody\"") ==
             static_cast<double>(events.size()) &&
           standing(w, "in_call") == 0 && standing(w, "waiting") == 0;
  });
  w.clock().advance(past_hold_back);
  watch(made.syncing, peer, [&] {
    return standing(w, "held") == 0 && standing(w, "in_call") == 0 && standing(w, "waiting") == 0;
  });
  const auto calls = static_cast<std::size_t>(w.sum_of("sallyport_calls_total"));
  made.all = all.stop(calls);
  made.rss_mb = peak_rss_mb();
  w.stop();
  return made;
}

std::vector<std::string> simulator_options_for(std::size_t bookings) {
  return {"--people", std::to_string(bookings), "--trouble", "0", "--token-lifetime",
          "1000000",  "--requests-max",         "10000000"};
}

void run(const options& how) {
  {
    const auto bookings = std::max<std::size_t>(how.events_or(100'000) / events_per_booking, 1);
    const simulator_process at{simulator_options_for(bookings)};
    const auto ours = pass(how, at, bookings);
    const auto requests = requests_of(at);
    if (requests.size() != ours.all.count)
      give_up(error::internal("the engine knows of " + std::to_string(ours.all.count) +
                              " calls, the simulator of " + std::to_string(requests.size())));
    reset(at);
    constexpr std::size_t at_once = 96; // 32 for each of three peers, as the config has it
    const auto bare = make_again(at, requests, at_once);
    tell(how, {"custody_http", ours.all.per_core(), "calls/s/core",
               "a bare libcurl multi loop: the same requests",
               ours.all.per_core() / bare.per_core(), ours.rss_mb});
    char line[256];
    std::snprintf(line, sizeof line,
                  "%zu calls: %.1f us of CPU each, %.0f/s; the bare loop %.1f us, %.0f/s; the "
                  "target is 0.70",
                  ours.all.count, ours.all.cpu_us(), ours.all.per_second(), bare.cpu_us(),
                  bare.per_second());
    note(how, line);
  }
  auto options = simulator_options_for(events_with_latency / events_per_booking);
  options.insert(options.end(), {"--latency", "20ms"});
  const simulator_process at{options};
  const auto ours = pass(how, at, events_with_latency / events_per_booking);
  const auto all =
    fullness{ours.taking.held + ours.syncing.held, ours.taking.places + ours.syncing.places};
  tell(how, {"custody_busy", 100 * all.share(), "% of the time", "the concurrency of the config",
             all.share(), ours.rss_mb});
  char line[256];
  std::snprintf(
    line, sizeof line,
    "while the checks are made %.1f %%, while Delius is told %.1f %%; %.0f calls/s; the "
    "target is 95 %%",
    100 * ours.taking.share(), 100 * ours.syncing.share(), ours.all.per_second());
  note(how, line);
}

} // namespace
} // namespace sallyport::bench::custody

int main(int argc, char** argv) {
  sallyport::bench::custody::run(sallyport::bench::read_options(argc, argv));
  return 0;
}
