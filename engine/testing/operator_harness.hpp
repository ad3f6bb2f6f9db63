#pragma once

#include "engine/operators/registry.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// An operator, or the test that drives it, broke a rule of engine/operators. Never caught here: it
/// fails the test with a sentence that says which rule.
class rule_broken : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

/// Runs one operator in memory and in virtual time.
///
/// Problem: an operator's behaviour is a matter of records, timers, replies and restarts; a whole
/// topology around it hides what is being tested. Idea: the smallest context that keeps the rules
/// of engine/operators and lets the test play log, clock and peers.
///
/// Every input (a record, a timer, a reply) gets the next number and the present virtual time. What
/// follows from it (conversations, calls that a script answers) is done before the function
/// returns.
///
/// Confined to the thread of the test.
///
/// Invariants (a breach throws `rule_broken`):
/// 1. Each record gets one verdict; received = terms + forwarded after each input.
/// 2. `settle` takes from a term that holds something.
/// 3. What a callback that threw had done is undone; its record leaves by `rejected` as `internal`.
/// 4. `open` writes nothing. A conversation that is run again asks for the same calls.
/// 5. With a registry entry: only ports that the entry declares are used.
class operator_harness {
public:
  using factory = std::function<std::unique_ptr<operator_base>()>;

  /// @pre `make` gives a new operator each time
  operator_harness(factory make, wall_time start);
  /// An operator of the registry, with its declared ports checked. `entry` outlives the harness.
  operator_harness(const operator_entry& entry, const config::params& with, wall_time start);
  ~operator_harness();
  operator_harness(const operator_harness&) = delete;
  operator_harness& operator=(const operator_harness&) = delete;

  // -- inputs -------------------------------------------------------------------

  void feed(record r);
  void feed(const std::vector<record>& records);

  /// Goes forward in time; each timer fires at the moment it is due, in the order of due time and
  /// name.
  void advance(duration by);
  void advance_to(wall_time to);
  /// The same as after a standstill: the clock jumps first, then all that fell due fires, late.
  void jump(duration by);

  /// A person's order to the operator.
  void command(const std::string& name, const std::string& payload);

  /// Answers the open call with that index of `calls()`; of one key only the first open one can be.
  void reply(std::size_t index, call_answer answer);
  /// The same with all that the engine may say of the tries; port, key and tag are filled in.
  void reply_with(std::size_t index, call_reply reply);

  /// Answers each call as soon as it is asked for, those that are open now included; no value
  /// leaves it open.
  using answers = std::function<std::optional<call_answer>(const call&)>;
  void script(answers how);

  /// A new operator object with the state of the old one, as after a crash.
  void restart();
  /// Restarts before every input and every run of a conversation, which shows what an operator
  /// keeps in members.
  void restart_before_each_input(bool yes = true) { restart_always_ = yes; }

  // -- what came of it --------------------------------------------------------------

  [[nodiscard]] wall_time now() const noexcept { return now_; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

  /// Records that left by the port, forwarded and emitted, in order.
  [[nodiscard]] const std::vector<record>& out(std::string_view port = "out") const;
  [[nodiscard]] const std::vector<record>& rejected() const { return out("rejected"); }
  [[nodiscard]] const std::vector<record>& published(std::string_view to) const;
  /// Forgets what left by ports and was published so far; counts and state stay.
  void clear_outputs();

  struct claims {
    std::uint64_t received = 0;
    std::array<std::uint64_t, term_count> terms{};
    std::map<std::string, std::uint64_t, std::less<>> forwarded; ///< by port, `rejected` included

    [[nodiscard]] std::uint64_t of(term t) const { return terms[static_cast<std::size_t>(t)]; }
    /// How many records are unaccounted for; the harness keeps it at 0.
    [[nodiscard]] std::int64_t difference() const;
  };
  [[nodiscard]] const claims& counts() const noexcept { return claims_; }
  [[nodiscard]] std::uint64_t count_of(term t) const { return claims_.of(t); }
  /// How many were finished with this reason (of `discard`) or cause (of `dead`).
  [[nodiscard]] std::uint64_t finished(term t, std::string_view text) const;

  struct asked {
    sallyport::call what;
    bool open = true;
    bool in_conversation = false;
  };
  [[nodiscard]] const std::vector<asked>& calls() const noexcept { return calls_; }
  /// Indexes of the calls that wait for an answer and are first of their key.
  [[nodiscard]] std::vector<std::size_t> open_calls() const;

  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& state() const noexcept {
    return state_;
  }
  [[nodiscard]] const std::map<std::string, timer, std::less<>>& timers() const noexcept {
    return timers_;
  }
  /// Conversations that are under way or queued.
  [[nodiscard]] std::size_t conversations() const noexcept;
  [[nodiscard]] std::uint64_t counter(std::string_view name, std::string_view label = {}) const;
  /// What was given to a histogram, in order.
  [[nodiscard]] std::vector<double> observed(std::string_view histogram,
                                             std::string_view label = {}) const;
  /// What callbacks threw, in order; a test of a sound operator expects none.
  [[nodiscard]] const std::vector<std::string>& failures() const noexcept { return failures_; }

private:
  friend class harness_context;
  friend class harness_talk;
  struct conversation;
  struct effects;

  void input(const std::function<void()>& body);
  void run(const std::function<void(context&)>& callback);
  void undo(effects& done);
  void commit(effects& done);
  void apply(verdict&& v, std::optional<term> from, std::optional<std::int64_t> offset,
             effects& into);
  void fire_due(wall_time until);
  void deliver(std::size_t index, call_reply reply);
  void settle_all();
  bool answer_by_script();
  void run_conversation(conversation& c);
  void conclude(const conclusion& end);
  void check_port(std::string_view port) const;
  void check_conservation() const;
  [[nodiscard]] bool first_of_key(std::size_t index) const;

  factory make_;
  const operator_entry* entry_ = nullptr;
  std::set<std::string, std::less<>> publishes_;
  std::set<std::string, std::less<>> calls_allowed_;
  std::unique_ptr<operator_base> op_;
  bool restart_always_ = false;
  bool busy_ = false;

  wall_time now_;
  std::uint64_t number_ = 0;
  std::int64_t next_offset_ = 0;

  std::map<std::string, std::string, std::less<>> state_;
  std::map<std::string, timer, std::less<>> timers_;
  std::map<std::string, std::vector<record>, std::less<>> out_;
  std::map<std::string, std::vector<record>, std::less<>> published_;
  claims claims_;
  std::map<std::pair<term, std::string>, std::uint64_t> finished_;
  std::vector<asked> calls_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> counters_;
  std::map<std::pair<std::string, std::string>, std::vector<double>> observed_;
  std::map<std::string, std::deque<std::unique_ptr<conversation>>, std::less<>> conversations_;
  std::deque<std::string> ready_; ///< keys whose first conversation has something to do
  std::map<std::size_t, std::string> conversation_of_call_;
  answers script_;
  std::vector<std::string> failures_;
};

} // namespace sallyport
