/// How many durable timers are set in a second, and fire in a second: each is set by a record of
/// its own, in random order of due times, and all of it is committed.
///
/// The limit is what RocksDB needs for the rows of a timer: two to write when it is set, two to
/// erase when it fires.

#include "bench/support/world.hpp"
#include "engine/operators/registry.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

namespace sallyport {
namespace {

/// Sets a timer for each record, somewhere within an hour; what fires is counted.
class alarm final : public operator_base {
public:
  verdict process(record&& r, context& ctx) override {
    auto within = std::hash<std::string_view>{}(r.key) % 3'600'000;
    ctx.timer_set(r.key, ctx.now() + duration{1 + static_cast<std::int64_t>(within)});
    return verdict::done();
  }
  void on_timer(const timer& /*fired*/, context& ctx) override {
    ctx.count("bench_alarms", "fired");
  }
};

SALLYPORT_OPERATOR(alarm, [] {
  operator_entry entry;
  entry.spec = config::spec{"bench.alarm"}.summary("Sets a timer for each record.");
  entry.outputs = {};
  entry.make = [](const config::params&) { return std::make_unique<alarm>(); };
  return entry;
}());

} // namespace
} // namespace sallyport

namespace sallyport::bench {
namespace {

constexpr std::string_view topology = R"(
topology: bench-timers
summary: A timer for each record.
ports:
  keys: { kind: source, doc: A record for each timer. }
  dead-letters: { kind: sink, doc: Never used. }
parts:
  timers:
    reads: keys
    stages:
      - name: alarm
        operator: bench.alarm
      - name: dead
        operator: dead_letter
        from: ["*.rejected"]
        with: { to: dead-letters }
)";

std::string key_of(std::size_t i) {
  return std::to_string(1'000'000'000 + mixed(i) % 1'000'000'000) + std::to_string(i);
}

struct limits {
  cost set;
  cost fired;
};

limits rocksdb_alone(const std::filesystem::path& folder, std::size_t count) {
  rocksdb_database::options how;
  how.folder = folder;
  auto database = must(rocksdb_database::open(how));
  auto& db = database->db();
  auto* column = database->handle(rocksdb_database::column::state);
  constexpr std::size_t timers_per_commit = 10'000;
  auto write = [&](bool erase) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    stopwatch watch;
    rocksdb::WriteBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
      auto key = key_of(i);
      for (const auto* kind : {"n", "t"})
        if (erase)
          batch.Delete(column, kind + key);
        else
          batch.Put(column, kind + key, "12345678");
      if ((i + 1) % timers_per_commit == 0 || i + 1 == count) {
        if (!db.Write(synced, &batch).ok())
          give_up(error::internal("RocksDB cannot write"));
        batch.Clear();
      }
    }
    return watch.stop(count);
  };
  limits taken;
  taken.set = write(false);
  taken.fired = write(true);
  return taken;
}

void run(const options& how) {
  const auto count = how.events_or(1'000'000);
  scratch_folder folder{how, "timers"};
  world w{topology, folder.path() / "state"};
  w.load("keys", count, [](std::size_t i) {
    record r;
    r.key = bytes{key_of(i)};
    return r;
  });
  w.reopen();
  reset_peak_rss();
  stopwatch setting;
  w.start();
  w.wait_until_read("keys");
  auto set = setting.stop(count);
  auto peak_set = peak_rss_mb();
  reset_peak_rss();
  auto& fired_so_far = w.metrics().add_counter("bench_alarms_total", "", {{"type", "fired"}});
  stopwatch firing;
  w.clock().advance(duration{2 * 3'600'000});
  w.wait_until([&] { return fired_so_far.value() >= static_cast<double>(count); });
  auto fired = firing.stop(count);
  auto peak_fired = peak_rss_mb();
  w.stop();

  auto limit = rocksdb_alone(folder.path() / "rocksdb", count);
  tell_rate(how, "timers_set", set, rate::per_second, "RocksDB alone: two rows written each",
            limit.set.per_second(), peak_set, 100'000);
  tell_rate(how, "timers_fire", fired, rate::per_second, "RocksDB alone: two rows erased each",
            limit.fired.per_second(), peak_fired, 50'000);
}

} // namespace
} // namespace sallyport::bench

int main(int argc, char** argv) {
  sallyport::bench::run(sallyport::bench::read_options(argc, argv));
  return 0;
}
