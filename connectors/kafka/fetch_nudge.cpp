#include "connectors/kafka/fetch_nudge.hpp"

#include <utility>

namespace sallyport::kafka {

namespace {

constexpr int has_backoff_property = 0x02020000;
constexpr int answer_within_ms = 1'000;

} // namespace

bool fetch_nudge::needed() { return rd_kafka_version() < has_backoff_property; }

fetch_nudge::fetch_nudge() : thread_([this] { run(); }) {}

fetch_nudge::~fetch_nudge() {
  {
    std::lock_guard lock{guard_};
    ended_ = true;
  }
  asked_.notify_one();
  thread_.join();
}

void fetch_nudge::nudge(client of, const partition_id& partition) {
  {
    std::lock_guard lock{guard_};
    next_ = request{std::move(of), partition};
  }
  asked_.notify_one();
}

void fetch_nudge::run() {
  std::unique_lock lock{guard_};
  while (true) {
    asked_.wait(lock, [this] { return ended_ || next_.has_value(); });
    if (ended_)
      return;
    const auto now = *std::exchange(next_, std::nullopt);
    lock.unlock();
    std::int64_t begin = 0;
    std::int64_t end = 0;
    (void) rd_kafka_query_watermark_offsets(now.of.get(), now.partition.topic.c_str(),
                                            static_cast<std::int32_t>(now.partition.partition),
                                            &begin, &end, answer_within_ms);
    lock.lock();
  }
}

} // namespace sallyport::kafka
