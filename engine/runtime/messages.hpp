#pragma once

#include "engine/lane/epoch.hpp"
#include "engine/lane/input.hpp"
#include "engine/lane/stage.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What the actors say to each other. Payloads are shared pointers, so that a message is small;
/// each has one receiver, which may move the payload out. All of it stays in the process.
namespace sallyport::runtime {

/// Host to stage: the round begins. Signals for this stage, and the epoch that ends behind the
/// round.
struct enter {
  std::uint64_t round = 0;
  std::shared_ptr<std::vector<lane::signal>> signals;
  std::optional<std::uint64_t> barrier;
};

/// A stage (or the host, for the source) to a stage: the events of one input edge in one round.
struct deliver {
  std::uint64_t round = 0;
  std::size_t edge = 0;
  std::shared_ptr<std::vector<lane::event>> events;
};

/// Host to stage: the sealed epoch is in the store.
struct epoch_committed {
  std::uint64_t epoch = 0;
};

/// What a stage tells its host of one round.
struct stage_figures {
  lane::stage_output output;    ///< `by_port` is empty: it went on
  std::vector<std::size_t> out; ///< records by port
  lane::ledger::figures calls;
  std::size_t conversations_open = 0;
  lane::counters counters;
  std::vector<lane::observation> observations;
  std::map<std::pair<std::string, std::string>, std::uint64_t> call_outcomes;
  double busy_seconds = 0;
  std::optional<lane::epoch_part> part; ///< when the round ended an epoch
};

struct stage_report {
  std::uint64_t incarnation = 0;
  std::size_t lane = 0;
  std::size_t stage = 0;
  std::uint64_t round = 0;
  std::shared_ptr<stage_figures> what;
};

/// A stage cannot go on: its lane must be opened again from the last commit.
struct stage_failed {
  std::uint64_t incarnation = 0;
  std::size_t lane = 0;
  std::size_t stage = 0;
  error why;
};

struct commit_order {
  std::uint64_t epoch = 0;
  std::shared_ptr<log_commit> what;
};

struct commit_report {
  std::uint64_t epoch = 0;
  std::optional<error> failed;
  double seconds = 0;
};

/// A caller to the host: one try has ended.
struct call_report {
  std::uint64_t incarnation = 0;
  std::size_t lane = 0;
  std::shared_ptr<lane::answer> what;
};

/// There may be something to do.
struct nudge {};

/// The host to itself, behind all that was said to it before: work on it.
struct go_on {};

/// The host's own alarm; an old one is ignored.
struct wake {
  std::uint64_t number = 0;
};

/// Take nothing more in, end the epoch, give calls under way until then; then quit.
struct drain {
  std::chrono::steady_clock::time_point until;
  bool leave = false; ///< give the lanes to others first
};

/// An order for a stage of a lane that lives on this host.
struct order {
  std::string part;
  std::optional<std::uint32_t> partition; ///< none: all lanes of the part
  std::string stage;
  std::string name;
  std::string payload;
};

} // namespace sallyport::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::enter)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::deliver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::epoch_committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::stage_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::stage_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::commit_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::commit_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::call_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::nudge)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::go_on)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::wake)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sallyport::runtime::order)
