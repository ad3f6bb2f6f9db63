/// How many events of 200,000 bookings a durable hold-back takes in, of which the newer supersede
/// the older, and lets go when their time is over, for one second of CPU time of all threads.
///
/// The limit is what RocksDB needs for the same rows: read one, write one, in commits that are
/// synced.

#include "bench/support/world.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

namespace sallyport::bench {
namespace {

constexpr std::string_view topology = R"(
topology: bench-hold-back
summary: Holds the events of a booking for an hour and lets the newest go on.
ports:
  events: { kind: source, doc: Events by booking. }
  gathered: { kind: sink, doc: The newest of each booking. }
  dead-letters: { kind: sink, doc: What has no key. }
parts:
  hold:
    reads: events
    stages:
      - name: gather
        operator: hold_back
        with: { for: 1h }
      - name: out
        operator: publish
        with: { to: gathered }
      - name: dead
        operator: dead_letter
        from: ["*.rejected"]
        with: { to: dead-letters }
)";
constexpr std::size_t bookings = 200'000;

std::size_t booking_of(std::size_t i) { return mixed(i) % bookings; }

std::string key_of(std::size_t booking) { return std::to_string(1'000'000 + booking); }

cost rocksdb_alone(const std::filesystem::path& folder, std::size_t count) {
  rocksdb_database::options how;
  how.folder = folder;
  auto database = must(rocksdb_database::open(how));
  auto& db = database->db();
  auto* column = database->handle(rocksdb_database::column::state);
  constexpr std::size_t rows_per_commit = 10'000;
  std::string row(event_bytes, 'x');
  std::string found;
  rocksdb::WriteOptions synced;
  synced.sync = true;
  stopwatch watch;
  rocksdb::WriteBatch batch;
  for (std::size_t i = 0; i < count; ++i) {
    auto key = key_of(booking_of(i));
    if (db.Get({}, column, key, &found).ok())
      row.swap(found);
    batch.Put(column, key, row);
    if (batch.Count() == rows_per_commit || i + 1 == count) {
      if (!db.Write(synced, &batch).ok())
        give_up(error::internal("RocksDB cannot write"));
      batch.Clear();
    }
  }
  return watch.stop(count);
}

void run(const options& how) {
  const auto count = how.events_or(1'000'000);
  scratch_folder folder{how, "hold_back"};
  world w{topology, folder.path() / "state"};
  std::vector<bool> seen(bookings);
  std::size_t kept = 0;
  w.load("events", count, [&](std::size_t i) {
    auto booking = booking_of(i);
    kept += seen[booking] ? 0 : 1;
    seen[booking] = true;
    record r;
    r.key = bytes{key_of(booking)};
    r.value = bytes{event_json(i, booking)};
    return r;
  });
  w.reopen();
  reset_peak_rss();
  stopwatch taking;
  w.start();
  w.wait_until_read("events");
  auto taken = taking.stop(count);
  stopwatch releasing;
  w.clock().advance(duration{2 * 3'600'000});
  w.wait_until_written("gathered", kept);
  auto released = releasing.stop(kept);
  auto peak = peak_rss_mb();
  w.stop();

  auto limit = rocksdb_alone(folder.path() / "rocksdb", count).per_core();
  const std::string against = "RocksDB alone: a read and a write each";
  tell_rate(how, "hold_back", taken + released, rate::per_core, against, limit, peak, 40'000);
  tell(how, {"hold_back_in", taken.per_core(), "events/s/core", against, taken.per_core() / limit,
             peak});
  tell(how, {"hold_back_out", released.per_core(), "events/s/core", against,
             released.per_core() / limit, peak});
}

} // namespace
} // namespace sallyport::bench

int main(int argc, char** argv) {
  sallyport::bench::run(sallyport::bench::read_options(argc, argv));
  return 0;
}
