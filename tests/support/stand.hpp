#pragma once

#include "tests/engine/state/temporary_folder.hpp"
#include "tests/support/process.hpp"
#include "tests/support/web.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// prison-to-probation and the simulator of its peers, as the processes that run in production.
namespace sallyport::test {

/// The simulator.
class peers {
public:
  explicit peers(std::vector<std::string> options);

  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  /// All of Delius, for comparing two runs byte for byte.
  [[nodiscard]] std::string state() const;
  /// What was asked of the peers, tokens left out.
  [[nodiscard]] std::vector<nlohmann::json> requests() const;
  void set_fault(const nlohmann::json& fault) const;

private:
  [[nodiscard]] web http() const { return web{port_}; }

  temporary_folder files_;
  std::optional<process> process_;
  std::string url_;
  std::uint16_t port_ = 0;
};

/// Coherent events of a population, one a line, without line breaks.
[[nodiscard]] std::vector<std::string> events_of(const std::vector<std::string>& population,
                                                 std::size_t count, std::size_t poison = 0);
/// The first event of each booking. With these alone, no two calls that change something ask for
/// the same.
[[nodiscard]] std::vector<std::string> first_of_each_booking(std::vector<std::string> events);

/// Where the records stand.
struct figures {
  std::int64_t received = 0;
  std::int64_t arrived = 0; ///< in the part custody
  std::int64_t passed = 0;  ///< sent there by the part intake
  std::int64_t updated = 0;
  std::int64_t superseded = 0;
  std::int64_t held = 0;
  std::int64_t in_call = 0;
  std::int64_t waiting = 0;
  std::int64_t discarded = 0;
  std::int64_t dead = 0;
  std::int64_t lag = 0;
  std::int64_t difference = 0;

  /// Nothing is under way, and all that was posted is where it ends.
  [[nodiscard]] bool settled(std::size_t posted) const;
};
[[nodiscard]] std::string to_string(const figures& f);

/// `sallyport run` of the embedded config, with a state folder that outlives its process.
class instance {
public:
  using settings = std::map<std::string, std::string>;

  /// `url`: of the peers. Retries are years away unless `more` says when.
  explicit instance(const std::string& url, settings more = {});

  /// Starts it and waits until it runs, ends or stops. @returns whether it runs
  bool start(const std::string& fault = {});
  /// The wait alone, for one that had stopped.
  bool await_start();
  [[nodiscard]] process& running() { return *process_; }
  /// A process that is stopped or gone is noticed soon: what waits for it can look after it.
  [[nodiscard]] web http() const { return web{port_, std::chrono::seconds{2}}; }
  /// What it said since the last start.
  [[nodiscard]] std::string said() const { return text_of(log_); }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  [[nodiscard]] settings environment() const;

  /// Posts events once, under an idempotency key. @returns whether they are on the log
  /// Without a record key they go to the lanes in turn, and their order is the lanes' affair.
  [[nodiscard]] bool post(const std::vector<std::string>& events, const std::string& key,
                          const std::string& record_key = {}) const;
  /// Nothing when it does not answer.
  [[nodiscard]] std::optional<figures> look() const;
  /// False at once when the process ends.
  [[nodiscard]] bool settles(std::size_t posted,
                             std::chrono::milliseconds within = std::chrono::seconds{60});
  /// SIGTERM, and waits for the end.
  [[nodiscard]] std::optional<exit_status> stop();

  [[nodiscard]] std::vector<nlohmann::json> log(const std::string& topic) const;
  /// Domain events without their times, sorted.
  [[nodiscard]] std::vector<std::string> domain_events() const;

private:
  temporary_folder files_;
  std::filesystem::path folder_;
  settings settings_;
  std::filesystem::path log_;
  unsigned starts_ = 0;
  std::optional<process> process_;
  std::uint16_t port_ = 0;
};

/// What must be the same after any failure.
struct facts {
  std::string delius;
  std::vector<std::string> domain_events;
};
/// The lines of `found` and `wanted` that are not in the other, a few of them; empty if the facts
/// are the same.
[[nodiscard]] std::string difference(const facts& found, const facts& wanted);
/// The same where calls were repeated that may have been done (§10.5 of the specification): a
/// number that was replaced is announced without the person's CRN when the answer that named it is
/// lost, and the 409 of such a repeat counts as done.
[[nodiscard]] std::string difference_in_doubt(facts found, facts wanted);
[[nodiscard]] facts facts_of(const peers& of, const instance& in);

/// What an undisturbed run of the events leads to.
[[nodiscard]] facts undisturbed(const std::vector<std::string>& population,
                                const std::vector<std::string>& events);

/// Calls that change something and were made more than once, but not under one key; empty when all
/// is well. @pre the events are such as `first_of_each_booking` gives
[[nodiscard]] std::vector<std::string>
repeated_under_other_keys(const std::vector<nlohmann::json>& requests);

/// Idempotency keys under which different things were asked: a peer that honours keys would answer
/// one as the other.
[[nodiscard]] std::vector<std::string>
keys_of_different_calls(const std::vector<nlohmann::json>& requests);

/// How many requests change something.
[[nodiscard]] std::size_t count_writes(const std::vector<nlohmann::json>& requests);

/// How many calls that change something were made more than once.
[[nodiscard]] std::size_t repeated_writes(const std::vector<nlohmann::json>& requests);

} // namespace sallyport::test
