#pragma once

#include "engine/core/call.hpp"
#include "engine/lane/call_row.hpp"
#include "engine/lane/circuit.hpp"
#include "engine/lane/input.hpp"
#include "engine/lane/overlay.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::lane {

/// A try that is to be made.
struct call_start {
  std::size_t stage = 0;
  call_id id;
  std::string port;
  call_request request;
  duration timeout{0};
  bool first_try = true;
  bool read = false;
};

/// A call that is settled: its reply, and whose it is.
struct settled_call {
  call_reply reply;
  bool conversation = false; ///< the reply belongs to the conversation of `reply.key`
  std::string owner;         ///< the conversation's key
  std::uint32_t asked = 0;   ///< `request_hash` of the call
};

/// By which a conversation notices that it asks for something else than when it was run before.
[[nodiscard]] std::uint32_t request_hash(const call& what);

/// The effect ledger of one stage: every call that is open, with its tries.
///
/// Problem: a call to a peer must be made although the process may die at any moment, in order for
/// its key, tried again with patience but not for ever, and the operator must learn how it ended
/// exactly once. Idea: a call is a row from the epoch that asked for it to the epoch that admits
/// its last answer; that it was sent is not written, so after a restart every open call is made
/// again, under the same idempotency key. The ledger decides by its inputs alone (asked, answered,
/// tick), so it is the same on replay.
///
/// What holds a call back (an earlier one of its key, its backoff, the circuit of its peer, a pause
/// that a person ordered, the limit of calls in flight) is not seen by the operator.
///
/// Confined to its stage.
///
/// Invariants:
/// 1. Of one key at most one call is on its way, and calls of a key start in the order they were
/// asked.
/// 2. A call that is no read starts only after the commit of the epoch that let it start.
/// 3. A call leaves the ledger with exactly one `settled_call`.
/// 4. Of a port that is paused no call starts, whatever is due.
class ledger {
public:
  struct settings {
    std::size_t in_flight_max = 1024;
    circuit::settings circuits;
  };

  ledger(overlay& rows, settings how) : rows_(rows), how_(how) {}

  /// Finds the calls that are open. None starts before `restart`.
  void open();

  /// The first input of a lane that was opened: every open call that does not wait for a later time
  /// may have been sent or not, and is made again.
  void restart(wall_time now);

  /// Adds a call. `owner`: the conversation that asks, or none.
  void ask(call_id id, call what, std::optional<std::string_view> owner, wall_time now);

  /// One try has ended. Gives the settled call when that was the last; nothing when another try
  /// will follow (or the answer is for a call that is no longer open).
  [[nodiscard]] std::optional<settled_call> answered(answer what, wall_time now);

  /// From now on calls of these ports wait, and no others; what is on its way goes on. It stands in
  /// the rows, so that it holds when the lane is opened again, anywhere.
  void pause(const paused_ports& what, wall_time now);

  /// A person says how a call ended. Nothing when it is not open, only reads, or is not idle: an
  /// answer may come while a try is on its way, and calls behind another of their key have not
  /// begun.
  [[nodiscard]] std::optional<settled_call> settle(call_id id, call_answer as, wall_time now);

  /// Makes the next try of an idle call now, through its circuit if that lets nothing pass yet, but
  /// through no pause.
  void try_now(call_id id, wall_time now);

  /// Moves on what was waiting for a time that has come.
  void tick(wall_time now);

  /// The tries that may be made now: reads at once; the others when the open epoch is committed.
  /// First tries first.
  [[nodiscard]] std::vector<call_start> take_reads();
  [[nodiscard]] std::vector<call_start> take_writes();

  /// Whether calls wait for the commit of the open epoch.
  [[nodiscard]] bool writes_wait() const;

  /// When `tick` has something to do.
  [[nodiscard]] std::optional<wall_time> next_due() const;

  struct figures {
    std::uint64_t open = 0; ///< in memory: on their way or waiting
    std::uint64_t in_flight = 0;
    std::uint64_t retrying = 0; ///< wait for their next try
    std::uint64_t held = 0;     ///< by a circuit or a pause
    std::uint64_t circuits_open = 0;
  };
  [[nodiscard]] figures current() const;

  /// Outcomes since the last call of this function, by port and outcome (`acknowledged`, `refused`,
  /// `unknown`, `by_hand`, `retried`).
  [[nodiscard]] std::map<std::pair<std::string, std::string>, std::uint64_t> take_outcomes();
  [[nodiscard]] std::vector<std::string> open_circuits() const;

private:
  enum class phase : std::uint8_t {
    behind,    ///< an earlier call of its key is open
    under_way, ///< a try is being made, or will be with the next commit
    waiting,   ///< for the time of its next try
    held       ///< by its circuit, or as its port is paused
  };

  struct entry : call_row {
    phase at = phase::behind;
  };

  /// What held calls are ordered by: first tries go before retries.
  using turn = std::pair<bool, call_id>;

  entry& admit(call_id id, entry e);
  void load_more(wall_time now);
  /// Goes on with a call that was read from the store.
  void resume(call_id id, entry& e, wall_time now);
  void start_or_hold(call_id id, entry& e, wall_time now);
  void release_held(const std::string& port, wall_time now);
  void next_of_key(const std::string& key, call_id gone, wall_time now);
  [[nodiscard]] settled_call conclude(call_id id, call_outcome outcome, call_answer last,
                                      bool doubt, wall_time now);
  /// Takes a call that is waiting or held out of its line; none, if it is not.
  [[nodiscard]] entry* take_idle(call_id id);
  [[nodiscard]] bool try_again(call_id id, entry& e, const call_answer& last, wall_time now);
  void save_circuit(const std::string& port, const circuit& c);
  circuit& circuit_of(const std::string& port);
  [[nodiscard]] std::vector<call_start> take(bool reads);

  overlay& rows_;
  settings how_;
  std::map<call_id, entry> open_;
  std::unordered_map<std::string, std::deque<call_id>> order_; ///< keys with calls in memory
  std::map<std::string, circuit, std::less<>> circuits_;
  std::set<std::pair<wall_time, call_id>> waiting_;
  std::map<std::string, std::set<turn>, std::less<>> held_; ///< by port
  paused_ports paused_;
  std::vector<call_id> to_start_;
  std::optional<call_id> next_unloaded_; ///< the first call that is only in the store
  std::map<std::pair<std::string, std::string>, std::uint64_t> outcomes_;
};

} // namespace sallyport::lane
