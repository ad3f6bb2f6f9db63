#include "engine/lane/timers.hpp"

#include "tests/engine/lane/stored_rows.hpp"

#include "engine/core/binary.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace sallyport::lane {
namespace {

wall_time at(std::int64_t seconds) { return wall_time{std::chrono::seconds{seconds}}; }

struct timers_test : testing::Test {
  stored_rows base;
  overlay rows = base.fresh();
  timers t{rows};

  void SetUp() override { t.open(0); }

  std::vector<std::string> fire(wall_time now, std::size_t max = 1000) {
    std::vector<std::string> names;
    t.take_due(now, max);
    while (auto f = t.next_fired())
      names.push_back(f->name + (f->payload.empty() ? "" : "=" + f->payload));
    return names;
  }
};

using names = std::vector<std::string>;

TEST_F(timers_test, fire_in_the_order_of_their_times_then_names_and_not_before) {
  t.set("late", at(9), "");
  t.set("b", at(5), "2");
  t.set("a", at(5), "1");
  t.set("early", at(1), "");
  EXPECT_EQ(t.next_due(), at(1));
  EXPECT_EQ(fire(at(0)), names{});
  EXPECT_EQ(fire(at(5)), (names{"early", "a=1", "b=2"}));
  EXPECT_EQ(t.next_due(), at(9));
  EXPECT_EQ(t.pending(), 1U);
  EXPECT_EQ(fire(at(9)), names{"late"});
  EXPECT_EQ(t.next_due(), std::nullopt);
}

TEST_F(timers_test, a_timer_that_is_set_again_moves) {
  t.set("a", at(5), "old");
  t.set("a", at(3), "sooner");
  EXPECT_EQ(t.next_due(), at(3));
  t.set("a", at(7), "later");
  EXPECT_EQ(t.next_due(), at(7));
  EXPECT_EQ(t.due("a"), at(7));
  EXPECT_EQ(t.pending(), 1U);
  EXPECT_EQ(fire(at(10)), names{"a=later"});
  EXPECT_EQ(t.due("a"), std::nullopt);
}

TEST_F(timers_test, a_timer_that_is_cancelled_does_not_fire) {
  t.set("a", at(5), "");
  t.set("b", at(6), "");
  t.cancel("a");
  t.cancel("never set");
  EXPECT_EQ(t.next_due(), at(6));
  EXPECT_EQ(t.pending(), 1U);
  EXPECT_EQ(fire(at(10)), names{"b"});
}

TEST_F(timers_test, at_most_so_many_fire_at_once_and_the_rest_stays_due) {
  for (int i = 0; i < 10; ++i)
    t.set("t" + std::to_string(i), at(1), "");
  EXPECT_EQ(fire(at(5), 4), (names{"t0", "t1", "t2", "t3"}));
  EXPECT_EQ(t.next_due(), at(1));
  EXPECT_EQ(fire(at(5), 4), (names{"t4", "t5", "t6", "t7"}));
  EXPECT_EQ(fire(at(5), 4), (names{"t8", "t9"}));
  EXPECT_EQ(t.pending(), 0U);
}

TEST_F(timers_test, one_that_waits_for_its_turn_can_still_be_cancelled_or_moved) {
  t.set("a", at(1), "");
  t.set("b", at(2), "");
  t.set("c", at(3), "old");
  t.set("d", at(4), "");
  t.take_due(at(5), 1000);
  ASSERT_EQ(t.next_fired()->name, "a");
  EXPECT_EQ(t.due("a"), std::nullopt);
  EXPECT_EQ(t.due("b"), at(2));
  t.cancel("b");
  t.set("c", at(9), "moved");
  EXPECT_EQ(t.due("b"), std::nullopt);
  EXPECT_EQ(t.due("c"), at(9));
  EXPECT_EQ(t.next_fired()->name, "d");
  EXPECT_FALSE(t.next_fired().has_value());
  EXPECT_EQ(t.pending(), 1U);
  EXPECT_EQ(t.next_due(), at(9));
  EXPECT_EQ(fire(at(9)), names{"c=moved"});
}

TEST_F(timers_test, one_that_is_set_while_it_fires_fires_anew) {
  t.set("a", at(1), "");
  t.take_due(at(1), 1000);
  ASSERT_EQ(t.next_fired()->name, "a");
  t.set("a", at(1), "again");
  EXPECT_FALSE(t.next_fired().has_value());
  EXPECT_EQ(t.next_due(), at(1));
  EXPECT_EQ(fire(at(1)), names{"a=again"});
}

TEST_F(timers_test, what_a_callback_did_to_timers_can_be_taken_back) {
  t.set("a", at(1), "");
  t.set("b", at(1), "kept");
  t.set("c", at(2), "");
  t.set("far", at(50), "");
  t.take_due(at(5), 1000);
  ASSERT_EQ(t.next_fired()->name, "a");
  rows.begin_callback();
  t.begin_callback();
  t.cancel("b");
  t.set("c", at(60), "moved");
  t.cancel("far");
  t.set("new", at(3), "");
  rows.undo_callback();
  t.undo_callback();
  EXPECT_EQ(t.pending(), 1U);
  EXPECT_EQ(t.next_fired()->payload, "kept");
  EXPECT_EQ(t.next_fired()->name, "c");
  EXPECT_FALSE(t.next_fired().has_value());
  EXPECT_EQ(t.next_due(), at(50));
  EXPECT_EQ(fire(at(60)), names{"far"});
}

TEST_F(timers_test, the_search_for_the_next_one_does_not_walk_over_those_that_fired) {
  /// Counts the rows that a scan of the store passes by, tombstones of a real store included.
  struct counting final : store {
    memory_store& under;
    mutable std::string first_from;
    explicit counting(memory_store& s) : under(s) {}
    result<std::optional<std::string>> get(family f, std::string_view key) const override {
      return under.get(f, key);
    }
    status scan(family f, std::string_view from, std::string_view to,
                const row_visitor& visit) const override {
      first_from = from;
      return under.scan(f, from, to, visit);
    }
    std::unique_ptr<row_reader> snapshot() const override { return under.snapshot(); }
    status write(const store_batch& b, bool sync) override { return under.write(b, sync); }
    std::uint64_t size_bytes() const override { return 0; }
  };
  counting watched{base.store};
  overlay over{watched, base.prefix};
  timers some{over};
  some.open(0);
  for (int i = 0; i < 100; ++i)
    some.set("t" + std::to_string(i), at(i), "");
  base.commit(over);
  some.take_due(at(49), 1000);
  while (some.next_fired())
    continue;
  base.commit(over);
  EXPECT_EQ(some.next_due(), at(50));
  some.cancel("t50");
  EXPECT_EQ(some.next_due(), at(51));
  std::string mark = base.prefix + "t";
  binary::put_time_key(mark, at(49));
  EXPECT_GE(watched.first_from, mark);
  some.set("early", at(3), "");
  EXPECT_EQ(some.next_due(), at(3));
  some.cancel("early");
  EXPECT_EQ(some.next_due(), at(51));
}

TEST(timers, are_a_table_of_names_whatever_is_done_and_however_often_the_lane_is_opened) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    auto below = [&](std::uint64_t n) { return random() % n; };
    stored_rows base;
    auto rows = std::make_unique<overlay>(base.store, base.prefix);
    auto t = std::make_unique<timers>(*rows);
    t->open(0);
    using table = std::map<std::string, std::pair<wall_time, std::string>>;
    table model;
    table committed;
    std::int64_t now = 0;
    std::set<std::string> moved; // while timers fire
    auto change = [&](const std::string& name) {
      moved.insert(name);
      if (below(3) == 0) {
        t->cancel(name);
        model.erase(name);
        return;
      }
      auto due = at(now + static_cast<std::int64_t>(below(30)) - 5);
      auto payload = std::to_string(below(100));
      t->set(name, due, payload);
      model[name] = {due, payload};
    };
    auto name = [&] { return "n" + std::to_string(below(12)); };
    for (int step = 0; step < 200; ++step) {
      auto before = model;
      rows->begin_callback();
      t->begin_callback();
      for (auto n = below(4); n > 0; --n)
        change(name());
      if (below(5) == 0) {
        rows->undo_callback();
        t->undo_callback();
        model = before;
      }
      if (below(3) == 0) {
        now += static_cast<std::int64_t>(below(10));
        auto max = 1 + below(4);
        std::set<std::pair<wall_time, std::string>> due;
        for (const auto& [n, what] : model)
          if (what.first <= at(now))
            due.emplace(what.first, n);
        t->take_due(at(now), max);
        moved.clear();
        for (const auto& [when, n] : due) {
          if (max-- == 0)
            break;
          auto expected = model.find(n);
          if (expected == model.end() || moved.contains(n))
            continue; // cancelled or moved by one that fired before it
          auto fired = t->next_fired();
          ASSERT_TRUE(fired.has_value());
          ASSERT_EQ(fired->name, n);
          ASSERT_EQ(fired->payload, expected->second.second);
          model.erase(expected);
          rows->begin_callback();
          t->begin_callback();
          auto kept = model;
          auto kept_moved = moved;
          if (below(2) == 0)
            change(name());
          if (below(3) == 0) {
            rows->undo_callback();
            t->undo_callback();
            model = kept;
            moved = kept_moved;
          }
        }
        // A timer that was moved to another time that is due is in the rows again, and waits.
        ASSERT_FALSE(t->next_fired().has_value());
      }
      if (below(8) == 0) {
        base.commit(*rows);
        committed = model;
      }
      if (below(40) == 0) {
        rows = std::make_unique<overlay>(base.store, base.prefix);
        t = std::make_unique<timers>(*rows);
        t->open(committed.size());
        model = committed;
      }
      std::optional<wall_time> next;
      for (const auto& [n, what] : model) {
        ASSERT_EQ(t->due(n), what.first) << n;
        next = next ? std::min(*next, what.first) : what.first;
      }
      ASSERT_EQ(t->pending(), model.size());
      ASSERT_EQ(t->next_due(), next);
    }
  }
}

} // namespace
} // namespace sallyport::lane
