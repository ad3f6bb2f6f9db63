#pragma once

#include "connectors/kafka/cluster.hpp"
#include "connectors/kafka/key_table.hpp"

#include "engine/log/log.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::kafka {

/// Writes records and positions all or nothing, for those who are no host: ingresses, egresses,
/// appends with an idempotency key.
///
/// Problem: a transaction takes tens of milliseconds whatever is in it, and a producer has one at a
/// time. Idea: one thread takes all that waits and puts it into one transaction; who is refused
/// together with others is tried again alone.
///
/// Thread safety: `run` from any thread; it waits until the work is committed or failed.
///
/// Invariants:
/// 1. Work that returns without error is committed; its records are visible to all readers soon,
/// and to those of this process at once.
/// 2. After an error nothing of it is visible, unless the error says that this is not known
/// (`unavailable`, `fenced`): then the next look at the log tells, as the next transaction settles
/// it before anything else.
/// 3. An idempotency key is committed once by all processes of the application: keys stand in one
/// partition, and the first row there wins.
class transactions {
public:
  struct work {
    std::span<const log_append> appends;
    std::string group; ///< whose positions they are
    std::span<const log_position> positions;
    /// With a key there is one append; a key that was used before gives its offset of then.
    std::optional<std::string> key;
    wall_time now{};

    // What came of it.
    std::vector<offset_range> written; ///< of each append
    std::optional<std::int64_t> first_of_then;
  };

  /// `id` is the producer's name, the same after a restart. `keys` may be asked for by the thread
  /// only.
  transactions(cluster& of, std::string id, duration timeout, key_table& keys);
  ~transactions();
  transactions(const transactions&) = delete;
  transactions& operator=(const transactions&) = delete;

  [[nodiscard]] status run(work& what);

private:
  struct job {
    work* what = nullptr;
    std::optional<status> done;
  };
  using jobs = std::vector<job*>;
  /// Nothing of it stands, or that is not known.
  struct failure {
    error why;
    bool is_known = true;
  };
  using attempt = std::expected<void, failure>;
  /// The row of a key, as it is written.
  struct key_row {
    const work* of = nullptr;
    log_append append;
    offset_range written;
  };
  using key_rows = std::deque<key_row>;

  void run_all();
  void settle(const jobs& group);
  [[nodiscard]] attempt try_all(const jobs& group);
  [[nodiscard]] status ready();
  [[nodiscard]] std::expected<jobs, failure> without_known_keys(const jobs& group);
  [[nodiscard]] status write(const jobs& group);
  [[nodiscard]] status write_one(const log_append& records, offset_range& written);
  [[nodiscard]] result<bool> write_keys(const jobs& group, key_rows& rows);
  [[nodiscard]] status flush();
  [[nodiscard]] status send_positions(const work& of);
  [[nodiscard]] attempt commit();
  [[nodiscard]] attempt abort(error why);
  [[nodiscard]] bool is_stopping();

  cluster& of_;
  const std::string id_;
  const duration timeout_;
  key_table& keys_;

  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<job*> waiting_;
  bool stopping_ = false;

  client producer_; ///< of the thread
  std::thread thread_;
};

} // namespace sallyport::kafka
