#include "engine/core/fault.hpp"

#include "engine/core/assert.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace sallyport::fault {

namespace {

constexpr std::array<std::string_view, 20> all_steps{
  "epoch.barrier",      // the host has decided to end an epoch
  "epoch.sealed",       // every stage has passed the barrier; nothing is written yet
  "commit.before",      // the commit is composed, the log has not seen it
  "commit.written",     // the log has it, nobody was told
  "commit.produced",    // Kafka: the transaction's records are sent, it is not committed
  "commit.decided",     // Kafka: the transaction is committed, its rows are not in the store
  "commit.published",   // the stages know, the calls of the epoch have not started
  "call.before",        // a call is about to leave
  "call.sent",          // the peer has answered, the door has not seen it
  "call.admitted",      // the reply went through the door, uncommitted
  "ingress.before",     // a record came in and is not on the log
  "ingress.appended",   // it is on the log, the sender does not know
  "restart.open",       // the state folder is about to be opened
  "restart.lanes",      // positions are read, the stages are not open
  "restart.ledger",     // open calls are found, none is made again yet
  "take_over.asked",    // Kafka: a lane is ours, its position is not read
  "take_over.restored", // its state stands, it is not open yet
  "hand_over.asked",    // a lane is to go to another, its last epoch is not ended
  "hand_over.released", // it is closed and marked, the group does not know
  "stop.drain",         // asked to stop, the last epoch is not committed
};

enum class action : int { none, kill, stop, fail, slow };

struct setting {
  std::string step;
  action what = action::none;
  unsigned after = 1;
};

std::atomic<bool> armed{false};
std::mutex guard;
setting current;
std::once_flag environment_read;

std::unexpected<error> fault_error(std::string what) {
  return sallyport::fail(error::user(errc::invalid_config, "SALLYPORT_FAULT: " + std::move(what)));
}

status set(std::string_view text) {
  std::lock_guard lock{guard};
  armed = false;
  current = {};
  if (text.empty())
    return {};
  auto colon = text.find(':');
  auto step = text.substr(0, colon);
  if (std::ranges::find(all_steps, step) == all_steps.end())
    return fault_error("unknown step '" + std::string{step} + "'");
  auto word = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  unsigned after = 1;
  if (auto at_sign = word.find('@'); at_sign != std::string_view::npos) {
    auto number = word.substr(at_sign + 1);
    auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), after);
    if (ec != std::errc{} || end != number.data() + number.size() || after == 0)
      return fault_error("after '@' a number from 1 is wanted, not '" + std::string{number} + "'");
    word = word.substr(0, at_sign);
  }
  if (word == "kill")
    current.what = action::kill;
  else if (word == "stop")
    current.what = action::stop;
  else if (word == "fail")
    current.what = action::fail;
  else if (word == "slow")
    current.what = action::slow;
  else
    return fault_error("'" + std::string{word} + "' is none of kill, stop, fail, slow");
  current.step = step;
  current.after = after;
  armed = true;
  return {};
}

} // namespace

std::span<const std::string_view> steps() noexcept { return all_steps; }

status arm(std::string_view setting) {
  std::call_once(environment_read, [] {});
  return set(setting);
}

status at(std::string_view step) {
  std::call_once(environment_read, [] {
    if (const char* text =
          std::getenv("SALLYPORT_FAULT")) // NOLINT(concurrency-mt-unsafe): read once
      (void) set(text);
  });
  if (!armed)
    return {};
  action what = action::none;
  {
    std::lock_guard lock{guard};
    if (!armed || current.step != step || --current.after > 0)
      return {};
    what = current.what;
    current.after = 1;
    armed = what == action::slow;
  }
  switch (what) {
  case action::kill: ::kill(::getpid(), SIGKILL); break;
  case action::stop: ::raise(SIGSTOP); break;
  case action::fail:
    return sallyport::fail({errc::injected_fault, error_domain::internal, retry_hint::backoff,
                            "SALLYPORT_FAULT at " + std::string{step}});
  case action::slow: std::this_thread::sleep_for(slow_pause); break;
  case action::none: break;
  }
  return {};
}

} // namespace sallyport::fault
