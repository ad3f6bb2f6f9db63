#include "tools/command/service.hpp"

#include "engine/core/fault.hpp"
#include "engine/observe/log.hpp"
#include "engine/services/peer_health.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <unistd.h>

namespace sallyport::command {

namespace {

using namespace std::chrono_literals;

/// How often old records are dropped from the topics.
constexpr auto maintenance_every = 60s;
constexpr std::string_view log_row = "log";

/// A state folder belongs to one kind of log: on another, its rows would be taken for a state that
/// they are not.
status claim_for_log(store& in, const std::string& kind) {
  SALLYPORT_TRY(auto row, in.get(family::meta, log_row));
  if (row && *row != kind)
    return fail(error::user(errc::foreign_state, "the state folder was made with the log '" + *row +
                                                   "', the config says '" + kind +
                                                   "'; give the application another state folder"));
  if (row)
    return {};
  store_batch first;
  first.put(family::meta, std::string{log_row}, kind);
  return in.write(first, true);
}

} // namespace

service::service(topology::plan plan, std::string masked_config)
  : plan_(std::move(plan)), masked_config_(std::move(masked_config)),
    process_metrics_(metrics_, SALLYPORT_VERSION) {}

result<std::unique_ptr<service>> service::start(topology::plan plan, std::string masked_config) {
  std::unique_ptr<service> s{new service{std::move(plan), std::move(masked_config)}};
  SALLYPORT_CHECK(s->open_state());
  SALLYPORT_CHECK(s->open_log());
  SALLYPORT_CHECK(s->make_callers());
  s->add_metrics();
  SALLYPORT_CHECK(s->open_control());
  SALLYPORT_CHECK(s->open_http()); // before the lanes: other instances are told its address
  SALLYPORT_TRY(s->instance_, runtime::instance::start(*s->environment_));
  s->control_->start(lanes_of(*s->environment_, *s->instance_));
  SALLYPORT_CHECK(s->start_connectors());
  s->maintenance_ = std::thread{[self = s.get()] { self->maintain(); }};
  s->health_.set_ready(true);
  return s;
}

status service::open_state() {
  SALLYPORT_CHECK(fault::at("restart.open"));
  rocksdb_database::options how;
  how.folder = plan_.state_folder;
  SALLYPORT_TRY(database_, rocksdb_database::open(how));
  SALLYPORT_CHECK(database_->claim(plan_.application));
  store_ = std::make_unique<rocksdb_store>(*database_);
  return claim_for_log(*store_, plan_.log.kind);
}

status service::open_log() {
  if (plan_.log.connector == nullptr) {
    SALLYPORT_TRY(log_, embedded_log::open(*database_, clock_));
  } else {
    log_environment env{
      plan_.application, plan_.config_file, [this] { return address(); }, *store_, clock_,
      metrics_};
    SALLYPORT_TRY(log_, plan_.log.connector->as_log->make(plan_.log.with, env));
  }
  for (const auto& [name, topic] : plan_.topics)
    SALLYPORT_CHECK(log_->create_topic(topic));
  return {};
}

std::string service::address() const {
  return (plan_.http.tls.certificate.empty() ? "http://" : "https://") + plan_.http.bind + ":" +
         std::to_string(port_);
}

status service::make_callers() {
  std::map<std::string, std::shared_ptr<caller>> callers;
  for (const auto& [port, binding] : plan_.calls) {
    SALLYPORT_TRY(auto made, binding.connector->as_caller->make(binding.with));
    callers.emplace(port, std::move(made));
  }
  SALLYPORT_TRY(auto generations, lane::generations::open(*store_));
  environment_ = std::make_unique<runtime::environment>(runtime::environment{
    plan_, *log_, *store_, clock_, metrics_, std::move(callers), std::move(generations)});
  return {};
}

status service::open_control() {
  control_ =
    std::make_unique<control_board>(plan_.application, calling_stages(plan_), *log_, clock_);
  return control_->open();
}

void service::drain() {
  if (!health_.ready()) // it starts, or stops already
    return;
  const std::lock_guard lock{guard_};
  if (draining_.exchange(true))
    return;
  drainer_ = std::thread{[this] {
    // The lanes of the embedded log have nowhere to go.
    if (instance_ && plan_.log.connector != nullptr)
      (void) instance_->leave(plan_.limits.stop_within);
    ::kill(::getpid(), SIGTERM); // as whoever runs the process would ask it
  }};
}

status service::open_http() {
  http_server::limits how;
  how.body_bytes_max = plan_.http.body_bytes_max;
  how.tls = {plan_.http.tls.certificate, plan_.http.tls.key};
  http_ = std::make_unique<http_server>(how);
  ingress_service::limits ingress_limits;
  ingress_limits.record_bytes_max = plan_.limits.record_bytes_max;
  ingress_posts_ = std::make_unique<ingress_service>(*log_, clock_, ingress_limits);
  log_reads_ = std::make_unique<log_service>(*log_);
  row_reads_ = std::make_unique<lane::row_service>(*store_);
  backups_ =
    std::make_unique<backup::service>(*database_, plan_.backup_folder, SALLYPORT_VERSION, clock_);
  observed_ = std::make_unique<observe_service>(
    metrics_, health_,
    instance_info{SALLYPORT_VERSION, plan_.application, clock_.now(), masked_config_});
  ingress_posts_->serve_on(*http_);
  log_reads_->serve_on(*http_);
  row_reads_->serve_on(*http_);
  backups_->serve_on(*http_);
  observed_->serve_on(*http_);
  lanes_ = std::make_unique<lanes_service>(
    runtime::lanes_of(plan_), [here = environment_->lanes_here] { return here->list(); },
    dynamic_cast<const lane_directory*>(log_.get()));
  lanes_->serve_on(*http_);
  lane::lane_filter owns;
  if (plan_.log.connector != nullptr) // On the embedded log all lanes are here, open or not.
    owns = [this](const std::string& part, std::uint32_t partition) {
      return lanes_->owns(part, partition);
    };
  const auto others = [this] { return lanes_->others(address()); };
  admin_ = std::make_unique<admin>(
    admin::settings{*environment_, *lanes_, *control_, health_, owns, [this] { return address(); },
                    [this] { return draining_.load(); }, [this] { drain(); }, others});
  admin_->serve_on(*http_);
  surface_ = std::make_unique<http_surface>(plan_, *store_, *log_, clock_, metrics_,
                                            std::move(owns), others);
  surface_->serve_on(*http_);
  SALLYPORT_TRY(port_, http_->start(plan_.http.bind, plan_.http.port));
  observe::log(observe::level::info, "http.listening", "ingress, log, metrics and health",
               {{"address", plan_.http.bind + ":" + std::to_string(port_)}});
  return {};
}

void service::connector_ended(const std::string& kind, const std::string& binding,
                              const error& why) {
  observe::log(observe::level::error, kind + ".ended", "an " + kind + " ended with an error",
               {{"binding", binding}, {"why", why.what}});
  const std::lock_guard lock{guard_};
  ended_.emplace(binding, why.what);
}

status service::start_connectors() {
  health_.add("connectors", [this] {
    const std::lock_guard lock{guard_};
    return observe::health_report{ended_.empty(), ended_};
  });
  for (const auto& binding : plan_.egresses) {
    SALLYPORT_TRY(auto made, binding.connector->as_egress->make(binding.with));
    egress::source of{log_.get(), plan_.topics.at(binding.port),
                      plan_.application + "." + binding.name};
    egress_threads_.emplace_back([this, run = made.get(), of, name = binding.name] {
      if (auto done = run->run(of); !done)
        connector_ended("egress", name, done.error());
    });
    egresses_.push_back(std::move(made));
  }
  for (const auto& binding : plan_.ingresses) {
    SALLYPORT_TRY(auto made, binding.connector->as_ingress->make(binding.with));
    ingress::target into{log_.get(), plan_.topics.at(binding.port),
                         plan_.application + "." + binding.name};
    ingress_threads_.emplace_back([this, run = made.get(), into, name = binding.name] {
      if (auto done = run->run(into); !done)
        connector_ended("ingress", name, done.error());
    });
    ingresses_.push_back(std::move(made));
  }
  return {};
}

void service::add_metrics() {
  for (const auto& [name, value] : topology::limit_values(plan_.limits))
    metrics_
      .add_gauge("sallyport_limit", "The bounds of the engine as they are set; times in seconds.",
                 {{"name", std::string{name}}})
      .set(value);
  refresh_handle_ = metrics_.before_scrape([this] { refresh_metrics(); });
  add_health();
}

void service::add_health() {
  health_.add("diskSpace", [this] {
    std::error_code ec;
    auto space = std::filesystem::space(plan_.state_folder, ec);
    observe::health_report r;
    r.up = !ec && space.available > (64U << 20U);
    r.details["free"] = std::to_string(space.available);
    return r;
  });
  health_.add("lanes", [this] {
    observe::health_report r;
    auto missing = environment_->lanes_missing->load();
    r.up = missing == 0;
    r.details["missing"] = std::to_string(missing);
    return r;
  });
  health_.add("log", [this] {
    observe::health_report r;
    r.details["topics"] = std::to_string(log_->topics().size());
    return r;
  });
  const auto serves = [] { return observe::health_report{}; };
  health_.add("ping", serves);
  health_.add("livenessState", serves);
  health_.add("readinessState", [this] { return observe::health_report{health_.ready(), {}}; });
  health_.add("healthInfo",
              [] { return observe::health_report{true, {{"version", SALLYPORT_VERSION}}}; });
  for (const auto& [name, url] : plan_.http.health)
    health_.add(name, health_of_peer(url));
}

/// Whether a lane that is open here reads the partition.
bool service::reads_here(const std::string& topic, std::uint32_t partition) const {
  auto here = environment_->lanes_here->list();
  return std::ranges::any_of(here, [&](const auto& lane) {
    auto part = std::ranges::find(plan_.topology.parts, lane.first, &topology::part::name);
    return lane.second == partition && plan_.topics.at(part->reads).name == topic;
  });
}

/// A lane that is elsewhere is told of there.
void service::set_lag(const partition_id& of, std::int64_t end) {
  auto set = [&](double lag) {
    metrics_
      .add_gauge("sallyport_lag_records", "Records that the lane has not committed yet.",
                 {{"topic", of.topic}, {"partition", std::to_string(of.partition)}})
      .set(lag);
  };
  if (!reads_here(of.topic, of.partition)) {
    if (lag_told_.erase(of) > 0)
      set(0);
    return;
  }
  auto position = log_->position(plan_.application, of);
  if (!position || !*position)
    return;
  lag_told_.insert(of);
  set(static_cast<double>(end - **position));
}

void service::refresh_metrics() {
  for (const auto& topic : log_->topics()) {
    for (std::uint32_t p = 0; p < topic.partitions; ++p) {
      auto range = log_->offsets({topic.name, p});
      if (!range)
        continue;
      observe::labels labels{{"topic", topic.name}, {"partition", std::to_string(p)}};
      metrics_.add_gauge("sallyport_log_end_offset", "The next offset of a partition.", labels)
        .set(static_cast<double>(range->end));
      set_lag({topic.name, p}, range->end);
    }
  }
  auto stats = database_->stats();
  for (const auto& column : stats.columns) {
    auto set = [&](const char* kind, std::uint64_t value) {
      metrics_
        .add_gauge("sallyport_rocksdb_bytes", "What the state folder's database takes.",
                   {{"column", column.name}, {"kind", kind}})
        .set(static_cast<double>(value));
    };
    set("tables", column.table_bytes);
    set("blobs", column.blob_bytes);
    set("memory", column.memory_bytes);
    set("pending_compaction", column.pending_compaction_bytes);
  }
  metrics_.add_gauge("sallyport_rocksdb_write_stalled", "1 while the database slows writes down.")
    .set(stats.write_stalled ? 1 : 0);
  for (const auto& [port, peer] : environment_->callers) {
    auto load = peer->current_load();
    auto set = [&](const char* what, std::size_t value) {
      metrics_
        .add_gauge("sallyport_peer_tries", "Tries to a peer: in flight, queued, and the limit.",
                   {{"peer", port}, {"what", what}})
        .set(static_cast<double>(value));
    };
    set("in_flight", load.in_flight);
    set("queued", load.queued);
    set("limit", load.limit);
  }
  set_gauges_of_status();
  surface_->refresh_gauges();
}

/// What `status` tells as well, for alerts.
void service::set_gauges_of_status() {
  std::error_code ec;
  if (const auto space = std::filesystem::space(plan_.state_folder, ec); !ec) {
    const auto set = [&](const char* kind, std::uintmax_t value) {
      metrics_
        .add_gauge("sallyport_disk_bytes", "Of the disk of the state folder: free, and its size.",
                   {{"kind", kind}})
        .set(static_cast<double>(value));
    };
    set("free", space.available);
    set("size", space.capacity);
  }
  metrics_
    .add_gauge("sallyport_clock_set_seconds", "By how much the clock was set since the start.")
    .set(std::round((std::chrono::duration<double>(clock_.now() - started_) -
                     (std::chrono::steady_clock::now() - started_steady_))
                      .count()));
  const auto ended = [this] {
    const std::lock_guard lock{guard_};
    return ended_.size();
  }();
  metrics_
    .add_gauge("sallyport_connectors_ended", "Ingresses and egresses that ended with an error.")
    .set(static_cast<double>(ended));
  metrics_.add_gauge("sallyport_pauses", "What people have paused.")
    .set(static_cast<double>(control_->pauses().size()));
  for (const auto& [port, seen] : environment_->peers_seen->list()) {
    metrics_.add_gauge("sallyport_peer_seconds", "How long a try takes lately.", {{"peer", port}})
      .set(seen.seconds);
    metrics_
      .add_gauge("sallyport_peer_unauthorized", "1 while a peer or its sign-in refuses who we are.",
                 {{"peer", port}})
      .set(seen.unauthorized() ? 1 : 0);
  }
}

void service::maintain() {
  std::unique_lock lock{guard_};
  while (!wake_.wait_for(lock, maintenance_every, [&] { return stopping_; })) {
    lock.unlock();
    if (auto dropped = log_->retain(clock_.now()); !dropped)
      observe::log(observe::level::warn, "log.retain_failed", "old records cannot be dropped",
                   {{"why", dropped.error().what}});
    lock.lock();
  }
}

void service::stop() {
  health_.set_ready(false);
  std::thread drainer;
  {
    const std::lock_guard lock{guard_};
    draining_ = true;
    drainer.swap(drainer_);
  }
  if (drainer.joinable())
    drainer.join();
  if (control_)
    control_->stop();
  for (auto& i : ingresses_)
    i->stop();
  for (auto& t : ingress_threads_)
    t.join();
  ingress_threads_.clear();
  if (instance_)
    instance_->stop(plan_.limits.stop_within);
  for (auto& e : egresses_)
    e->stop();
  for (auto& t : egress_threads_)
    t.join();
  egress_threads_.clear();
  if (http_)
    http_->stop();
  {
    std::lock_guard lock{guard_};
    stopping_ = true;
  }
  wake_.notify_all();
  if (maintenance_.joinable())
    maintenance_.join();
  metrics_.forget(refresh_handle_);
}

service::~service() { stop(); }

} // namespace sallyport::command
