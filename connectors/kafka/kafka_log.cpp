#include "connectors/kafka/kafka_log.hpp"

#include "connectors/kafka/positions.hpp"
#include "engine/log/checks.hpp"

#include <algorithm>
#include <map>

namespace sallyport::kafka {

namespace {

/// A retention that the config gives is checked; without one a topic that is made keeps all.
void set_bound(wanted_topic& of, const char* property, std::int64_t bound) {
  auto& where = bound > 0 ? of.config : of.config_when_made;
  where.emplace_back(property, std::to_string(bound > 0 ? bound : -1));
}

} // namespace

result<std::unique_ptr<kafka_log>> kafka_log::open(log_settings settings,
                                                   const log_environment& in) {
  if (settings.instance.empty())
    settings.instance = default_instance(in.config_name);
  settings.to.client_id = in.application + "/" + settings.instance;
  SALLYPORT_TRY(auto of, cluster::open(settings.to));
  return std::unique_ptr<kafka_log>{new kafka_log{std::move(settings), in, std::move(of)}};
}

kafka_log::kafka_log(log_settings settings, const log_environment& in, std::unique_ptr<cluster> of)
  : settings_(std::move(settings)), in_(in), of_(std::move(of)), reader_(*of_, listeners_),
    appender_(*of_), keys_(*of_, in.application + ".keys", settings_.replication, in.clock),
    transactions_(*of_, in.application + "/" + settings_.instance + "/log",
                  settings_.transaction_timeout, keys_) {}

// -- topics ---------------------------------------------------------------------------------------

status kafka_log::create_topic(const topic_config& topic) {
  SALLYPORT_CHECK(checks::topic(topic));
  auto made = application_topic(settings_, topic.name, topic.partitions);
  set_bound(made, "retention.ms", topic.retention_age.count());
  set_bound(made, "retention.bytes", static_cast<std::int64_t>(topic.retention_bytes));
  of_->forget(topic.name);
  SALLYPORT_CHECK(ensure_topics(of_->probe().get(), {made}));
  std::lock_guard lock{guard_};
  made_.insert(topic.name);
  return {};
}

std::vector<topic_config> kafka_log::topics() const {
  std::set<std::string> names;
  {
    std::lock_guard lock{guard_};
    names = made_;
  }
  std::vector<topic_config> all;
  for (const auto& name : names)
    if (auto found = find_topic(name))
      all.push_back(std::move(*found));
  return all;
}

std::optional<topic_config> kafka_log::find_topic(std::string_view name) const {
  auto found = of_->find(std::string{name});
  return found ? std::move(*found) : std::nullopt;
}

// -- reading --------------------------------------------------------------------------------------

result<offset_range> kafka_log::offsets(const partition_id& of) const { return of_->offsets(of); }

result<std::vector<log_record>> kafka_log::read(const partition_id& of, std::int64_t from,
                                                const read_limits& limits) const {
  return reader_.read(of, from, limits);
}

result<std::optional<std::int64_t>> kafka_log::position(std::string_view application,
                                                        const partition_id& of) const {
  SALLYPORT_CHECK(of_->check(of));
  SALLYPORT_CHECK(checks::application(application));
  SALLYPORT_TRY(const auto found,
                group_positions(of_->probe().get(), std::string{application}, {of}));
  return found.front();
}

// -- writing --------------------------------------------------------------------------------------

result<std::int64_t> kafka_log::append(const log_append& records,
                                       std::optional<std::string_view> idempotency_key) {
  SALLYPORT_CHECK(of_->check(records.to));
  if (idempotency_key)
    SALLYPORT_CHECK(checks::idempotency_key(*idempotency_key));
  if (records.records.empty()) {
    SALLYPORT_TRY(const auto there, of_->offsets(records.to));
    return there.end;
  }
  if (!idempotency_key) {
    SALLYPORT_TRY(const auto written, appender_.append(records));
    listeners_.notify(std::span{&records.to, 1});
    return written.begin;
  }
  transactions::work what;
  what.appends = std::span{&records, 1};
  what.key = std::string{*idempotency_key};
  what.now = in_.clock.now();
  SALLYPORT_CHECK(transactions_.run(what));
  if (what.first_of_then)
    return *what.first_of_then;
  listeners_.notify(std::span{&records.to, 1});
  return what.written.front().begin;
}

/// What a caller can only know wrongly is refused before anything is written.
status kafka_log::check(const log_commit& commit) const {
  std::map<partition_id, std::int64_t> added;
  for (const auto& append : commit.appends) {
    SALLYPORT_CHECK(of_->check(append.to));
    added[append.to] += static_cast<std::int64_t>(append.records.size());
  }
  if (!commit.positions.empty())
    SALLYPORT_CHECK(checks::application(commit.application));
  for (const auto& position : commit.positions) {
    SALLYPORT_TRY(const auto there, of_->offsets(position.from));
    SALLYPORT_CHECK(checks::position(position, there.end + added[position.from]));
  }
  return {};
}

status kafka_log::commit(const log_commit& commit) {
  SALLYPORT_CHECK(check(commit));
  std::vector<partition_id> appended;
  for (const auto& append : commit.appends)
    if (!append.records.empty())
      appended.push_back(append.to);
  if (!appended.empty() || !commit.positions.empty()) {
    transactions::work what;
    what.appends = commit.appends;
    what.group = commit.application;
    what.positions = commit.positions;
    SALLYPORT_CHECK(transactions_.run(what));
  }
  if (!commit.state.empty())
    SALLYPORT_CHECK(in_.state.write(commit.state, true));
  std::ranges::sort(appended);
  appended.erase(std::ranges::unique(appended).begin(), appended.end());
  listeners_.notify(appended);
  return {};
}

result<std::uint64_t> kafka_log::retain(wall_time /*now*/) { return 0; }

// -- listeners ------------------------------------------------------------------------------------

std::uint64_t kafka_log::subscribe(listener on_append) {
  return listeners_.subscribe(std::move(on_append));
}

void kafka_log::unsubscribe(std::uint64_t handle) { listeners_.unsubscribe(handle); }

std::uint64_t kafka_log::size_bytes() const { return 0; }

} // namespace sallyport::kafka
