/// What one commit costs whoever waits for it: from a post of one record to the real program until
/// what came of it stands in the log. Nothing else is under way, so each takes a write of the
/// ingress, a passage through the lane and a commit.
///
/// The limit is two writes of RocksDB on the same disk, each synced: the least that a durable input
/// and a durable output need.

#include "bench/support/program.hpp"
#include "bench/support/world.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <thread>

namespace sallyport::bench {
namespace {

constexpr std::string_view config = SALLYPORT_SOURCE_DIR "/bench/service/config.yaml";

/// To ask all the time would take a core from the program.
constexpr std::chrono::microseconds poll_every{200};

double milliseconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
    .count();
}

double part(std::vector<double>& of, double which) {
  std::ranges::sort(of);
  return of[static_cast<std::size_t>(which * static_cast<double>(of.size() - 1))];
}

std::vector<double> two_writes(const std::filesystem::path& folder, std::size_t count) {
  rocksdb_database::options how;
  how.folder = folder;
  auto database = must(rocksdb_database::open(how));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  std::vector<double> taken;
  for (std::size_t i = 0; i < count; ++i) {
    auto began = std::chrono::steady_clock::now();
    for (int write = 0; write < 2; ++write) {
      rocksdb::WriteBatch batch;
      batch.Put(database->handle(rocksdb_database::column::log), std::to_string(2 * i),
                event_json(i, i));
      if (!database->db().Write(synced, &batch).ok())
        give_up(error::internal("RocksDB cannot write"));
    }
    taken.push_back(milliseconds_since(began));
  }
  return taken;
}

void run(const options& how) {
  const auto count = how.events_or(500);
  scratch_folder folder{how, "commit"};
  program p{std::string{config}, folder.path() / "state"};
  p.wait_until_ready();
  std::vector<double> taken;
  for (std::size_t i = 0; i < count; ++i) {
    auto before = p.written("latest");
    auto began = std::chrono::steady_clock::now();
    p.post("events", std::to_string(i), event_json(i, i));
    while (p.written("latest") == before)
      std::this_thread::sleep_for(poll_every);
    taken.push_back(milliseconds_since(began));
  }
  auto rss = rss_mb_of(p.id());
  p.terminate();
  auto limits = two_writes(folder.path() / "rocksdb", count);
  const std::string against = "two synced writes of RocksDB";
  auto say = [&](const char* name, double which) {
    auto ours = part(taken, which);
    auto limit = part(limits, which);
    tell(how, {name, ours, "ms", against, ours / limit, rss});
  };
  say("commit", 0.5);
  say("commit_p99", 0.99);
}

} // namespace
} // namespace sallyport::bench

int main(int argc, char** argv) {
  sallyport::bench::run(sallyport::bench::read_options(argc, argv));
  return 0;
}
