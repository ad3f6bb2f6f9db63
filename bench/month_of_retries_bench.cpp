/// How long a month of retries takes in virtual time: 10,000 bookings that match nobody, each tried
/// again hourly, every four hours and daily until it is given up; about two million calls.
///
/// It runs on the driver of the golden cases: one thread, log and store in memory, the simulator in
/// this process. The limit is the simulator: what it alone needs for the same calls.

#include "bench/custody/events.hpp"
#include "bench/custody/peers.hpp"
#include "bench/custody/setting.hpp"
#include "engine/testing/driver.hpp"

#include "bench/support/bench.hpp"

#include <cstdio>
#include <vector>

namespace sallyport::bench::custody {
namespace {

constexpr std::chrono::days month{31};

/// The bookings that Delius cannot be told of: nobody, no sentence or too many people match.
std::vector<std::int64_t> unmatched(const simulator::population& of, std::size_t count) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < of.stories.size() && all.size() < count; ++i)
    switch (of.stories[i]) {
    case simulator::story::no_match:
    case simulator::story::no_sentence_match:
    case simulator::story::too_many_matches:
      all.push_back(of.prison.bookings[of.prison.prisoners[i].booking].id);
      break;
    default: break;
    }
  return all;
}

void run(const options& how) {
  const auto count = how.events_or(10'000);
  simulator::population_options people;
  people.people = count * 3; // 38 of 100 in trouble have one of these stories
  people.trouble = 1;
  const auto bookings = unmatched(simulator::make_population(people), count);
  if (bookings.size() != count)
    give_up(error::internal("the population has too few people that match nobody"));
  testing::driver_options options;
  options.keeps_history = false;
  testing::driver d{plan_of("http://127.0.0.1:9"), options};
  manual_clock clock{d.now()};
  peers asked{people, clock};
  for (const auto* port : {"prison-api", "community-api", "offender-search"})
    d.answer(port, [&](const testing::made_call& call) {
      return testing::scripted_answer{asked.answer(call.request, ""), {}};
    });
  reset_peak_rss();
  const stopwatch all;
  for (std::size_t i = 0; i < count; ++i)
    d.feed("prison-offender-events", event_stream::status_change(bookings[i], i));
  d.advance(month);
  const auto made = asked.counted();
  const auto done = all.stop(made.calls);
  const auto counts = d.counts("custody");
  if (counts.difference != 0 || d.failures() != 0)
    give_up(error::internal("the run is wrong: records are unaccounted for, or callbacks threw"));
  const auto given_up = counts.dead.contains("given_up") ? counts.dead.at("given_up") : 0;
  if (given_up != count)
    give_up(error::internal("the run is wrong: some bookings were not given up"));
  tell(how, {"month_of_retries", done.seconds, "s", "the simulator alone, for the same calls",
             done.seconds / made.cpu_seconds, peak_rss_mb()});
  char line[256];
  std::snprintf(line, sizeof line,
                "%zu calls, %llu of %zu given up; %.1f us of CPU a call, %.1f of them the "
                "simulator's; the target is 60 s for 10,000",
                made.calls, static_cast<unsigned long long>(given_up), count, done.cpu_us(),
                1e6 * made.cpu_seconds / static_cast<double>(made.calls));
  note(how, line);
}

} // namespace
} // namespace sallyport::bench::custody

int main(int argc, char** argv) {
  sallyport::bench::custody::run(sallyport::bench::read_options(argc, argv));
  return 0;
}
