#include "bench/support/world.hpp"

#include "engine/config/parse.hpp"
#include "engine/core/murmur2.hpp"

#include <array>
#include <thread>

namespace sallyport::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t load_batch = 1000;

topology::plan plan_of(std::string_view yaml, std::uint32_t partitions) {
  config::findings found;
  auto graph = topology::parse_topology(yaml, "bench.yaml", {}, {}, found);
  if (!graph)
    give_up(error::user(errc::invalid_config, config::joined_text(found)));
  return topology::plan_for_testing(std::move(*graph), partitions);
}

} // namespace

world::world(std::string_view topology_yaml, const std::filesystem::path& folder,
             std::uint32_t partitions)
  : folder_(folder), plan_(plan_of(topology_yaml, partitions)) {
  open();
  for (const auto& [name, topic] : plan_.topics)
    must(log_->create_topic(topic));
}

world::~world() { stop(); }

void world::open() {
  rocksdb_database::options how;
  how.folder = folder_;
  database_ = must(rocksdb_database::open(how));
  must(database_->claim(plan_.application));
  store_ = std::make_unique<rocksdb_store>(*database_);
  log_ = must(embedded_log::open(*database_, clock_));
}

void world::reopen() {
  stop();
  log_.reset();
  store_.reset();
  database_.reset();
  open();
}

void world::load(const std::string& topic, std::size_t count,
                 const std::function<record(std::size_t)>& make) {
  const auto& to = plan_.topics.at(topic);
  std::vector<batch> batches(to.partitions);
  auto append = [&](std::uint32_t partition) {
    must(log_->append({{to.name, partition}, std::exchange(batches[partition], {})}));
  };
  for (std::size_t i = 0; i < count; ++i) {
    auto r = make(i);
    auto partition = r.key.is_null() ? static_cast<std::uint32_t>(i / load_batch % to.partitions)
                                     : partition_of(r.key, to.partitions);
    batches[partition].push_back(std::move(r));
    if (batches[partition].size() == load_batch)
      append(partition);
  }
  for (std::uint32_t p = 0; p < to.partitions; ++p)
    append(p);
  settle_background();
}

void world::settle_background() const {
  wait_until([&] {
    auto now = database_->stats();
    std::uint64_t pending = 0;
    for (const auto& column : now.columns)
      pending += column.pending_compaction_bytes;
    return now.running_flushes + now.running_compactions == 0 && pending == 0;
  });
}

void world::start() {
  metrics_ = std::make_unique<observe::metrics>();
  environment_ = std::make_unique<runtime::environment>(
    runtime::environment{plan_, *log_, *store_, clock_, *metrics_, {}, 1});
  instance_ = must(runtime::instance::start(*environment_));
}

void world::stop() {
  if (instance_)
    instance_->stop(plan_.limits.stop_within);
  instance_.reset();
  environment_.reset();
}

void world::wait_until(const std::function<bool()>& done) const {
  while (!done())
    std::this_thread::sleep_for(5ms);
}

void world::wait_until_read(const std::string& topic) const {
  const auto& of = plan_.topics.at(topic);
  wait_until([&] {
    for (std::uint32_t p = 0; p < of.partitions; ++p) {
      auto position = must(log_->position(plan_.application, {of.name, p}));
      if (position.value_or(0) < must(log_->offsets({of.name, p})).end)
        return false;
    }
    return true;
  });
}

std::size_t world::written(const std::string& topic) const {
  const auto& of = plan_.topics.at(topic);
  std::int64_t all = 0;
  for (std::uint32_t p = 0; p < of.partitions; ++p)
    all += must(log_->offsets({of.name, p})).end;
  return static_cast<std::size_t>(all);
}

void world::wait_until_written(const std::string& topic, std::size_t count) const {
  wait_until([&] { return written(topic) >= count; });
}

std::uint64_t mixed(std::uint64_t n) {
  n += 0x9e3779b97f4a7c15ULL;
  n = (n ^ (n >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  n = (n ^ (n >> 27U)) * 0x94d049bb133111ebULL;
  return n ^ (n >> 31U);
}

std::string event_json(std::size_t n, std::size_t booking) {
  static constexpr std::array types{"SENTENCE_DATES-CHANGED", "EXTERNAL_MOVEMENT_RECORD-INSERTED",
                                    "IMPRISONMENT_STATUS-CHANGED",
                                    "CONFIRMED_RELEASE_DATE-CHANGED"};
  auto dice = mixed(n);
  std::string out = R"({"eventType":")";
  out += types[n % types.size()];
  out += R"(","eventDatetime":"2020-02-12T15:14:)" + std::to_string(10 + n % 50) + "." +
         std::to_string(100 + n % 900) + R"(","bookingId":)" + std::to_string(1'000'000 + booking) +
         R"(,"movementSequence":)" + std::to_string(1 + n % 7);
  out += R"(,"from":{"agencyId":"LEI","description":"Leeds","active":true,"capacity":1212})";
  out += R"(,"to":{"agencyId":"MDI","description":"Moorland","active":true,"capacity":990})";
  out += R"(,"codes":[17,4,9,12.5,-3],"alerts":[{"code":"XA","since":"2019-11-30"}])";
  out += R"(,"reason":null,"notes":")";
  std::string tail = R"(","nomisEventType":"M1_RESULT","offenderNo":"A)" +
                     std::to_string(1000 + dice % 9000) + R"(DY"})";
  while (out.size() + tail.size() + 17 <= event_bytes) {
    dice = mixed(dice);
    out += std::to_string(100'000'000'000'000 + dice % 900'000'000'000'000) + ", ";
  }
  out.append(event_bytes - out.size() - tail.size(), '.');
  return out + tail;
}

} // namespace sallyport::bench
