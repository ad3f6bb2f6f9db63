#include "connectors/generate/generate_ingress.hpp"

#include "engine/connectors/source_position.hpp"
#include "engine/core/fault.hpp"
#include "engine/core/murmur2.hpp"
#include "engine/time/clock.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

namespace sallyport::generate {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::uint64_t batch_records_max = 1000;
constexpr std::chrono::milliseconds pause_max{1000};
constexpr std::chrono::milliseconds pause_min{1};

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  (void) std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

} // namespace

generate_ingress::generate_ingress(generate_options options) : options_(std::move(options)) {}

status generate_ingress::run(const target& into) {
  SALLYPORT_TRY(auto position, source_position::open(
                                 *into.to, into.application,
                                 "generate-" + short_hash(options_.name + "\n" + into.topic.name)));
  const std::uint64_t before = position.last() ? number_of(*position.last()) : 0;
  const std::uint64_t last =
    options_.count == 0 ? std::numeric_limits<std::uint64_t>::max() : options_.count;
  const auto start = steady::now();
  for (std::uint64_t made = before; made < last;) {
    auto due = std::min(last - made, batch_records_max);
    auto pause = std::chrono::milliseconds{0};
    if (options_.rate > 0) {
      const std::chrono::duration<double> passed = steady::now() - start;
      const auto wanted = static_cast<std::uint64_t>(passed.count() * options_.rate);
      const auto done = made - before;
      due = std::min(due, wanted > done ? wanted - done : 0);
      if (due == 0)
        pause = std::clamp(
          std::chrono::ceil<std::chrono::milliseconds>(
            std::chrono::duration<double>{static_cast<double>(done + 1) / options_.rate} - passed),
          pause_min, pause_max);
    }
    {
      std::unique_lock lock{guard_};
      if (stopped_.wait_for(lock, pause, [this] { return stopping_; }))
        return {};
    }
    if (due == 0)
      continue;
    const auto now = system_wall_clock{}.now();
    SALLYPORT_CHECK(fault::at("ingress.before"));
    SALLYPORT_CHECK(position.commit(make(into.topic, made + 1, made + due, now),
                                    std::to_string(made + due), now));
    SALLYPORT_CHECK(fault::at("ingress.appended"));
    made += due;
  }
  return {};
}

std::vector<log_append> generate_ingress::make(const topic_config& topic, std::uint64_t from,
                                               std::uint64_t to, wall_time now) const {
  std::map<std::uint32_t, batch> by_partition;
  for (std::uint64_t n = from; n <= to; ++n) {
    record one{{}, bytes{options_.value.fill(options_.seed, n)}, {}, now};
    if (options_.key)
      one.key = bytes{options_.key->fill(options_.seed, n)};
    for (const auto& [name, text] : options_.headers)
      one.headers.push_back({name, text.fill(options_.seed, n)});
    const auto partition = options_.key ? partition_of(one.key, topic.partitions)
                                        : static_cast<std::uint32_t>((n - 1) % topic.partitions);
    by_partition[partition].push_back(std::move(one));
  }
  std::vector<log_append> appends;
  for (auto& [partition, records] : by_partition)
    appends.push_back({{topic.name, partition}, std::move(records)});
  return appends;
}

void generate_ingress::stop() {
  std::lock_guard lock{guard_};
  stopping_ = true;
  stopped_.notify_all();
}

} // namespace sallyport::generate
