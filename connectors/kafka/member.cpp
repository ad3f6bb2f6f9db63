#include "connectors/kafka/member.hpp"

#include "connectors/kafka/message.hpp"

#include "engine/core/fault.hpp"
#include "engine/log/checks.hpp"
#include "engine/observe/log.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::kafka {

namespace {

using namespace std::chrono_literals;

constexpr auto idle_wait = 50ms;
/// How long a queue that was emptied may stay so before its fetching is nudged.
constexpr auto refilled_within = 4ms;
constexpr auto group_answers_within = 10s;
constexpr auto take_again_after = 5s;
constexpr std::size_t messages_at_once = 1024;
constexpr int seek_timeout_ms = 5'000;
constexpr unsigned commit_tries_max = 4;
constexpr unsigned starts_over_max = 5;
constexpr std::string_view wake_word{"\1\0\0\0\0\0\0\0", 8};

std::string text(const lane_place& lane) {
  return lane.part + "/" + std::to_string(lane.source.partition);
}

} // namespace

member::member(environment env, membership_options how, std::shared_ptr<callbacks> self)
  : env_(std::move(env)), how_(std::move(how)), self_(std::move(self)), writer_(env_.writer) {
  self_->to = this;
  if (fetch_nudge::needed())
    nudge_.emplace();
  for (const auto& lane : how_.lanes) {
    places_[lane.source] = lane;
    lanes_.try_emplace(lane);
  }
  thread_ = std::thread{[this] { run(); }};
}

member::~member() {
  writer_.hurry();
  stopping_ = true;
  wake_.wake();
  thread_.join();
  {
    std::lock_guard lock{self_->guard};
    self_->to = nullptr; // what the restorer hands out from now on goes back at once
  }
  for (const auto& t : taken_)
    env_.lanes->release(t.place);
  for (const auto& [place, lane] : lanes_)
    if (lane.given)
      env_.lanes->release(place);
  lanes_.clear();
  // A static member that closes keeps its lanes for the session timeout: it may be back soon.
  (void) rd_kafka_consumer_close(env_.consumer.get());
}

member::lane_state* member::find(const lane_place& place) {
  auto at = lanes_.find(place);
  return at == lanes_.end() ? nullptr : &at->second;
}

const lane_place* member::place_of(std::string_view topic, std::int32_t partition) const {
  auto at = places_.find({std::string{topic}, static_cast<std::uint32_t>(partition)});
  return at == places_.end() ? nullptr : &at->second;
}

std::vector<lane_place> member::places_in(const rd_kafka_topic_partition_list_t& partitions) const {
  std::vector<lane_place> all;
  for (int i = 0; i < partitions.cnt; ++i)
    if (const auto* place = place_of(partitions.elems[i].topic, partitions.elems[i].partition))
      all.push_back(*place);
  return all;
}

void member::tell(lane_change what) { changes_.push_back(std::move(what)); }

/// The lane is not ours any more.
void member::end_refusal(const lane_place& place, lane_state& lane) {
  if (std::exchange(lane.refused, false))
    tell(lane_refused{place, true});
}

// -- the host ----------------------------------------------------------------------------------

std::vector<lane_change> member::changes() {
  std::lock_guard lock{guard_};
  return std::exchange(changes_, {});
}

void member::release(const lane_place& place) {
  {
    std::lock_guard lock{guard_};
    auto* lane = find(place);
    if (lane == nullptr || !lane->given)
      return;
    lane->given = false;
    books_.erase(place);
    env_.lanes->release(place);
    if (lane->ours && !lane->revoked && !lane->taking) { // lost, and ours again meanwhile
      lane->taking = true;
      take(place, lane->tenure);
    }
  }
  wake_.wake();
}

void member::again(const lane_place& place) {
  std::lock_guard lock{guard_};
  auto* lane = find(place);
  if (lane == nullptr || !lane->given)
    return;
  if (!lane->ours || lane->revoked)
    return; // `lane_wanted` or `lane_lost` is on its way
  lane->given = false;
  lane->taking = true;
  books_.erase(place);
  env_.lanes->release(place);
  take(place, lane->tenure);
}

result<std::vector<log_record>> member::read(const lane_place& place, std::int64_t from,
                                             const read_limits& limits) {
  std::lock_guard lock{guard_};
  auto* lane = find(place);
  if (lane == nullptr || !lane->given)
    return std::vector<log_record>{};
  if (lane->failed) {
    auto why = *std::exchange(lane->failed, std::nullopt);
    lane->next_read = -1; // whoever comes back asks anew
    return fail(std::move(why));
  }
  if (lane->seek_to)
    return std::vector<log_record>{};
  if (from != lane->next_read) {
    lane->seek_to = from;
    lane->next_read = from;
    lane->buffer.clear();
    lane->buffered_bytes = 0;
    wake_.wake();
    return std::vector<log_record>{};
  }
  std::vector<log_record> out;
  if (lane->buffer.empty())
    return out;
  auto& front = lane->buffer.front();
  auto left = front.records.size() - front.taken;
  if (front.taken == 0 && left <= limits.records_max && front.bytes <= limits.bytes_max) {
    out = std::move(front.records);
    lane->buffered_bytes -= front.bytes;
    lane->buffer.pop_front();
  } else {
    std::size_t bytes = 0;
    while (front.taken < front.records.size() && out.size() < limits.records_max &&
           (out.empty() || bytes < limits.bytes_max)) {
      bytes += checks::size_of(front.records[front.taken].rec);
      out.push_back(std::move(front.records[front.taken++]));
    }
    if (front.taken == front.records.size()) {
      lane->buffered_bytes -= front.bytes;
      lane->buffer.pop_front();
    }
  }
  lane->next_read = out.back().offset + 1;
  if (lane->was_full && lane->buffered_bytes < room_per_lane() / 2) {
    lane->was_full = false;
    wake_.wake();
  }
  return out;
}

std::size_t member::room_per_lane() const {
  std::size_t lanes = 0;
  for (const auto& [place, lane] : lanes_)
    lanes += lane.assigned ? 1 : 0;
  return static_cast<std::size_t>(env_.prefetch_bytes) / 2 / std::max<std::size_t>(lanes, 1);
}

result<member::snapshot> member::ask_group() {
  auto request = std::make_shared<snapshot_request>();
  std::unique_lock lock{guard_};
  requests_.push_back(request);
  wake_.wake();
  if (!answered_.wait_for(lock, group_answers_within,
                          [&] { return request->done || stopping_.load(); }) ||
      !request->done)
    return fail(error::external(errc::timed_out, "the consumer does not answer"));
  return std::move(request->what);
}

status member::commit(const std::shared_ptr<log_commit>& what) {
  bool moved = false;
  for (unsigned tries = 1;; ++tries) {
    auto done = commit_once(what);
    // A member that came or went has made the group's view an old one; the lanes may still be ours.
    // The first transaction behind one that was given up may have to be given up as well: numbers
    // of records that were not sent any more are missing then.
    moved = moved || writer_.group_had_moved();
    if (done || !moved || !writer_.given_up() || tries == commit_tries_max)
      return done;
  }
}

status member::commit_once(const std::shared_ptr<log_commit>& what) {
  // From before the question on: what the group says holds for a session timeout at least.
  auto asked = std::chrono::steady_clock::now();
  SALLYPORT_TRY(auto view, ask_group());
  if (!view.group)
    return fail(error::external(errc::unavailable, "the host is not a member of its group now"));
  std::map<lane_place, lane_book> books;
  {
    std::lock_guard lock{guard_};
    for (const auto& share : what->lanes) {
      if (std::ranges::find(view.lanes, share.lane) == view.lanes.end())
        return fail(error::external(errc::fenced, "the lane " + text(share.lane) +
                                                    " is not this host's any more"));
      books[share.lane] = books_[share.lane];
    }
  }
  SALLYPORT_CHECK(writer_.commit(what, *view.group, books));
  {
    std::lock_guard lock{guard_};
    for (auto& [place, book] : books)
      books_[place] = std::move(book);
  }
  confirmed_until_ =
    (asked +
     std::chrono::duration_cast<std::chrono::steady_clock::duration>(env_.session_timeout) / 2)
      .time_since_epoch()
      .count();
  return {};
}

std::chrono::steady_clock::time_point member::calls_until() const {
  return std::chrono::steady_clock::time_point{
    std::chrono::steady_clock::duration{confirmed_until_.load()}};
}

void member::leave() {
  {
    std::lock_guard lock{guard_};
    leaving_ = true;
  }
  wake_.wake();
}

// -- the thread --------------------------------------------------------------------------------

void member::run() {
  // What a dead process of our name left open holds up the positions of its lanes.
  if (auto settled = writer_.prepare(); !settled)
    observe::log(observe::level::warn, "kafka.transactions", "they are settled at the first commit",
                 {{"why", settled.error().what}});
  subscribe();
  while (!stopping_) {
    wake_.wait(nudges_wait_ ? refilled_within : idle_wait);
    serve_consumer();
    carry_out();
    assign_taken();
    bool news = fill_all();
    nudge_if_idle();
    acknowledge_if_released();
    if (news)
      how_.on_news();
  }
  std::lock_guard lock{guard_};
  answered_.notify_all();
}

void member::subscribe() {
  (void) rd_kafka_poll_set_consumer(env_.consumer.get());
  owned<rd_kafka_queue_t> all{rd_kafka_queue_get_consumer(env_.consumer.get())};
  rd_kafka_queue_io_event_enable(all.get(), wake_.descriptor(), wake_word.data(), wake_word.size());
  partition_list topics{rd_kafka_topic_partition_list_new(static_cast<int>(env_.topics.size()))};
  for (const auto& topic : env_.topics)
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (auto err = rd_kafka_subscribe(env_.consumer.get(), topics.get())) {
    std::lock_guard lock{guard_};
    tell(membership_over{error_of(err, "joining the group " + env_.application)});
  }
}

void member::serve_consumer() {
  while (auto* m = rd_kafka_consumer_poll(env_.consumer.get(), 0)) {
    owned<rd_kafka_message_t> message{m};
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      // Fetched before the lane had a queue of its own: it is read again from there.
      std::lock_guard lock{guard_};
      if (const auto* place = place_of(rd_kafka_topic_name(m->rkt), m->partition))
        if (auto* lane = find(*place); lane != nullptr && lane->assigned && !lane->seek_to)
          lane->seek_to = lane->next_fetched;
      continue;
    }
    observe::log(observe::level::warn, "kafka.consumer", "the consumer tells of an error",
                 {{"why", rd_kafka_err2str(m->err)}});
  }
  std::array<char, 512> why{};
  if (auto err = rd_kafka_fatal_error(env_.consumer.get(), why.data(), why.size());
      err != RD_KAFKA_RESP_ERR_NO_ERROR)
    on_fatal(why.data());
}

void member::on_fatal(const char* why) {
  // A broker that did not answer for a while works off what it was asked meanwhile, and fences a
  // member by that member's own earlier request to join. Whoever is fenced in the midst of a
  // session has a second process of its name.
  if (session_ended_ && started_over_ < starts_over_max && start_over()) {
    observe::log(observe::level::warn, "kafka.member_anew",
                 "the consumer has outlived its session and is made anew", {{"why", why}});
    return;
  }
  {
    std::lock_guard lock{guard_};
    tell(membership_over{
      error::user(errc::fenced, std::string{"the group does not take this instance back: "} + why +
                                  "; a second process may run under its name "
                                  "(log.kafka.instance)")});
  }
  how_.on_news();
  stopping_ = true;
}

/// All lanes are lost, and the group is joined anew.
bool member::start_over() {
  auto made = env_.make_consumer();
  if (!made)
    return false;
  ++started_over_;
  {
    std::lock_guard lock{guard_};
    if (leaving_)
      return false;
    for (auto& [place, lane] : lanes_) {
      if (lane.given && lane.ours)
        tell(lane_lost{place});
      end_refusal(place, lane);
      lane.ours = false;
      lane.revoked = false;
      lane.assigned = false;
      lane.buffer.clear();
      lane.buffered_bytes = 0;
      lane.seek_to.reset();
      lane.queue.reset();
    }
    take_again_.clear();
    confirmed_until_ = 0;
  }
  revoking_ = false;
  env_.consumer = *std::move(made);
  subscribe();
  how_.on_news();
  return true;
}

void member::carry_out() {
  std::vector<std::shared_ptr<snapshot_request>> requests;
  bool leave_now = false;
  {
    std::lock_guard lock{guard_};
    requests.swap(requests_);
    leave_now = leaving_ && !std::exchange(left_, leaving_);
    for (auto at = take_again_.begin(); at != take_again_.end();) {
      if (at->second > std::chrono::steady_clock::now()) {
        ++at;
        continue;
      }
      if (auto* lane = find(at->first); lane != nullptr && lane->ours && !lane->taking) {
        lane->taking = true;
        take(at->first, lane->tenure);
      }
      at = take_again_.erase(at);
    }
  }
  if (leave_now)
    (void) rd_kafka_unsubscribe(env_.consumer.get());
  if (requests.empty())
    return;
  for (auto& request : requests) {
    if (is_member())
      request->what.group.reset(rd_kafka_consumer_group_metadata(env_.consumer.get()));
    // Had the membership ended before the group's view was taken, the note of it is served now, and
    // no lane is left to commit for: a view without a member would pass at the broker.
    serve_consumer();
    std::lock_guard lock{guard_};
    // One that was another's in between is not the one that the host has open.
    for (const auto& [place, lane] : lanes_)
      if (lane.ours && lane.given && lane.given_in == lane.tenure)
        request->what.lanes.push_back(place);
    request->done = true;
  }
  answered_.notify_all();
}

/// One that lost its membership while it gives lanes away is not told so: the group's view then has
/// no member, which a broker whose group is empty would let pass.
bool member::is_member() const {
  char* id = rd_kafka_memberid(env_.consumer.get());
  bool known = id != nullptr && *id != '\0';
  if (id != nullptr)
    rd_kafka_mem_free(env_.consumer.get(), id);
  return known;
}

void member::on_rebalance(rd_kafka_t* of, rd_kafka_resp_err_t what,
                          rd_kafka_topic_partition_list_t* partitions, void* callbacks_of_member) {
  auto* me = static_cast<callbacks*>(callbacks_of_member)->to;
  bool incremental = std::string_view{rd_kafka_rebalance_protocol(of)} == "COOPERATIVE";
  if (me == nullptr) { // closing
    if (incremental)
      (void) check(rd_kafka_incremental_unassign(of, partitions), "closing");
    else
      (void) rd_kafka_assign(of, nullptr);
    return;
  }
  me->cooperative_ = incremental;
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
    me->assigned(*partitions);
  else
    me->revoked(*partitions, rd_kafka_assignment_lost(of) != 0);
}

void member::assigned(const rd_kafka_topic_partition_list_t& partitions) {
  session_ended_ = false;
  started_over_ = 0;
  // Nothing is fetched yet: each lane is restored first.
  partition_list none{rd_kafka_topic_partition_list_new(0)};
  if (cooperative_)
    (void) check(rd_kafka_incremental_assign(env_.consumer.get(), none.get()), "assigning");
  else
    (void) rd_kafka_assign(env_.consumer.get(), none.get());
  std::lock_guard lock{guard_};
  for (const auto& place : places_in(partitions)) {
    auto& lane = lanes_.at(place);
    lane.ours = true;
    lane.revoked = false;
    ++lane.tenure;
    if (lane.taking || lane.given)
      continue; // it was lost and is back before it was let go
    lane.taking = true;
    take(place, lane.tenure);
  }
}

void member::revoked(const rd_kafka_topic_partition_list_t& partitions, bool lost) {
  session_ended_ =
    session_ended_ ||
    (lost && rd_kafka_fatal_error(env_.consumer.get(), nullptr, 0) == RD_KAFKA_RESP_ERR_NO_ERROR);
  const auto places = places_in(partitions);
  {
    std::lock_guard lock{guard_};
    for (const auto& place : places) {
      auto& lane = lanes_.at(place);
      lane.ours = !lost; // until the host has let go, its last commit counts
      lane.revoked = lane.revoked || !lost;
      take_again_.erase(place);
      end_refusal(place, lane);
      if (lane.given)
        tell(lost ? lane_change{lane_lost{place}} : lane_change{lane_wanted{place}});
    }
    if (lost)
      confirmed_until_ = 0;
  }
  how_.on_news();
  revoking_ = true;
  if (lost) {
    revoking_ = false;
    stop_fetching(places);
    return;
  }
  acknowledge_if_released();
}

void member::acknowledge_if_released() {
  if (!revoking_)
    return;
  std::vector<lane_place> gone;
  {
    std::lock_guard lock{guard_};
    for (auto& [place, lane] : lanes_)
      if (lane.revoked && lane.given)
        return; // the host ends it
    for (auto& [place, lane] : lanes_) {
      if (!lane.revoked)
        continue;
      gone.push_back(place);
      lane.revoked = false;
      lane.ours = false;
    }
  }
  revoking_ = false;
  stop_fetching(gone);
}

/// Tells the group that the lanes are let go, also those that were not fetched yet.
void member::stop_fetching(const std::vector<lane_place>& places) {
  partition_list list{rd_kafka_topic_partition_list_new(static_cast<int>(places.size()))};
  {
    std::lock_guard lock{guard_};
    for (const auto& place : places) {
      auto& lane = lanes_.at(place);
      lane.buffer.clear();
      lane.buffered_bytes = 0;
      lane.seek_to.reset();
      lane.queue.reset();
      if (!std::exchange(lane.assigned, false))
        continue;
      rd_kafka_topic_partition_list_add(list.get(), place.source.topic.c_str(),
                                        static_cast<std::int32_t>(place.source.partition));
    }
  }
  if (cooperative_) {
    if (auto done =
          check(rd_kafka_incremental_unassign(env_.consumer.get(), list.get()), "letting lanes go");
        !done)
      observe::log(observe::level::warn, "kafka.rebalance", done.error().what, {});
  } else {
    std::lock_guard lock{guard_};
    for (auto& [place, lane] : lanes_)
      lane.assigned = false;
    (void) rd_kafka_assign(env_.consumer.get(), nullptr);
  }
}

// -- lanes that are taken over -------------------------------------------------------------------

void member::take(const lane_place& place, std::uint64_t tenure) {
  env_.lanes->take(
    place, [self = self_, lanes = env_.lanes.get(), place, tenure](result<restorer::taken> what) {
      std::lock_guard lock{self->guard};
      if (self->to != nullptr)
        self->to->taken(place, tenure, std::move(what));
      else
        lanes->release(place);
    });
}

void member::taken(const lane_place& place, std::uint64_t tenure, result<restorer::taken> what) {
  {
    std::lock_guard lock{guard_};
    taken_.push_back({place, tenure, std::move(what)});
  }
  wake_.wake();
}

void member::assign_taken() {
  std::lock_guard lock{guard_};
  auto all = std::exchange(taken_, {});
  for (auto& [place, tenure, what] : all) {
    auto& lane = lanes_.at(place);
    lane.taking = false;
    bool still = lane.ours && !lane.revoked;
    if (still && tenure == lane.tenure && what) {
      books_[place] = {what->identity, false};
      lane.given = true;
      lane.given_in = tenure;
      lane.refused = false;
      start_fetching(place, lane, what->position);
      tell(lane_given{place, what->position, what->calls_in_doubt});
      continue;
    }
    env_.lanes->release(place);
    if (!what) {
      observe::log(observe::level::error, "lane.take_over_failed", "a lane cannot be taken over",
                   {{"lane", text(place)}, {"why", what.error().what}});
      take_again_[place] = std::chrono::steady_clock::now() + take_again_after;
      if (still && !std::exchange(lane.refused, true))
        tell(lane_refused{place});
    } else if (still) { // it was elsewhere meanwhile
      lane.taking = true;
      take(place, lane.tenure);
    }
  }
}

void member::start_fetching(const lane_place& place, lane_state& lane, std::int64_t from) {
  lane.buffer.clear();
  lane.buffered_bytes = 0;
  lane.failed.reset();
  lane.next_read = from;
  lane.next_fetched = from;
  if (lane.assigned) {
    lane.seek_to = from;
    return;
  }
  lane.seek_to.reset();
  // Before the assignment, so that no message takes another way.
  lane.queue.reset(rd_kafka_queue_get_partition(env_.consumer.get(), place.source.topic.c_str(),
                                                static_cast<std::int32_t>(place.source.partition)));
  rd_kafka_queue_forward(lane.queue.get(), nullptr);
  rd_kafka_queue_io_event_enable(lane.queue.get(), wake_.descriptor(), wake_word.data(),
                                 wake_word.size());
  lane.assigned = true;
  auto* list = rd_kafka_topic_partition_list_new(1);
  partition_list owner{list};
  if (cooperative_) {
    rd_kafka_topic_partition_list_add(list, place.source.topic.c_str(),
                                      static_cast<std::int32_t>(place.source.partition))
      ->offset = from;
    if (auto done = check(rd_kafka_incremental_assign(env_.consumer.get(), list), "fetching");
        !done)
      lane.failed = done.error();
    return;
  }
  for (auto& [other, state] : lanes_)
    if (state.assigned)
      rd_kafka_topic_partition_list_add(list, other.source.topic.c_str(),
                                        static_cast<std::int32_t>(other.source.partition))
        ->offset = state.next_fetched;
  (void) rd_kafka_assign(env_.consumer.get(), list);
}

/// @pre the lock is held
void member::seek(const lane_place& place, lane_state& lane) {
  partition_list list{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(list.get(), place.source.topic.c_str(),
                                    static_cast<std::int32_t>(place.source.partition))
    ->offset = *lane.seek_to;
  auto done = check(rd_kafka_seek_partitions(env_.consumer.get(), list.get(), seek_timeout_ms),
                    "going back to the position of lane " + text(place));
  if (!done || list->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return; // once more in the next round
  lane.next_fetched = *lane.seek_to;
  lane.seek_to.reset();
  lane.buffer.clear();
  lane.buffered_bytes = 0;
}

/// Moves what librdkafka has fetched into the buffers that have room. @returns whether there is
/// something for the host
bool member::fill_all() {
  struct task {
    const lane_place* place;
    lane_state* lane;
    std::size_t room;
  };
  std::vector<task> tasks;
  bool news = false;
  {
    std::lock_guard lock{guard_};
    news = !changes_.empty();
    auto room = room_per_lane();
    for (auto& [place, lane] : lanes_) {
      if (!lane.assigned)
        continue;
      if (lane.seek_to)
        seek(place, lane);
      lane.was_full = lane.buffered_bytes >= room;
      if (!lane.was_full && !lane.seek_to && !lane.failed)
        tasks.push_back({&place, &lane, room - lane.buffered_bytes});
    }
  }
  // A lane's queue and the end of its buffer are this thread's own: the host is not kept waiting.
  for (auto& t : tasks) {
    for (std::size_t got = 0; got < t.room;) {
      std::vector<rd_kafka_message_t*> messages(messages_at_once);
      auto n =
        rd_kafka_consume_batch_queue(t.lane->queue.get(), 0, messages.data(), messages.size());
      if (n <= 0)
        break;
      messages.resize(static_cast<std::size_t>(n));
      auto fetched_now = sort(*t.place, t.lane->next_fetched, std::move(messages));
      got += fetched_now.what.bytes;
      t.lane->emptied_bytes += fetched_now.what.bytes;
      t.lane->emptied_at = std::chrono::steady_clock::now();
      std::lock_guard lock{guard_};
      if (t.lane->seek_to)
        break; // the host has gone back: all this comes again
      t.lane->next_fetched = fetched_now.next;
      if (!fetched_now.what.records.empty()) {
        t.lane->buffered_bytes += fetched_now.what.bytes;
        t.lane->buffer.push_back(std::move(fetched_now.what));
      }
      news = true;
      if (fetched_now.failed) {
        t.lane->failed = std::move(fetched_now.failed);
        break;
      }
    }
  }
  return news;
}

/// A queue from which so much was taken that it may have been full meanwhile, and which nothing
/// comes into any more, may be one that librdkafka does not look at for now.
void member::nudge_if_idle() {
  nudges_wait_ = false;
  if (!nudge_)
    return;
  const auto now = std::chrono::steady_clock::now();
  std::lock_guard lock{guard_};
  for (auto& [place, lane] : lanes_) {
    if (!lane.assigned || lane.was_full || lane.emptied_bytes < room_per_lane() / 2)
      continue;
    if (now - lane.emptied_at < refilled_within) {
      nudges_wait_ = true;
      continue;
    }
    lane.emptied_bytes = 0;
    nudge_->nudge(env_.consumer, place.source);
  }
}

member::fetch member::sort(const lane_place& place, std::int64_t next,
                           std::vector<rd_kafka_message_t*> messages) const {
  fetch out;
  out.what.records.reserve(messages.size());
  auto owner = std::make_shared<fetched>(env_.consumer, std::move(messages));
  for (const auto* m : owner->messages()) {
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      auto code = m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
                    ? RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE
                    : m->err;
      out.failed =
        error_of(code, "reading lane " + text(place) + " from offset " + std::to_string(next));
      break;
    }
    if (m->offset < next)
      continue;
    next = m->offset + 1;
    out.what.records.push_back(record_of(*m, owner));
    out.what.bytes += m->len + m->key_len;
  }
  out.next = next;
  return out;
}

} // namespace sallyport::kafka
