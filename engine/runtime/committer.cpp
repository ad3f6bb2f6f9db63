#include "engine/runtime/committer.hpp"

#include "engine/core/fault.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>

namespace sallyport::runtime {

namespace {

status commit_with_faults(membership& to, const std::shared_ptr<log_commit>& what) {
  SALLYPORT_CHECK(fault::at("commit.before"));
  SALLYPORT_CHECK(to.commit(what));
  return fault::at("commit.written");
}

} // namespace

commit_report committer_state::write(const commit_order& what) {
  auto begun = std::chrono::steady_clock::now();
  auto done = commit_with_faults(*to, what.what);
  commit_report report{what.epoch, std::nullopt, 0};
  if (!done)
    report.failed = done.error();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return report;
}

committer_actor::behavior_type committer_state::make_behavior() {
  return {[this](const commit_order& what) { self->send(host, write(what)); }};
}

committer_actor::behavior_type committer(committer_actor::stateful_pointer<committer_state> self,
                                         membership* to, host_actor host) {
  self->state.to = to;
  self->state.host = std::move(host);
  return self->state.make_behavior();
}

} // namespace sallyport::runtime
