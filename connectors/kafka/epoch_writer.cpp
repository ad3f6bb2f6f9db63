#include "connectors/kafka/epoch_writer.hpp"

#include "connectors/kafka/copy_position.hpp"
#include "connectors/kafka/lane_topics.hpp"
#include "connectors/kafka/message.hpp"

#include "engine/core/assert.hpp"
#include "engine/core/fault.hpp"
#include "engine/log/lane_rows.hpp"
#include "engine/observe/log.hpp"

#include <algorithm>
#include <array>
#include <random>

namespace sallyport::kafka {

namespace {

/// A wait for the broker is looked at so often: a stop may be in a hurry.
constexpr int wait_ms = 1'000;
constexpr std::size_t poll_every = 4096;
constexpr std::size_t journal_chunk_bytes = 512U << 10U;
/// How long a full queue of the producer is waited for, in polls of 100 ms.
constexpr std::size_t full_queue_polls_max = 600;

std::string new_identity() {
  std::random_device dice;
  std::string out;
  for (int i = 0; i < 4; ++i)
    binary::put_be32(out, dice());
  return out;
}

} // namespace

epoch_writer::~epoch_writer() { drop_producer(); }

void epoch_writer::drop_producer() {
  topics_.clear();
  begun_ = false;
  if (!producer_)
    return;
  (void) rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  (void) rd_kafka_poll(producer_.get(), 0);
  producer_.reset();
  in_hand_.reset();
}

status epoch_writer::prepare() {
  if (producer_)
    return {};
  SALLYPORT_TRY(producer_, env_.make(this, &epoch_writer::on_report));
  for (;;) {
    auto* failed = rd_kafka_init_transactions(producer_.get(), wait_ms);
    if (failed == nullptr)
      return {};
    bool again = rd_kafka_error_is_retriable(failed) != 0;
    auto done = check(failed, "settling earlier transactions");
    if (again && !hurried_)
      continue;
    drop_producer();
    return done;
  }
}

void epoch_writer::on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  auto& me = *static_cast<epoch_writer*>(self);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (me.delivery_error_.empty())
      me.delivery_error_ = std::string{rd_kafka_err2str(message->err)} + " (topic " +
                           rd_kafka_topic_name(message->rkt) + ")";
    return;
  }
  if (auto* next = static_cast<std::int64_t*>(message->_private))
    *next = std::max(*next, message->offset + 1);
}

result<rd_kafka_topic_t*> epoch_writer::topic(const std::string& name) {
  auto at = topics_.find(name);
  if (at == topics_.end()) {
    owned<rd_kafka_topic_t> made{rd_kafka_topic_new(producer_.get(), name.c_str(), nullptr)};
    if (!made)
      return fail(error_of(rd_kafka_last_error(), "opening the topic " + name));
    at = topics_.emplace(name, std::move(made)).first;
  }
  return at->second.get();
}

status epoch_writer::commit(const std::shared_ptr<log_commit>& what,
                            const rd_kafka_consumer_group_metadata_t& group,
                            std::map<lane_place, lane_book>& books) {
  group_had_moved_ = false;
  given_up_ = false;
  SALLYPORT_CHECK(prepare());
  marks_.clear();
  own_rows_.clear();
  delivery_error_.clear();
  for (const auto& share : what->lanes)
    marks_[share.lane].book = books[share.lane];
  SALLYPORT_CHECK(begin());
  in_hand_ = what;
  auto written = produce_all(*what);
  if (written)
    written = send_positions(*what, group);
  if (written)
    written = fault::at("commit.produced");
  if (!written)
    return fail(give_up(std::move(written).error()));
  if (auto decided = decide(); !decided)
    return fail(give_up(std::move(decided).error()));
  begun_ = false;
  // The log has it from here on: what fails now is made up for by reading the changelog.
  SALLYPORT_CHECK(fault::at("commit.decided"));
  auto stored = store_rows(*what);
  in_hand_.reset();
  SALLYPORT_CHECK(stored);
  for (auto& [lane, marks] : marks_)
    books[lane] = std::move(marks.book);
  return {};
}

status epoch_writer::begin() {
  if (auto done = check(rd_kafka_begin_transaction(producer_.get()), "beginning a transaction");
      !done) {
    drop_producer();
    return done;
  }
  begun_ = true;
  return {};
}

template <class Once>
status epoch_writer::hand_over(Once&& once) {
  for (std::size_t tries = 0;; ++tries) {
    auto code = once();
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
      break;
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || tries >= full_queue_polls_max || hurried_)
      return fail(error_of(code, "handing a record to the producer"));
    (void) rd_kafka_poll(producer_.get(), 100);
  }
  if (++unpolled_ >= poll_every) {
    unpolled_ = 0;
    (void) rd_kafka_poll(producer_.get(), 0);
  }
  return {};
}

status epoch_writer::put(rd_kafka_topic_t* topic, std::uint32_t partition, std::string_view key,
                         const void* value, std::size_t size, void* opaque,
                         rd_kafka_headers_t* headers) {
  return hand_over([&] {
    return produce(producer_.get(), {topic, partition, key, value, size, 0, headers, opaque});
  });
}

status epoch_writer::produce_all(const log_commit& what) {
  for (const auto& append : what.appends) {
    SALLYPORT_TRY(auto* to, topic(append.to.topic));
    for (const auto& rec : append.records)
      SALLYPORT_CHECK(
        hand_over([&] { return produce(producer_.get(), to, append.to.partition, rec, nullptr); }));
  }
  std::size_t row = 0;
  for (const auto& share : what.lanes) {
    SALLYPORT_CHECK(produce_lane(what, share, row, marks_.at(share.lane)));
    row = share.rows_end;
  }
  return {};
}

status epoch_writer::produce_lane(const log_commit& what, const log_commit::lane_share& share,
                                  std::size_t first_row, lane_marks& marks) {
  SALLYPORT_TRY(auto* changelog, topic(changelog_topic(env_.application, share.lane.part)));
  auto partition = share.lane.source.partition;
  auto put_row = [&](std::string_view key, const std::string* value) {
    return put(changelog, partition, key, value == nullptr ? nullptr : value->data(),
               value == nullptr ? 0 : value->size(), &marks.changelog_next);
  };
  if (marks.book.identity.empty()) {
    marks.book.identity = new_identity();
    SALLYPORT_CHECK(put_row(identity_key, &own_rows_.emplace_back(marks.book.identity)));
  }
  for (auto i = first_row; i < share.rows_end; ++i) {
    const auto& change = what.state.changes[i];
    if (change.where == family::journal) {
      SALLYPORT_CHECK(produce_journal(share.lane, change));
      continue;
    }
    SALLYPORT_CHECK(put_row(change.key, change.value ? &*change.value : nullptr));
  }
  if (!marks.book.owner_told || share.handed_over) {
    marks.book.owner_told = !share.handed_over;
    marks.owner = encode(lane_owner{env_.instance, share.handed_over});
    const auto& key = own_rows_.emplace_back(lane_owner_row(share.lane.part, partition));
    SALLYPORT_CHECK(put_row(key, &*marks.owner));
  }
  return {};
}

status epoch_writer::produce_journal(const lane_place& lane, const store_change& block) {
  if (!block.value)
    return {};
  SALLYPORT_TRY(auto* journal, topic(journal_topic(env_.application, lane.part)));
  const auto& whole = *block.value;
  auto pieces = whole.size() / journal_chunk_bytes + 1;
  for (std::size_t i = 0; i < pieces; ++i) {
    auto from = i * journal_chunk_bytes;
    auto size = std::min(journal_chunk_bytes, whole.size() - from);
    rd_kafka_headers_t* headers = nullptr;
    if (pieces > 1) {
      headers = rd_kafka_headers_new(1);
      auto piece = std::to_string(i + 1) + "/" + std::to_string(pieces);
      (void) rd_kafka_header_add(headers, "piece", -1, piece.data(),
                                 static_cast<ssize_t>(piece.size()));
    }
    if (auto done = put(journal, lane.source.partition, block.key, whole.data() + from, size,
                        nullptr, headers);
        !done) {
      if (headers != nullptr)
        rd_kafka_headers_destroy(headers);
      return done;
    }
  }
  return {};
}

status epoch_writer::send_positions(const log_commit& what,
                                    const rd_kafka_consumer_group_metadata_t& group) {
  partition_list list{rd_kafka_topic_partition_list_new(static_cast<int>(what.positions.size()))};
  for (const auto& p : what.positions)
    rd_kafka_topic_partition_list_add(list.get(), p.from.topic.c_str(),
                                      static_cast<std::int32_t>(p.from.partition))
      ->offset = p.next;
  SALLYPORT_ASSERT(list->cnt > 0);
  for (;;) {
    auto* failed =
      rd_kafka_send_offsets_to_transaction(producer_.get(), list.get(), &group, wait_ms);
    if (failed == nullptr)
      return {};
    if (rd_kafka_error_is_retriable(failed) != 0 && !hurried_) {
      rd_kafka_error_destroy(failed);
      continue;
    }
    auto code = rd_kafka_error_code(failed);
    group_had_moved_ = code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
                       code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
    return check(failed, "sending the positions of the lanes");
  }
}

status epoch_writer::decide() {
  for (;;) {
    auto* failed = rd_kafka_commit_transaction(producer_.get(), wait_ms);
    if (failed == nullptr)
      return {};
    // Without an answer it may be committed: only asking again can tell, giving up never.
    if (rd_kafka_error_is_retriable(failed) != 0 && !hurried_) {
      rd_kafka_error_destroy(failed);
      continue;
    }
    bool retriable = rd_kafka_error_is_retriable(failed) != 0;
    auto done = check(failed, "committing a transaction");
    if (retriable)
      drop_producer(); // the next one settles it
    return done;
  }
}

error epoch_writer::give_up(error why) {
  if (!delivery_error_.empty())
    why = std::move(why).within("a record was not taken: " + delivery_error_);
  end_transaction();
  // A new producer settles what the old one left, before the lanes' positions are asked for.
  if (!producer_)
    (void) prepare();
  return why;
}

void epoch_writer::end_transaction() {
  if (!producer_ || !begun_)
    return;
  std::array<char, 256> text{};
  if (rd_kafka_fatal_error(producer_.get(), text.data(), text.size()) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return drop_producer();
  while (!hurried_) {
    auto* failed = rd_kafka_abort_transaction(producer_.get(), wait_ms);
    if (failed == nullptr) {
      begun_ = false;
      given_up_ = true;
      in_hand_.reset();
      return;
    }
    bool again = rd_kafka_error_is_retriable(failed) != 0;
    rd_kafka_error_destroy(failed);
    if (!again)
      break;
  }
  drop_producer();
}

status epoch_writer::store_rows(log_commit& what) {
  auto now = env_.clock.now();
  std::erase_if(what.state.changes,
                [](const store_change& c) { return c.where == family::journal; });
  std::erase_if(what.state.drops,
                [](const store_batch::range& r) { return r.where == family::journal; });
  for (const auto& share : what.lanes) {
    const auto& marks = marks_.at(share.lane);
    if (marks.owner)
      what.state.put(family::state, lane_owner_row(share.lane.part, share.lane.source.partition),
                     *marks.owner);
    if (marks.changelog_next >= 0)
      what.state.put(family::meta, copy_row(share.lane),
                     encode(copy_position{marks.book.identity, marks.changelog_next, now}));
  }
  return env_.store.write(what.state, false);
}

} // namespace sallyport::kafka
