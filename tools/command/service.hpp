#pragma once

#include "engine/connectors/ingress.hpp"
#include "engine/core/error.hpp"
#include "engine/lane/row_service.hpp"
#include "engine/log/embedded_log.hpp"
#include "engine/observe/health.hpp"
#include "engine/observe/metrics.hpp"
#include "engine/observe/standard.hpp"
#include "engine/runtime/instance.hpp"
#include "engine/services/backup.hpp"
#include "engine/services/http_server.hpp"
#include "engine/services/ingress_service.hpp"
#include "engine/services/lanes_service.hpp"
#include "engine/services/log_service.hpp"
#include "engine/services/observe_service.hpp"
#include "engine/state/rocksdb_store.hpp"
#include "engine/time/clock.hpp"
#include "engine/topology/plan.hpp"
#include "tools/command/admin.hpp"
#include "tools/command/http_surface.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::command {

/// Everything around a running topology, in the order in which it is opened: state folder, log,
/// peers, lanes, HTTP, connectors. A stop takes ingresses first and HTTP last, so that metrics and
/// health can be read until all is committed.
///
/// Thread safety: `start` and `stop` from one thread.
class service {
public:
  [[nodiscard]] static result<std::unique_ptr<service>> start(topology::plan plan,
                                                              std::string masked_config);
  ~service();
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  /// Takes nothing more in, lets calls under way end, commits, closes.
  void stop();

  /// Gives the lanes to other instances as far as the log can, then asks the process to stop.
  /// Returns at once; a second time it does nothing.
  void drain();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
  service(topology::plan plan, std::string masked_config);

  [[nodiscard]] status open_state();
  [[nodiscard]] status open_log();
  [[nodiscard]] std::string address() const;
  [[nodiscard]] status make_callers();
  [[nodiscard]] status open_http();
  [[nodiscard]] status open_control();
  [[nodiscard]] status start_connectors();
  void add_metrics();
  void add_health();
  void refresh_metrics();
  void set_gauges_of_status();
  void connector_ended(const std::string& kind, const std::string& binding, const error& why);
  void set_lag(const partition_id& of, std::int64_t end);
  [[nodiscard]] bool reads_here(const std::string& topic, std::uint32_t partition) const;
  void maintain();

  topology::plan plan_;
  std::string masked_config_;
  system_wall_clock clock_;
  wall_time started_ = clock_.now();
  std::chrono::steady_clock::time_point started_steady_ = std::chrono::steady_clock::now();
  observe::metrics metrics_;
  observe::standard_metrics process_metrics_;
  observe::health health_;
  std::unique_ptr<rocksdb_database> database_;
  std::unique_ptr<rocksdb_store> store_;
  std::unique_ptr<log> log_;
  std::unique_ptr<runtime::environment> environment_;
  std::unique_ptr<ingress_service> ingress_posts_;
  std::unique_ptr<log_service> log_reads_;
  std::unique_ptr<lane::row_service> row_reads_;
  std::unique_ptr<backup::service> backups_;
  std::unique_ptr<observe_service> observed_;
  std::unique_ptr<lanes_service> lanes_;
  std::unique_ptr<control_board> control_;
  std::unique_ptr<admin> admin_;
  std::unique_ptr<http_surface> surface_;
  std::unique_ptr<http_server> http_;
  std::uint16_t port_ = 0;
  std::unique_ptr<runtime::instance> instance_;
  std::vector<std::unique_ptr<ingress>> ingresses_;
  std::vector<std::unique_ptr<egress>> egresses_;
  std::vector<std::thread> ingress_threads_;
  std::vector<std::thread> egress_threads_;
  std::uint64_t refresh_handle_ = 0;
  std::set<partition_id> lag_told_; ///< of the refresher
  std::mutex guard_;
  std::map<std::string, std::string> ended_; ///< connectors, and why; with `guard_`
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread maintenance_;
  std::atomic<bool> draining_ = false;
  std::thread drainer_;
};

} // namespace sallyport::command
