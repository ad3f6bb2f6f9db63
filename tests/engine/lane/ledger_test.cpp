#include "engine/lane/ledger.hpp"

#include "tests/engine/lane/stored_rows.hpp"

#include <gtest/gtest.h>

#include <memory>

using namespace std::chrono_literals;

namespace sallyport::lane {
namespace {

wall_time at(duration since) { return wall_time{} + since; }

call_answer status(int code) { return {code, {}, "", "", false}; }
call_answer never_sent() { return {0, {}, "", "refused", true}; }

using ids = std::vector<std::uint64_t>;

/// A ledger whose calls are named by the number of their id.
struct ledger_test : testing::Test {
  stored_rows base;
  ledger::settings how{1024, {10, 15s}};
  std::unique_ptr<overlay> rows;
  std::unique_ptr<ledger> l;
  wall_time now = at(0s);

  void SetUp() override { open(); }

  /// Opens the lane, again if it was; what was not committed is gone.
  void open() {
    rows = std::make_unique<overlay>(base.store, base.prefix);
    l = std::make_unique<ledger>(*rows, how);
    l->open();
  }
  void restart() {
    base.commit(*rows);
    open();
    l->restart(now);
  }

  static call make(const std::string& key, bool read = false) {
    call c{"peer", {"PUT", "/x", {}, ""}, key, read, "tag", {}};
    c.policy.jitter = 0;
    return c;
  }
  void ask(std::uint64_t number, const call& what) { l->ask({number, 0}, what, std::nullopt, now); }
  void ask(std::uint64_t number, const std::string& key) { ask(number, make(key)); }

  static ids numbers(const std::vector<call_start>& starts) {
    ids all;
    for (const auto& s : starts)
      all.push_back(s.id.number);
    return all;
  }
  ids writes() { return numbers(l->take_writes()); }
  ids reads() { return numbers(l->take_reads()); }

  std::optional<settled_call> answer(std::uint64_t number, call_answer what) {
    return l->answered({0, {number, 0}, std::move(what)}, now);
  }
  void advance(duration by) {
    now += by;
    l->tick(now);
  }
};

TEST_F(ledger_test, calls_of_one_key_go_out_one_at_a_time_and_others_at_once) {
  ask(1, "a");
  ask(2, "a");
  ask(3, "b");
  ask(4, "");
  ask(5, "");
  EXPECT_TRUE(l->writes_wait());
  EXPECT_EQ(writes(), (ids{1, 3, 4, 5}));
  EXPECT_FALSE(l->writes_wait());
  EXPECT_TRUE(answer(1, status(200)).has_value());
  EXPECT_EQ(writes(), ids{2});
  EXPECT_FALSE(answer(1, status(200)).has_value()) << "it is settled already";
}

TEST_F(ledger_test, a_call_keeps_the_later_ones_of_its_key_back_until_its_last_try) {
  ask(1, "a");
  ask(2, "a");
  EXPECT_EQ(writes(), ids{1});
  EXPECT_FALSE(answer(1, status(503)).has_value());
  EXPECT_EQ(writes(), ids{});
  advance(500ms);
  EXPECT_EQ(writes(), ids{1});
  EXPECT_TRUE(answer(1, status(404)).has_value());
  EXPECT_EQ(writes(), ids{2});
}

TEST_F(ledger_test, tries_are_a_growing_pause_apart_and_end_as_unknown) {
  ask(1, "a");
  for (auto pause : {500ms, 1000ms, 2000ms}) {
    EXPECT_EQ(writes(), ids{1});
    EXPECT_FALSE(answer(1, status(503)).has_value());
    EXPECT_EQ(l->next_due(), now + pause);
    advance(pause - 1ms);
    EXPECT_EQ(writes(), ids{});
    advance(1ms);
  }
  EXPECT_EQ(writes(), ids{1});
  auto end = answer(1, status(500));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->reply.outcome, call_outcome::unknown);
  EXPECT_EQ(end->reply.answer.status, 500);
  EXPECT_EQ(end->reply.tries, 4U);
  EXPECT_TRUE(end->reply.earlier_unanswered);
  EXPECT_EQ(end->reply.tag, "tag");
  EXPECT_EQ(base.count('c'), 0U);
  EXPECT_EQ(l->current().open, 0U);
}

TEST_F(ledger_test, retry_after_is_kept_when_it_is_longer_than_the_pause) {
  ask(1, "a");
  (void) writes();
  EXPECT_FALSE(answer(1, {429, {{"Retry-After", "7"}}, "", "", false}).has_value());
  EXPECT_EQ(l->next_due(), now + 7s);
}

TEST_F(ledger_test, no_try_starts_after_the_time_to_give_up) {
  auto c = make("a");
  c.policy.tries_max = 100;
  c.policy.give_up_after = 1400ms;
  ask(1, c);
  EXPECT_EQ(writes(), ids{1});
  now += 200ms; // a try takes a while
  EXPECT_FALSE(answer(1, status(0)).has_value());
  advance(500ms);
  EXPECT_EQ(writes(), ids{1});
  auto end = answer(1, status(0)); // the next would start 1.7 s after the first
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->reply.outcome, call_outcome::unknown);
  EXPECT_EQ(end->reply.tries, 2U);
}

TEST_F(ledger_test, a_refused_token_is_tried_once_more_at_once) {
  ask(1, "a");
  EXPECT_EQ(writes(), ids{1});
  EXPECT_FALSE(answer(1, status(401)).has_value());
  auto starts = l->take_writes();
  ASSERT_EQ(numbers(starts), ids{1});
  EXPECT_FALSE(starts[0].first_try);
  auto end = answer(1, status(401));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->reply.outcome, call_outcome::answered);
  EXPECT_FALSE(end->reply.earlier_unanswered);
}

TEST_F(ledger_test, a_refused_token_is_not_tried_again_when_the_time_of_the_call_is_over) {
  auto c = make("a");
  c.policy.give_up_after = 0s;
  ask(1, c);
  EXPECT_EQ(writes(), ids{1});
  auto end = answer(1, status(401));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->reply.outcome, call_outcome::answered);
}

TEST_F(ledger_test, what_the_peer_has_not_done_leaves_nothing_in_doubt) {
  ask(1, "a");
  EXPECT_EQ(writes(), ids{1});
  EXPECT_FALSE(answer(1, never_sent()).has_value());
  advance(1s);
  EXPECT_FALSE(answer(1, status(429)).has_value());
  advance(1s);
  auto end = answer(1, status(200));
  ASSERT_TRUE(end.has_value());
  EXPECT_FALSE(end->reply.earlier_unanswered);
  EXPECT_TRUE(end->reply.ok());
}

TEST_F(ledger_test, the_last_answer_is_not_an_earlier_one) {
  auto c = make("a");
  c.policy.tries_max = 2;
  ask(1, c);
  EXPECT_FALSE(answer(1, status(429)).has_value());
  advance(1s);
  auto end = answer(1, status(503));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->reply.outcome, call_outcome::unknown);
  EXPECT_FALSE(end->reply.earlier_unanswered) << "the try before was answered: not done";
}

TEST_F(ledger_test, a_clear_answer_after_an_unclear_one_says_so) {
  ask(1, "a");
  EXPECT_FALSE(answer(1, status(408)).has_value());
  advance(1s);
  auto end = answer(1, status(409));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->reply.outcome, call_outcome::answered);
  EXPECT_TRUE(end->reply.earlier_unanswered);
}

TEST_F(ledger_test, giving_up_on_a_busy_peer_is_an_answer_unless_something_is_in_doubt) {
  auto c = make("");
  c.policy.tries_max = 1;
  ask(1, c);
  EXPECT_EQ(answer(1, status(429))->reply.outcome, call_outcome::answered);
  ask(2, c);
  EXPECT_EQ(answer(2, never_sent())->reply.outcome, call_outcome::unknown);
  c.policy.tries_max = 2;
  ask(3, c);
  EXPECT_FALSE(answer(3, status(500)).has_value());
  advance(1s);
  EXPECT_EQ(answer(3, status(429))->reply.outcome, call_outcome::unknown);
}

TEST_F(ledger_test, outcomes_are_counted_once) {
  auto c = make("");
  c.policy.tries_max = 2;
  for (std::uint64_t i = 1; i <= 3; ++i)
    ask(i, c);
  (void) answer(1, status(204));
  (void) answer(2, status(404));
  (void) answer(3, status(500));
  advance(1s);
  (void) answer(3, status(500));
  std::map<std::pair<std::string, std::string>, std::uint64_t> expected{
    {{"peer", "acknowledged"}, 1},
    {{"peer", "refused"}, 1},
    {{"peer", "retried"}, 1},
    {{"peer", "unknown"}, 1}};
  EXPECT_EQ(l->take_outcomes(), expected);
  EXPECT_TRUE(l->take_outcomes().empty());
}

TEST_F(ledger_test, reads_may_start_at_once_and_writes_wait) {
  ask(1, make("", true));
  ask(2, "");
  EXPECT_EQ(reads(), ids{1});
  EXPECT_EQ(reads(), ids{});
  EXPECT_EQ(writes(), ids{2});
}

TEST_F(ledger_test, first_tries_go_before_retries) {
  ask(1, "a");
  EXPECT_EQ(writes(), ids{1});
  EXPECT_FALSE(answer(1, status(503)).has_value());
  advance(1s);
  ask(2, "b");
  EXPECT_EQ(writes(), (ids{2, 1}));
}

TEST_F(ledger_test, a_circuit_holds_calls_and_releases_them_after_one_that_succeeds) {
  how.circuits = {2, 15s};
  open();
  auto c = make("");
  c.policy.tries_max = 1;
  ask(1, c);
  ask(2, c);
  (void) writes();
  EXPECT_TRUE(answer(1, status(503)).has_value());
  EXPECT_TRUE(answer(2, never_sent()).has_value());
  EXPECT_EQ(l->open_circuits(), std::vector<std::string>{"peer"});
  ask(3, c);
  ask(4, c);
  ask(5, c);
  auto other = make("");
  other.port = "another";
  ask(6, other);
  EXPECT_EQ(writes(), ids{6}) << "another peer has a circuit of its own";
  EXPECT_EQ(l->current().held, 3U);
  EXPECT_EQ(l->next_due(), now + 15s);
  advance(15s);
  EXPECT_EQ(writes(), ids{3});
  EXPECT_EQ(l->next_due(), std::nullopt) << "the one that was let through decides";
  advance(1min);
  EXPECT_EQ(writes(), ids{});
  EXPECT_TRUE(answer(3, status(500)).has_value());
  EXPECT_EQ(l->next_due(), now + 15s);
  advance(15s);
  EXPECT_EQ(writes(), ids{4});
  EXPECT_TRUE(answer(4, status(404)).has_value()) << "any word of the peer closes it";
  EXPECT_EQ(writes(), ids{5});
  EXPECT_TRUE(l->open_circuits().empty());
}

TEST_F(ledger_test, a_circuit_stays_open_over_a_restart_and_lets_one_through_again) {
  how.circuits = {1, 15s};
  open();
  ask(1, "a");
  ask(2, "b");
  (void) writes();
  EXPECT_FALSE(answer(1, status(503)).has_value());
  restart();
  EXPECT_EQ(writes(), ids{});
  EXPECT_EQ(l->current().held, 1U) << "the other one waits for its next try";
  now += 15s;
  restart();
  EXPECT_EQ(writes(), ids{2}) << "one probe, the first try before the retry";
  restart();
  EXPECT_EQ(writes(), ids{2}) << "the probe is made again";
  EXPECT_TRUE(answer(2, status(200))->reply.earlier_unanswered);
  EXPECT_EQ(writes(), ids{1});
}

TEST_F(ledger_test, nothing_starts_before_the_lane_is_told_that_it_was_opened) {
  ask(1, "a");
  base.commit(*rows);
  open();
  EXPECT_EQ(writes(), ids{});
  EXPECT_EQ(l->next_due(), std::nullopt);
  EXPECT_FALSE(answer(1, status(200)).has_value());
  l->restart(now);
  EXPECT_EQ(writes(), ids{1});
}

TEST_F(ledger_test, after_a_restart_an_open_call_is_made_again_with_the_tries_it_had) {
  ask(1, "a");
  ask(2, "a");
  ask(3, "b");
  (void) writes();
  EXPECT_FALSE(answer(3, status(429)).has_value());
  restart();
  EXPECT_EQ(writes(), ids{1});
  EXPECT_EQ(l->next_due(), now + 500ms);
  advance(500ms);
  auto starts = l->take_writes();
  ASSERT_EQ(numbers(starts), ids{3});
  EXPECT_FALSE(starts[0].first_try);
  EXPECT_EQ(answer(3, status(200))->reply.tries, 2U);
}

TEST_F(ledger_test, a_call_that_may_have_been_sent_before_a_restart_is_in_doubt) {
  ask(1, "a");
  ask(2, "a");
  ask(3, make("b", true));
  ask(4, "c");
  EXPECT_FALSE(answer(4, status(429)).has_value());
  restart();
  EXPECT_TRUE(answer(1, status(409))->reply.earlier_unanswered);
  EXPECT_FALSE(answer(2, status(409))->reply.earlier_unanswered) << "it was never sent";
  EXPECT_FALSE(answer(3, status(404))->reply.earlier_unanswered) << "a read has no effect";
  advance(500ms);
  EXPECT_FALSE(answer(4, status(200))->reply.earlier_unanswered) << "its try was answered";
}

TEST_F(ledger_test, a_call_and_its_conversation_come_back_whole) {
  call c{"peer", {"POST", "/p?q=1", {{"A", "1"}, {"A", "2"}}, std::string("b\0dy", 4)},
         "k",    false,
         "t",    {}};
  c.policy = {7, 100ms, 900ms, 1.25, 0.123456789, 30s, 4s};
  l->ask({5, 2}, c, "subject", now);
  auto before = l->take_writes();
  restart();
  auto after = l->take_writes();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].request, c.request);
  EXPECT_EQ(after[0].timeout, 4s);
  EXPECT_EQ(after[0].id, before[0].id);
  EXPECT_FALSE(l->answered({0, {5, 2}, status(503)}, now).has_value());
  auto pause = l->next_due();
  now = *pause;
  restart();
  auto end = l->answered({0, {5, 2}, status(200)}, now);
  ASSERT_TRUE(end.has_value());
  EXPECT_TRUE(end->conversation);
  EXPECT_EQ(end->owner, "subject");
  EXPECT_EQ(end->reply.key, "k");
  EXPECT_EQ(end->reply.tag, "t");
  EXPECT_EQ(end->reply.tries, 2U);
  EXPECT_EQ(end->asked, request_hash(c));
}

TEST_F(ledger_test, the_pauses_of_a_call_do_not_depend_on_whether_the_lane_was_opened_again) {
  for (std::uint64_t n = 1; n <= 50; ++n) {
    auto c = make("");
    c.policy.jitter = 0.01 * static_cast<double>(n) + 0.000'000'3;
    c.policy.backoff_factor = 1.0 + 0.0123456789 * static_cast<double>(n);
    c.policy.backoff_max = 1h;
    c.policy.backoff_initial = 10min;
    c.policy.give_up_after = 100h;
    std::vector<std::optional<wall_time>> due;
    for (bool reopened : {false, true}) {
      now = at(0s);
      open();
      ask(n, c);
      if (reopened)
        restart();
      EXPECT_FALSE(answer(n, status(429)).has_value());
      due.push_back(l->next_due());
    }
    EXPECT_EQ(due[0], due[1]) << n;
    base.wipe();
  }
}

TEST_F(ledger_test, calls_beyond_the_limit_wait_in_the_store_and_come_in_order) {
  how.in_flight_max = 2;
  open();
  for (std::uint64_t n = 1; n <= 6; ++n)
    ask(n, n % 2 == 0 ? "a" : "");
  EXPECT_EQ(writes(), (ids{1, 2}));
  EXPECT_EQ(l->current().open, 2U);
  base.commit(*rows);
  EXPECT_EQ(base.count('c'), 6U);
  (void) answer(1, status(200));
  EXPECT_EQ(writes(), ids{3});
  ask(7, "b");
  EXPECT_EQ(writes(), ids{}) << "it must not overtake those in the store";
  (void) answer(3, status(200));
  EXPECT_EQ(writes(), ids{}) << "4 is behind 2";
  (void) answer(2, status(200));
  EXPECT_EQ(writes(), (ids{4, 5}));
  restart();
  EXPECT_EQ(writes(), (ids{4, 5}));
  (void) answer(5, status(200));
  (void) answer(4, status(200));
  EXPECT_EQ(writes(), (ids{6, 7}));
  (void) answer(7, status(200));
  (void) answer(6, status(200));
  base.commit(*rows);
  EXPECT_EQ(base.count('c'), 0U);
}

// -- what people order -----------------------------------------------------------------

const paused_ports peer_paused{false, {"peer"}};

TEST_F(ledger_test, of_a_paused_port_nothing_starts_until_it_is_resumed) {
  ask(1, "a");
  EXPECT_EQ(writes(), ids{1});
  l->pause(peer_paused, now);
  ask(2, "b");
  ask(3, make("c", true));
  EXPECT_FALSE(answer(1, status(503)).has_value()) << "what was on its way is answered";
  advance(1h);
  EXPECT_EQ(writes(), ids{});
  EXPECT_EQ(reads(), ids{});
  EXPECT_EQ(l->current().held, 3U);
  EXPECT_EQ(l->next_due(), std::nullopt) << "no tick helps";
  l->pause({}, now);
  EXPECT_EQ(writes(), (ids{2, 1})) << "first tries go first";
  EXPECT_EQ(reads(), ids{3});
}

TEST_F(ledger_test, a_pause_holds_back_what_was_about_to_start) {
  ask(1, "a");
  l->pause({true, {}}, now);
  EXPECT_FALSE(l->writes_wait());
  EXPECT_EQ(writes(), ids{});
  l->pause(peer_paused, now);
  EXPECT_EQ(writes(), ids{}) << "another pause holds it";
  l->pause({false, {"other"}}, now);
  EXPECT_EQ(writes(), ids{1});
}

TEST_F(ledger_test, a_pause_outlives_a_restart_and_its_end_too) {
  ask(1, "a");
  l->pause(peer_paused, now);
  restart();
  ask(2, "b");
  EXPECT_EQ(writes(), ids{});
  EXPECT_EQ(base.count('p'), 1U);
  l->pause({}, now);
  restart();
  EXPECT_EQ(writes(), (ids{1, 2}));
  EXPECT_EQ(base.count('p'), 0U) << "no row is left";
}

TEST_F(ledger_test, a_pause_that_comes_again_writes_nothing) {
  l->pause(peer_paused, now);
  base.commit(*rows);
  l->pause(peer_paused, now);
  EXPECT_EQ(rows->seal()->size(), 0U);
}

TEST_F(ledger_test, a_peer_that_is_down_and_paused_is_probed_when_it_is_resumed) {
  how.circuits = {2, 15s};
  open();
  ask(1, "a");
  ask(2, "b");
  EXPECT_EQ(writes(), (ids{1, 2}));
  (void) answer(1, never_sent());
  (void) answer(2, never_sent());
  advance(14s);
  EXPECT_EQ(writes(), ids{}) << "the circuit is open";
  l->pause(peer_paused, now);
  advance(1h);
  EXPECT_EQ(writes(), ids{});
  l->pause({}, now);
  EXPECT_EQ(writes(), ids{1}) << "one alone";
}

TEST_F(ledger_test, a_call_that_waits_can_be_settled_by_hand) {
  ask(1, "a");
  ask(2, "a");
  EXPECT_EQ(writes(), ids{1});
  EXPECT_FALSE(l->settle({1, 0}, status(200), now).has_value()) << "its try is on its way";
  EXPECT_FALSE(l->settle({2, 0}, status(200), now).has_value()) << "it is behind another";
  (void) answer(1, status(503));
  const auto end = l->settle({1, 0}, status(200), now);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->reply.outcome, call_outcome::answered);
  EXPECT_EQ(end->reply.answer.status, 200);
  EXPECT_TRUE(end->reply.earlier_unanswered);
  EXPECT_EQ(end->reply.tries, 1U);
  EXPECT_EQ(writes(), ids{2}) << "its key goes on";
  EXPECT_FALSE(l->settle({1, 0}, status(200), now).has_value()) << "an order that comes twice";
  restart();
  EXPECT_EQ(writes(), ids{2});
  EXPECT_EQ((l->take_outcomes()[{"peer", "by_hand"}]), 0U) << "told before the restart";
}

TEST_F(ledger_test, a_read_is_not_settled_by_hand) {
  ask(1, make("a", true));
  l->pause(peer_paused, now);
  EXPECT_FALSE(l->settle({1, 0}, status(200), now).has_value());
  l->pause({}, now);
  EXPECT_EQ(reads(), ids{1});
}

TEST_F(ledger_test, a_call_that_waits_for_its_next_try_can_be_tried_now) {
  ask(1, "a");
  EXPECT_EQ(writes(), ids{1});
  (void) answer(1, status(503));
  l->try_now({1, 0}, now);
  EXPECT_EQ(writes(), ids{1});
  l->try_now({1, 0}, now);
  EXPECT_EQ(writes(), ids{}) << "an order that comes twice";
  advance(1h);
  EXPECT_EQ(writes(), ids{}) << "its old time is forgotten";
}

TEST_F(ledger_test, an_open_circuit_lets_a_call_through_that_is_tried_by_hand) {
  how.circuits = {2, 15s};
  open();
  for (std::uint64_t n = 1; n <= 4; ++n)
    ask(n, std::string(1, static_cast<char>('a' + n)));
  EXPECT_EQ(writes(), (ids{1, 2, 3, 4}));
  (void) answer(1, never_sent());
  (void) answer(2, never_sent());
  ask(5, "x");
  ask(6, "y");
  EXPECT_EQ(writes(), ids{});
  l->try_now({6, 0}, now);
  EXPECT_EQ(writes(), ids{6});
  l->try_now({5, 0}, now);
  EXPECT_EQ(writes(), ids{}) << "one probe at a time";
  EXPECT_TRUE(answer(6, status(200)).has_value());
  EXPECT_EQ(writes(), ids{5}) << "its answer closes the circuit";
}

TEST_F(ledger_test, a_row_tells_since_when_a_call_is_open_and_how_its_last_try_ended) {
  now = at(5s);
  ask(1, "a");
  EXPECT_EQ(writes(), ids{1});
  (void) answer(1, status(503));
  restart();
  const auto row = base.store.get(family::state, base.prefix + call_key({1, 0}));
  ASSERT_TRUE(row && *row);
  const auto read = decode_call_row(**row);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->asked, at(5s));
  EXPECT_EQ(read->last_status, 503);
  EXPECT_EQ(read->tries, 1U);
  EXPECT_FALSE(decode_call_row("").has_value());
}

TEST(call_names, are_read_as_they_are_written) {
  EXPECT_EQ(to_string({12, 3}), "12/3");
  EXPECT_EQ(parse_call_id("12/3"), (call_id{12, 3}));
  for (const char* wrong : {"", "12", "12/", "/3", "12/3x", "-1/3", "12/3/4"})
    EXPECT_FALSE(parse_call_id(wrong).has_value()) << wrong;
}

} // namespace
} // namespace sallyport::lane
