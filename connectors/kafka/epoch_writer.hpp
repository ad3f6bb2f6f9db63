#pragma once

#include "connectors/kafka/client.hpp"

#include "engine/log/membership.hpp"
#include "engine/state/store.hpp"
#include "engine/time/clock.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sallyport::kafka {

/// What a host knows of a lane's changelog between its commits.
struct lane_book {
  std::string identity;    ///< empty: the changelog has no record yet
  bool owner_told = false; ///< the changelog says that the lane is this instance's
};

/// The transactional producer of one host.
///
/// Problem: outputs, changelog, journal and positions of all lanes of a host become visible
/// together, and what came of a commit must be known before anything is built on it. Idea: one
/// transaction an epoch, begun when the epoch is composed; positions go with every one of them, as
/// that is what makes the broker check that the host still has its lanes. A commit without an
/// answer is asked for again, never given up; when it cannot be known, the producer is made anew,
/// which settles it, and the changelog tells.
///
/// Confined to the thread that commits, but for `hurry`.
class epoch_writer {
public:
  using on_report_function = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);

  struct environment {
    std::string application;
    std::string instance;
    /// Makes a producer; its delivery reports come with `reports`.
    std::function<result<client>(void* reports, on_report_function)> make;
    sallyport::store& store;
    const wall_clock& clock;
  };

  explicit epoch_writer(environment env) : env_(std::move(env)) {}
  ~epoch_writer();
  epoch_writer(const epoch_writer&) = delete;
  epoch_writer& operator=(const epoch_writer&) = delete;

  /// Settles what an earlier run under the same name has left.
  [[nodiscard]] status prepare();

  /// Transaction and store. The books of its lanes are brought up to date when it is done.
  [[nodiscard]] status commit(const std::shared_ptr<log_commit>& what,
                              const rd_kafka_consumer_group_metadata_t& group,
                              std::map<lane_place, lane_book>& books);

  /// The last commit failed for no more than that, and may be made anew with a new view. Told once.
  [[nodiscard]] bool group_had_moved() noexcept { return std::exchange(group_had_moved_, false); }

  /// Nothing of the last commit that failed can be on the log.
  [[nodiscard]] bool given_up() noexcept { return std::exchange(given_up_, false); }

  /// From now on a wait for the broker ends with an error.
  void hurry() { hurried_ = true; }

private:
  struct lane_marks {
    std::int64_t changelog_next = -1; ///< set by delivery reports
    std::optional<std::string> owner; ///< the row that tells of it, when this commit has it
    lane_book book;
  };

  static void on_report(rd_kafka_t* of, const rd_kafka_message_t* message, void* self);
  [[nodiscard]] status begin();
  [[nodiscard]] status produce_all(const log_commit& what);
  [[nodiscard]] status produce_lane(const log_commit& what, const log_commit::lane_share& share,
                                    std::size_t first_row, lane_marks& marks);
  [[nodiscard]] status produce_journal(const lane_place& lane, const store_change& block);
  [[nodiscard]] status put(rd_kafka_topic_t* topic, std::uint32_t partition, std::string_view key,
                           const void* value, std::size_t size, void* opaque,
                           rd_kafka_headers_t* headers = nullptr);
  /// Hands a record over, by `once`, as often as the producer's queue is full.
  template <class Once>
  [[nodiscard]] status hand_over(Once&& once);
  [[nodiscard]] status send_positions(const log_commit& what,
                                      const rd_kafka_consumer_group_metadata_t& group);
  [[nodiscard]] status decide();
  [[nodiscard]] status store_rows(log_commit& what);
  /// After an error: ends the transaction, or takes a new producer.
  [[nodiscard]] error give_up(error why);
  /// Or the producer, when it is of no use any more.
  void end_transaction();
  void drop_producer();
  [[nodiscard]] result<rd_kafka_topic_t*> topic(const std::string& name);

  environment env_;
  client producer_;
  std::map<std::string, owned<rd_kafka_topic_t>, std::less<>> topics_;
  std::atomic<bool> hurried_{false};
  bool begun_ = false;
  bool group_had_moved_ = false;
  bool given_up_ = false;
  /// Kept until its transaction is over: the producer points into it.
  std::shared_ptr<log_commit> in_hand_;
  std::deque<std::string> own_rows_;
  std::map<lane_place, lane_marks> marks_;
  std::size_t unpolled_ = 0;
  std::string delivery_error_;
};

} // namespace sallyport::kafka
