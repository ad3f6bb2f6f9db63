#include "connectors/kafka/group.hpp"
#include "connectors/kafka/kafka_log.hpp"

namespace sallyport::kafka {

result<std::unique_ptr<membership>> kafka_log::join(const membership_options& how) {
  std::shared_ptr<group> of_hosts;
  {
    std::lock_guard lock{guard_};
    if (!group_)
      group_ = std::make_shared<group>(group::environment{
        *of_, settings_, in_.application, in_.address, in_.state, in_.clock, in_.metrics});
    of_hosts = group_;
  }
  return of_hosts->join(how);
}

} // namespace sallyport::kafka
