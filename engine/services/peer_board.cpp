#include "engine/services/peer_board.hpp"

namespace sallyport {

namespace {

/// What the latest try counts for in the mean.
constexpr double weight_of_latest = 0.1;

/// Whether the sign-in itself gave no token because of who we are: 400 or 401, say. A caller says
/// so by its reason.
bool sign_in_refused(const call_answer& said) {
  return said.status == 0 && said.error.starts_with("the token endpoint ") &&
         said.error.find(" answered 4") != std::string::npos;
}

} // namespace

void peer_board::note(const std::string& port, const call_answer& said, duration took,
                      wall_time now) {
  const auto seconds = std::chrono::duration<double>(took).count();
  const std::lock_guard lock{guard_};
  auto& peer = seen_[port];
  peer.seconds =
    peer.tries == 0 ? seconds : peer.seconds + weight_of_latest * (seconds - peer.seconds);
  ++peer.tries;
  const failure failed{now, said.status, said.error};
  if (said.status == 401 || said.status == 403 || sign_in_refused(said))
    peer.last_unauthorized = failed;
  // Other refusals are answers: the peer works.
  if (said.status == 0 || said.status == 401 || said.status == 403 || said.status == 408 ||
      said.status == 429 || said.status >= 500)
    peer.last_failure = failed;
  else
    peer.last_good = now;
}

std::map<std::string, peer_board::seen> peer_board::list() const {
  const std::lock_guard lock{guard_};
  return seen_;
}

} // namespace sallyport
