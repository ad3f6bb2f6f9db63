#include "connectors/kafka/restorer.hpp"

#include "connectors/kafka/lane_topics.hpp"

#include "engine/core/fault.hpp"
#include "engine/log/lane_rows.hpp"
#include "engine/observe/log.hpp"

#include <array>

namespace sallyport::kafka {

namespace {

using namespace std::chrono_literals;

constexpr auto idle_wait = 100ms;
constexpr auto look_again_after = 1s;
/// A lane that nobody has written yet is looked at again for its copy.
constexpr auto follow_again_after = 10s;
constexpr int broker_timeout_ms = 10'000;
constexpr std::size_t messages_at_once = 4096;
/// Rows of a lane are written when there are so many, and when nothing more is there at once.
constexpr std::size_t rows_at_once = 8192;

std::string text(const lane_place& lane) {
  return lane.part + "/" + std::to_string(lane.source.partition);
}

} // namespace

restorer::restorer(environment env)
  : env_(std::move(env)), queue_(rd_kafka_queue_get_consumer(env_.committed.get())) {
  (void) rd_kafka_poll_set_consumer(env_.committed.get());
  rd_kafka_queue_io_event_enable(queue_.get(), wake_.descriptor(), "\1\0\0\0\0\0\0\0", 8);
  thread_ = std::thread{[this] { run(); }};
}

restorer::~restorer() {
  stopping_ = true;
  wake_.wake();
  thread_.join();
  rd_kafka_queue_io_event_enable(queue_.get(), -1, nullptr, 0);
}

void restorer::take(const lane_place& lane, std::function<void(result<taken>)> done) {
  {
    std::lock_guard lock{guard_};
    orders_.push_back({lane, std::move(done), false});
  }
  wake_.wake();
}

void restorer::release(const lane_place& lane) {
  {
    std::lock_guard lock{guard_};
    orders_.push_back({lane, {}, false});
  }
  wake_.wake();
}

void restorer::follow(const std::vector<lane_place>& all) {
  {
    std::lock_guard lock{guard_};
    for (const auto& lane : all)
      orders_.push_back({lane, {}, true});
  }
  wake_.wake();
}

void restorer::run() {
  while (!stopping_) {
    wake_.wait(idle_wait);
    take_orders();
    look_at_asked();
    read_some();
  }
}

void restorer::take_orders() {
  std::vector<order> orders;
  {
    std::lock_guard lock{guard_};
    orders.swap(orders_);
  }
  for (auto& o : orders) {
    auto& lane = *lanes_.try_emplace(o.lane).first;
    auto& s = lane.second;
    if (o.follow) {
      s.followed = env_.standby;
      if (s.followed && s.at == phase::free)
        s.at = phase::asked;
    } else if (o.done) {
      if (s.at == phase::held || s.done) {
        waiting_[o.lane].push_back(std::move(o.done));
        continue;
      }
      // A copy that is followed is kept and looked at again: where the lane ends now is not known
      // yet, so nobody may wait for it while it is flushed.
      if (s.at == phase::standing)
        flush(lane);
      s.done = std::move(o.done);
      unassign(o.lane);
      s.at = phase::asked;
    } else if (s.at == phase::held) {
      s.at = s.followed ? phase::asked : phase::free;
      if (auto next = waiting_.find(o.lane); next != waiting_.end()) {
        s.done = std::move(next->second.front());
        s.at = phase::asked;
        next->second.erase(next->second.begin());
        if (next->second.empty())
          waiting_.erase(next);
      }
    }
  }
}

void restorer::look_at_asked() {
  auto now = std::chrono::steady_clock::now();
  if (now < look_again_)
    return;
  std::vector<lanes::value_type*> asked;
  for (auto& lane : lanes_) {
    auto& s = lane.second;
    if (s.at == phase::free && s.followed && now - s.since > follow_again_after)
      s.at = phase::asked;
    if (s.at == phase::asked)
      asked.push_back(&lane);
  }
  if (asked.empty())
    return;
  if (auto looked = look(asked); !looked) {
    look_again_ = now + look_again_after;
    wake_.wake();
    observe::log(observe::level::warn, "kafka.take_over_waits", "lanes wait until the log answers",
                 {{"why", looked.error().what}});
  }
}

status restorer::look(const std::vector<lanes::value_type*>& asked) {
  SALLYPORT_CHECK(fault::at("take_over.asked"));
  // First the positions, then the ends: a transaction that moves a position and is not decided yet
  // is waited for, and its rows lie before the ends.
  partition_list positions{rd_kafka_topic_partition_list_new(static_cast<int>(asked.size()))};
  for (const auto* lane : asked)
    rd_kafka_topic_partition_list_add(positions.get(), lane->first.source.topic.c_str(),
                                      static_cast<std::int32_t>(lane->first.source.partition));
  if (auto err = rd_kafka_committed(env_.committed.get(), positions.get(), broker_timeout_ms))
    return fail(error_of(err, "reading the positions of the lanes"));
  for (auto* lane : asked) {
    const auto* found =
      rd_kafka_topic_partition_list_find(positions.get(), lane->first.source.topic.c_str(),
                                         static_cast<std::int32_t>(lane->first.source.partition));
    if (found == nullptr || found->err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return fail(error_of(found == nullptr ? RD_KAFKA_RESP_ERR__FAIL : found->err,
                           "reading the position of lane " + text(lane->first)));
    auto& s = lane->second;
    s.position = found->offset >= 0 ? std::optional{found->offset} : std::nullopt;
  }
  std::map<std::string, bool> there;
  for (auto* lane : asked) {
    auto& s = lane->second;
    auto topic = changelog_topic(env_.application, lane->first.part);
    auto known = there.find(topic);
    if (known == there.end()) {
      SALLYPORT_TRY(auto found, is_there(topic));
      known = there.emplace(topic, found).first;
    }
    if (!known->second) { // the lanes of other parts need not wait for it
      refuse(*lane,
             error::user(errc::not_found, "the topic " + topic + " is gone: the state of lane " +
                                            text(lane->first) + " is lost; restore it"));
      continue;
    }
    auto err = rd_kafka_query_watermark_offsets(
      env_.probe.get(), topic.c_str(), static_cast<std::int32_t>(lane->first.source.partition),
      &s.begin, &s.end, broker_timeout_ms);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return fail(error_of(err, "reading the end of the changelog of lane " + text(lane->first)));
    if (!s.position) {
      std::int64_t end = 0;
      std::int64_t first = 0;
      err = rd_kafka_query_watermark_offsets(
        env_.probe.get(), lane->first.source.topic.c_str(),
        static_cast<std::int32_t>(lane->first.source.partition), &first, &end, broker_timeout_ms);
      if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail(
          error_of(err, "reading the beginning of the source of lane " + text(lane->first)));
      s.source_begin = first;
    }
    begin(*lane);
  }
  return {};
}

/// Asking for the end of a topic that is gone would wait for it to come back.
result<bool> restorer::is_there(const std::string& topic) const {
  owned<rd_kafka_topic_t> handle{rd_kafka_topic_new(env_.probe.get(), topic.c_str(), nullptr)};
  const rd_kafka_metadata_t* told = nullptr;
  if (auto err = rd_kafka_metadata(env_.probe.get(), 0, handle.get(), &told, broker_timeout_ms))
    return fail(error_of(err, "looking for the topic " + topic));
  auto err = told->topic_cnt > 0 ? told->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  rd_kafka_metadata_destroy(told);
  return err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

void restorer::begin(lanes::value_type& lane) {
  auto& [place, s] = lane;
  s.since = std::chrono::steady_clock::now();
  s.records = 0;
  s.rows = {};
  s.copy = {};
  if (s.begin == s.end) {
    if (s.position)
      return refuse(lane, error::user(errc::not_found,
                                      "the changelog of lane " + text(place) +
                                        " is empty, although the lane has a position: its state "
                                        "is lost; restore the topic " +
                                        changelog_topic(env_.application, place.part) +
                                        ", or remove the positions of the group to begin anew"));
    set_aside(place, has_copy(place) ? "its changelog is empty" : "");
    return hand_out(lane);
  }
  if (auto assigned = assign(place, s.begin); !assigned) {
    observe::log(observe::level::warn, "kafka.take_over_waits", "a changelog cannot be read",
                 {{"lane", text(place)}, {"why", assigned.error().what}});
    look_again_ = std::chrono::steady_clock::now() + look_again_after;
    return; // it stays asked
  }
  s.at = phase::naming;
}

void restorer::read_some() {
  std::array<rd_kafka_message_t*, messages_at_once> messages{};
  for (;;) {
    auto n = rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data(), messages.size());
    for (auto i = 0; i < static_cast<int>(n); ++i) {
      on_message(*messages[static_cast<std::size_t>(i)]);
      rd_kafka_message_destroy(messages[static_cast<std::size_t>(i)]);
    }
    if (n <= 0 || stopping_)
      break;
  }
  for (auto& lane : lanes_)
    if (lane.second.at == phase::reading || lane.second.at == phase::standing)
      flush(lane);
}

restorer::lanes::value_type* restorer::lane_of(const rd_kafka_message_t& message) {
  if (message.rkt == nullptr)
    return nullptr;
  auto at = by_topic_.find(
    {rd_kafka_topic_name(message.rkt), static_cast<std::uint32_t>(message.partition)});
  return at == by_topic_.end() ? nullptr : at->second;
}

void restorer::on_message(const rd_kafka_message_t& message) {
  auto* lane = lane_of(message);
  if (lane == nullptr) {
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      observe::log(observe::level::warn, "kafka.restore", "reading changelogs",
                   {{"why", rd_kafka_err2str(message.err)}});
    return;
  }
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
    return on_end(*lane, message.offset);
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    observe::log(observe::level::warn, "kafka.restore", "a changelog cannot be read",
                 {{"lane", text(lane->first)}, {"why", rd_kafka_err2str(message.err)}});
    unassign(lane->first);
    lane->second.at = phase::asked; // looked at again from the start
    look_again_ = std::chrono::steady_clock::now() + look_again_after;
    return;
  }
  on_row(*lane, message);
}

void restorer::on_row(lanes::value_type& lane, const rd_kafka_message_t& message) {
  auto& [place, s] = lane;
  std::string_view key{static_cast<const char*>(message.key), message.key_len};
  std::string_view value{static_cast<const char*>(message.payload), message.len};
  if (s.at == phase::naming) {
    if (key != identity_key)
      return refuse(lane, error::user(errc::foreign_state,
                                      "the topic " + changelog_topic(env_.application, place.part) +
                                        " does not begin as a changelog of this application does; "
                                        "give the application another name, or remove the topic"));
    return name(lane, std::string{value}, message.offset + 1);
  }
  if (s.at != phase::reading && s.at != phase::standing)
    return;
  if (message.offset < s.reached)
    return;
  s.reached = message.offset + 1;
  ++s.records;
  if (key == identity_key)
    return;
  if (message.payload == nullptr)
    s.rows.erase(family::state, std::string{key});
  else
    s.rows.put(family::state, std::string{key}, std::string{value});
  if (s.rows.changes.size() >= rows_at_once)
    flush(lane);
}

void restorer::name(lanes::value_type& lane, std::string identity, std::int64_t first) {
  auto& [place, s] = lane;
  s.copy = {};
  if (auto row = env_.store.get(family::meta, copy_row(place)); row && *row)
    s.copy = decode_copy_position(**row).value_or(copy_position{});
  if (!s.copy.identity.empty())
    if (auto why =
          why_not_usable(s.copy, identity, s.begin, s.end, env_.tombstones, env_.clock.now())) {
      set_aside(place, *why);
      s.copy = {};
    }
  if (s.copy.identity.empty())
    set_aside(place, "");
  s.copy.identity = std::move(identity);
  s.reached = std::max(s.copy.next, first);
  if (s.reached > first) { // goes on where the copy ends
    unassign(place);
    if (auto assigned = assign(place, s.reached); !assigned) {
      s.at = phase::asked;
      look_again_ = std::chrono::steady_clock::now() + look_again_after;
      return;
    }
  }
  s.at = phase::reading;
  if (s.reached >= s.end)
    finish_if_done(lane);
}

void restorer::on_end(lanes::value_type& lane, std::int64_t offset) {
  auto& [place, s] = lane;
  if (s.at == phase::naming) {
    // Nothing committed stands there: transactions that were given up.
    if (offset < s.end)
      return; // one is open still
    unassign(place);
    if (s.position)
      return refuse(
        lane, error::user(errc::not_found, "the changelog of lane " + text(place) +
                                             " has no committed record, although the lane has a "
                                             "position: its state is lost"));
    set_aside(place, has_copy(place) ? "its changelog is empty" : "");
    return hand_out(lane);
  }
  if (s.at != phase::reading && s.at != phase::standing)
    return;
  s.reached = std::max(s.reached, offset);
  flush(lane);
}

void restorer::flush(lanes::value_type& lane) {
  auto& [place, s] = lane;
  if (s.copy.next != s.reached || !s.rows.empty()) {
    auto& read = env_.metrics.add_counter("sallyport_restore_records_total",
                                          "Records of changelogs that were read into the store.",
                                          {{"part", place.part}});
    read.add(static_cast<double>(s.records));
    s.records = 0;
    s.copy.next = s.reached;
    s.copy.complete_at = env_.clock.now();
    s.rows.put(family::meta, copy_row(place), encode(s.copy));
    if (auto written = env_.store.write(s.rows, false); !written) {
      observe::log(observe::level::error, "kafka.restore", "restored rows cannot be written",
                   {{"lane", text(place)}, {"why", written.error().what}});
      s.rows = {};
      unassign(place);
      s.at = phase::asked;
      look_again_ = std::chrono::steady_clock::now() + look_again_after;
      return;
    }
    s.rows = {};
    env_.metrics
      .add_gauge("sallyport_restore_remaining_records",
                 "Offsets of a lane's changelog that are not read yet.",
                 {{"part", place.part}, {"partition", std::to_string(place.source.partition)}})
      .set(static_cast<double>(std::max<std::int64_t>(0, s.end - s.reached)));
  }
  finish_if_done(lane);
}

void restorer::finish_if_done(lanes::value_type& lane) {
  auto& s = lane.second;
  if ((s.at != phase::reading && s.at != phase::standing) || s.reached < s.end)
    return;
  s.at = phase::standing;
  if (s.done) {
    unassign(lane.first);
    hand_out(lane);
  }
}

void restorer::hand_out(lanes::value_type& lane) {
  auto& [place, s] = lane;
  if (!s.done) { // followed, and there is nothing yet
    s.at = phase::free;
    return;
  }
  if (auto restored = fault::at("take_over.restored"); !restored)
    return refuse(lane, restored.error());
  taken t;
  t.position = s.position.value_or(s.source_begin);
  t.identity = s.copy.identity;
  auto row = env_.store.get(family::state, lane_owner_row(place.part, place.source.partition));
  if (row && *row)
    if (auto owner = decode_lane_owner(**row))
      t.calls_in_doubt = !owner->handed_over && owner->instance != env_.instance;
  s.at = phase::held;
  auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - s.since).count();
  observe::log(observe::level::info, "lane.taken", "a lane stands and is opened",
               {{"lane", text(place)},
                {"position", std::to_string(t.position)},
                {"seconds", std::to_string(seconds)}});
  std::exchange(s.done, {})(std::move(t));
}

bool restorer::has_copy(const lane_place& place) const {
  auto row = env_.store.get(family::meta, copy_row(place));
  return row && *row;
}

void restorer::refuse(lanes::value_type& lane, error why) {
  auto& [place, s] = lane;
  unassign(place);
  s.at = s.done ? phase::held : phase::free; // whoever waited releases it
  if (s.done)
    std::exchange(s.done, {})(fail(std::move(why)));
}

void restorer::set_aside(const lane_place& place, std::string_view why) {
  if (!why.empty()) {
    observe::log(observe::level::warn, "kafka.copy_set_aside",
                 "the copy of a lane is not used; it is restored from the beginning",
                 {{"lane", text(place)}, {"why", std::string{why}}});
    env_.metrics
      .add_counter("sallyport_copies_set_aside_total",
                   "Copies of lanes that could not be brought up to date.", {{"part", place.part}})
      .add();
  }
  store_batch drop;
  auto prefix = lane_prefix(place.part, place.source.partition);
  drop.drops.push_back({family::state, prefix, after_prefix(prefix)});
  drop.erase(family::meta, copy_row(place));
  if (auto written = env_.store.write(drop, true); !written)
    observe::log(observe::level::error, "kafka.restore", "a copy cannot be set aside",
                 {{"lane", text(place)}, {"why", written.error().what}});
}

status restorer::assign(const lane_place& place, std::int64_t offset) {
  auto topic = changelog_topic(env_.application, place.part);
  partition_list list{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                    static_cast<std::int32_t>(place.source.partition))
    ->offset = offset;
  SALLYPORT_CHECK(check(rd_kafka_incremental_assign(env_.committed.get(), list.get()),
                        "assigning the changelog of lane " + text(place)));
  by_topic_[{topic, place.source.partition}] = &*lanes_.find(place);
  return {};
}

void restorer::unassign(const lane_place& place) {
  auto topic = changelog_topic(env_.application, place.part);
  if (by_topic_.erase({topic, place.source.partition}) == 0)
    return;
  partition_list list{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                    static_cast<std::int32_t>(place.source.partition));
  (void) check(rd_kafka_incremental_unassign(env_.committed.get(), list.get()),
               "leaving the changelog of lane " + text(place));
}

} // namespace sallyport::kafka
