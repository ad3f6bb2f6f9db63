#pragma once

#include "engine/lane/conversations.hpp"
#include "engine/lane/counts.hpp"
#include "engine/lane/fiber.hpp"
#include "engine/lane/input.hpp"
#include "engine/lane/ledger.hpp"
#include "engine/lane/overlay.hpp"
#include "engine/lane/timers.hpp"
#include "engine/operators/operator_base.hpp"
#include "engine/topology/graph.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace sallyport::lane {

/// Which lane of which application.
struct lane_name {
  std::string application;
  std::string part;
  std::uint32_t partition = 0;
  std::string source; ///< the topic that the lane reads

  [[nodiscard]] std::string text() const { return part + "/" + std::to_string(partition); }
};

/// A record for the log, as an operator published it. `to` is the topology's name of the sink port
/// or internal topic.
struct published {
  std::uint64_t number = 0;
  std::string to;
  record rec;
};

/// What a stage did in one epoch, to be committed with that of all others.
struct epoch_part {
  std::size_t stage = 0;
  std::string prefix;
  overlay::sealed_rows rows;
  std::vector<published> outputs;
  std::vector<call_start> starts;
  stage_counts counts;
};

/// The topics behind a topology's names.
using topic_map = std::map<std::string, topic_config>;

/// Counted by operators for people: (counter, label) -> how often.
using counters = std::map<std::pair<std::string, std::string>, std::uint64_t>;

/// A value for a histogram, observed by an operator.
struct observation {
  std::string histogram;
  std::string label;
  double value = 0;
};

/// What one passage through a stage gave.
struct stage_output {
  std::vector<std::vector<event>> by_port; ///< indexed like `stage::ports`
  std::vector<call_start> reads;           ///< to be started at once
  std::optional<wall_time> next_due;       ///< when the stage wants a tick
  bool outputs_wait = false;               ///< records wait for the commit
  bool effects_wait = false;               ///< calls wait for the commit
  std::size_t records_in = 0;
  std::size_t failures = 0; ///< callbacks that threw
  std::size_t timers_fired = 0;
  duration lateness_max{0}; ///< of the timers that fired
};

/// One operator at its place in one lane, with its state, timers, calls and conversations: takes
/// inputs in the order of their numbers and gives outputs. The actor around it only carries
/// messages.
///
/// Confined to one thread at a time. Throws `engine_failure` when the lane must be closed.
///
/// Invariants:
/// 1. Outputs depend on the sequence of inputs only: not on how it was cut into steps or epochs.
/// 2. A callback that throws leaves no trace but the record's rejection, or its repetition a minute
///    later where no record is in hand (a timer stays set for then, under its name).
/// 3. Each record that came in is in one term of `counts`, or left by a port.
class stage {
public:
  struct environment {
    const lane_name& lane;
    const topology::part& part;
    std::size_t index = 0; ///< in `part.stages`
    const store& committed;
    const topology::limits& limits;
    const topic_map& topics; ///< what may be published to
    /// Conversations stand still where they ask; or each is run again from its start at each reply,
    /// which must come to the same.
    bool keeps_places = true;
  };

  explicit stage(const environment& env);
  ~stage();
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  /// Reads what the store has of this stage; before the first step.
  void open();

  /// Takes the inputs of one round: events by input edge (in the order of
  /// `topology::stage::inputs`), signals for this stage. Each list is in the order of numbers; what
  /// is in them is taken.
  [[nodiscard]] stage_output step(std::span<std::vector<event>> inputs, std::span<signal> signals);

  /// Ends the open epoch. @pre the one before is committed
  [[nodiscard]] epoch_part seal();
  void committed() { rows_.committed(); }

  /// Output ports, `rejected` last.
  [[nodiscard]] const std::vector<std::string>& ports() const noexcept { return ports_; }

  [[nodiscard]] const stage_counts& counts() const noexcept { return counts_; }
  [[nodiscard]] ledger::figures calls() const { return ledger_.current(); }
  [[nodiscard]] std::vector<std::string> open_circuits() const { return ledger_.open_circuits(); }
  [[nodiscard]] std::size_t open_conversations() const { return conversations_.open_count(); }
  [[nodiscard]] counters take_counters() { return std::exchange(counters_, {}); }
  [[nodiscard]] std::vector<observation> take_observations() {
    return std::exchange(observations_, {});
  }
  [[nodiscard]] auto take_call_outcomes() { return ledger_.take_outcomes(); }
  [[nodiscard]] const std::string& name() const noexcept { return spec_.name; }

  /// The operator's own rows as they stand, for tests and reads of state.
  void scan_state(std::string_view prefix, const row_visitor& visit) const;

private:
  class operator_context;
  class stage_talk;
  class running_conversation;
  class operator_state;

  struct emitted {
    std::size_t port = 0;
    record rec;
  };
  struct settled {
    term from = term::held;
    verdict what;
  };
  struct conversed {
    std::string key;
    std::string subject;
  };
  struct counted {
    std::string counter;
    std::string label;
    std::uint64_t by;
  };
  using effect = std::variant<emitted, published, settled, call, conversed, counted, observation>;

  void take(event&& e);
  void take(signal& s);
  /// Hands a record to the operator. Gives the cause when it must be rejected; nothing of the
  /// callback is left then.
  [[nodiscard]] std::optional<std::string_view> process(record&& r);
  void take_command(const command& c);
  void take_order(const command& c);
  void take_answer(answer a);
  void take_settled(std::optional<settled_call> settled_now);
  void fire_timers(wall_time now, std::size_t max);
  void fire(const timer& t);
  void on_timer(const std::string& name, wall_time due, const std::string& payload);
  void on_reply(const call_reply& reply);
  void begin(std::uint64_t number, wall_time now, std::int64_t offset);
  void begin_callback();
  void undo_callback();
  void apply_effects();
  void apply(verdict&& v);
  void forward(std::size_t port, record&& r);
  void reject(record&& r, const std::string& cause, const std::string& detail);
  void run_conversations();
  void run(conversation& c);
  void conclude(conversation& c, std::string outcome, bool failed);
  void repeat_later(const std::string& name, const std::string& payload);
  [[nodiscard]] std::size_t port_index(std::string_view name) const;
  void check_size(const record& r) const;
  [[nodiscard]] call_id next_id() { return {number_, position_++}; }

  const lane_name& lane_;
  const topology::part& part_;
  const topology::stage& spec_;
  std::size_t index_;
  const topology::limits& limits_;
  const topic_map& topics_;
  std::vector<std::string> ports_;
  std::vector<std::size_t> readers_; ///< how many edges read each port
  std::unique_ptr<operator_base> operator_;
  std::unique_ptr<operator_context> context_;
  bool keeps_places_;
  std::vector<std::unique_ptr<fiber>> spare_fibers_; ///< as many as conversations were open at once
  overlay rows_;
  timers timers_;
  ledger ledger_;
  conversations conversations_;
  stage_counts counts_;
  stage_counts saved_counts_;
  counters counters_;
  std::vector<observation> observations_;
  std::vector<published> outputs_;

  // -- of the input in hand ---------------------------------------------------------
  std::uint64_t number_ = 0;
  std::uint32_t position_ = 0;
  wall_time now_{};
  std::int64_t offset_ = -1;
  std::vector<effect> effects_;
  stage_output* out_ = nullptr;
};

} // namespace sallyport::lane
