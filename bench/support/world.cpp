#include "bench/support/world.hpp"

#include "engine/config/parse.hpp"
#include "engine/core/murmur2.hpp"

#include <cstdlib>
#include <sstream>
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
  : world(plan_of(topology_yaml, partitions), folder) {}

world::world(topology::plan plan, const std::filesystem::path& folder,
             std::map<std::string, std::shared_ptr<caller>> callers)
  : folder_(folder), plan_(std::move(plan)), callers_(std::move(callers)) {
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
    runtime::environment{plan_, *log_, *store_, clock_, *metrics_, callers_, {}});
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

double world::sum_of(const std::string& metric, const std::string& part) const {
  double all = 0;
  std::istringstream lines{metrics_->text()};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(metric + "{") && line.find(part) != std::string::npos)
      all += std::strtod(line.c_str() + line.rfind(' ') + 1, nullptr);
  return all;
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

} // namespace sallyport::bench
