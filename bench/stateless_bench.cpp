/// How many events a stateless lane takes from the log, parses, filters, projects and appends to
/// the log again, for one second of CPU time of all threads together.
///
/// The limit is what its three unavoidable costs take alone, in the same run and over the same
/// events: parsing (simdjson), writing the same bytes (RocksDB batches), handing batches from actor
/// to actor (CAF).

#include "bench/support/world.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <simdjson.h>

namespace sallyport::bench {

using events = std::vector<record>;

/// A batch on its way through the bare pipeline.
struct parcel {
  std::shared_ptr<events> what;
};

} // namespace sallyport::bench

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::bench::parcel)

namespace sallyport::bench {
namespace {

constexpr std::string_view topology = R"(
topology: bench-stateless
summary: Parses, filters, projects four fields, publishes.
ports:
  events: { kind: source, doc: Events of 800 bytes. }
  moves: { kind: sink, doc: Four fields of each. }
  dead-letters: { kind: sink, doc: What is not JSON. }
parts:
  stateless:
    reads: events
    stages:
      - name: parse
        operator: validate
      - name: wanted
        operator: filter
        with: { when: [{ field: /from/agencyId, in: [LEI, MDI] }] }
      - name: fields
        operator: project
        with: { fields: { type: /eventType, at: /eventDatetime, booking: /bookingId, offender: /offenderNo } }
      - name: out
        operator: publish
        with: { to: moves }
      - name: dead
        operator: dead_letter
        from: ["*.rejected"]
        with: { to: dead-letters }
)";
constexpr std::size_t hops = 4;
constexpr std::size_t batch_records = 1024;
/// Events that the limits are measured with, over and over.
constexpr std::size_t sample_events = 50'000;

std::vector<std::string> sample() {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < sample_events; ++i) {
    all.push_back(event_json(i, mixed(i) % 200'000));
    all.back().reserve(event_bytes + simdjson::SIMDJSON_PADDING);
  }
  return all;
}

cost parse_alone(const std::vector<std::string>& texts, std::size_t count) {
  simdjson::dom::parser parser;
  std::size_t found = 0;
  stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) {
    simdjson::dom::element root;
    std::string_view type;
    if (parser.parse(texts[i % texts.size()].data(), event_bytes, false).get(root) ==
          simdjson::SUCCESS &&
        root["eventType"].get(type) == simdjson::SUCCESS)
      found += type.size();
  }
  auto spent = watch.stop(count);
  if (found == 0)
    give_up(error::internal("no event was parsed"));
  return spent;
}

/// Writes rows of a batch each, as big as those of the log, in commits of 20 rows.
cost rocksdb_alone(const std::filesystem::path& folder, std::size_t count, std::size_t bytes) {
  rocksdb::Options how;
  how.create_if_missing = true;
  how.enable_blob_files = true;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open(how, folder.string(), &opened).ok())
    give_up(error::internal("RocksDB cannot be opened"));
  std::unique_ptr<rocksdb::DB> db{opened};
  std::string row;
  while (row.size() < batch_records * bytes)
    row += std::to_string(mixed(row.size()));
  constexpr std::size_t rows_per_commit = 20;
  rocksdb::WriteOptions synced;
  synced.sync = true;
  stopwatch watch;
  rocksdb::WriteBatch batch;
  for (std::size_t n = 0; n < count; n += batch_records) {
    batch.Put(std::to_string(1'000'000'000 + n), row);
    if (batch.Count() == rows_per_commit || n + batch_records >= count) {
      if (!db->Write(synced, &batch).ok())
        give_up(error::internal("RocksDB cannot write"));
      batch.Clear();
    }
  }
  return watch.stop(count);
}

caf::behavior relay(caf::event_based_actor* self, const caf::actor& next) {
  return {[self, next](const parcel& p) {
    auto handed = std::make_shared<events>();
    handed->reserve(p.what->size());
    for (auto& e : *p.what)
      handed->push_back(std::move(e));
    self->send(next, parcel{std::move(handed)});
  }};
}

cost actors_alone(std::size_t count) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor end{system};
  caf::actor next = end;
  for (std::size_t i = 0; i < hops; ++i)
    next = system.spawn(relay, next);
  record one;
  one.value = bytes{std::string(event_bytes, 'x')};
  constexpr std::size_t rounds_in_flight = 4;
  stopwatch watch;
  std::size_t in_flight = 0;
  std::size_t sent = 0;
  std::size_t arrived = 0;
  while (arrived < count) {
    for (; sent < count && in_flight < rounds_in_flight; ++in_flight, sent += batch_records)
      caf::anon_send(next, parcel{std::make_shared<events>(batch_records, one)});
    end->receive([&](const parcel& p) {
      arrived += p.what->size();
      --in_flight;
    });
  }
  return watch.stop(count);
}

void run(const options& how) {
  const auto count = how.events_or(1'000'000);
  scratch_folder folder{how, "stateless"};
  world w{topology, folder.path() / "state"};
  w.load("events", count, [](std::size_t i) {
    record r;
    r.value = bytes{event_json(i, mixed(i) % 200'000)};
    return r;
  });
  w.reopen();
  reset_peak_rss();
  stopwatch watch;
  w.start();
  w.wait_until_read("events");
  auto ours = watch.stop(count);
  auto peak = peak_rss_mb();
  if (w.written("moves") != count)
    give_up(error::internal("the lanes wrote another number of records than they read"));
  auto sample_out = must(w.log().read({"moves", 0}, 0, {}));
  w.stop();

  auto texts = sample();
  auto parse = parse_alone(texts, count);
  auto write = rocksdb_alone(folder.path() / "rocksdb", count, sample_out.front().rec.value.size());
  auto actors = actors_alone(count);
  auto limit = (parse + write + actors).per_core();
  tell_rate(how, "stateless", ours, rate::per_core,
            "simdjson, RocksDB and CAF alone, one after the other", limit, peak, 150'000);
  tell(how, {"stateless_simdjson", ours.per_core(), "events/s/core", "a simdjson loop",
             ours.per_core() / parse.per_core(), peak});
  tell(how, {"stateless_rocksdb", ours.per_core(), "events/s/core", "raw RocksDB batches",
             ours.per_core() / write.per_core(), peak});
  tell(how, {"stateless_caf", ours.per_core(), "events/s/core", "a bare CAF pipeline",
             ours.per_core() / actors.per_core(), peak});
}

} // namespace
} // namespace sallyport::bench

int main(int argc, char** argv) {
  sallyport::bench::run(sallyport::bench::read_options(argc, argv));
  return 0;
}
