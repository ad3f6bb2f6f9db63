#include "engine/lane/conversations.hpp"

#include "tests/engine/lane/stored_rows.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace sallyport::lane {
namespace {

constexpr wall_time now{std::chrono::seconds{7}};

struct conversations_test : testing::Test {
  stored_rows base;
  std::size_t open_max = 100;
  std::unique_ptr<overlay> rows;
  std::unique_ptr<conversations> c;
  std::uint64_t number = 0;

  void SetUp() override { open(0, 0); }

  void open(std::uint64_t queued, std::uint64_t in_line) {
    rows = std::make_unique<overlay>(base.store, base.prefix);
    c = std::make_unique<conversations>(*rows, open_max);
    c->open(queued, in_line);
  }
  void restart() {
    base.commit(*rows);
    open(c->queued(), c->in_line());
  }

  call_id id() { return {++number, 0}; }
  void add(std::string_view key, std::string_view subject) { c->add(key, subject, id(), now); }
  /// `key:subject` of the next one that may open.
  std::string next() {
    auto* one = c->next(now);
    return one == nullptr ? "none" : one->key + ":" + one->subject;
  }
  void end(std::string_view key) { (void) c->end(key); }
};

TEST_F(conversations_test, one_is_open_for_a_key_and_the_others_wait_behind_it_in_order) {
  add("a", "1");
  EXPECT_EQ(next(), "a:1");
  add("a", "2");
  add("a", "3");
  add("b", "1");
  EXPECT_EQ(next(), "b:1");
  EXPECT_EQ(next(), "none");
  EXPECT_EQ(c->queued(), 2U);
  EXPECT_TRUE(c->busy("a"));
  EXPECT_FALSE(c->busy("c"));
  end("a");
  EXPECT_EQ(next(), "a:2");
  end("a");
  EXPECT_EQ(next(), "a:3");
  end("a");
  end("b");
  EXPECT_FALSE(c->busy("a"));
  base.commit(*rows);
  EXPECT_TRUE(base.store.dump(family::state).empty());
}

TEST_F(conversations_test, a_key_is_no_part_of_a_longer_one) {
  for (const char* key : {"a", "aa", ""}) {
    add(key, "1");
    add(key, "2");
  }
  EXPECT_EQ(next(), "a:1");
  EXPECT_EQ(next(), "aa:1");
  EXPECT_EQ(next(), ":1");
  end("a");
  EXPECT_EQ(next(), "a:2");
  EXPECT_EQ(next(), "none");
}

TEST_F(conversations_test, so_many_are_open_and_the_rest_stands_in_line) {
  open_max = 2;
  open(0, 0);
  for (const char* key : {"d", "c", "b", "a"})
    add(key, "1");
  EXPECT_EQ(next(), "d:1");
  EXPECT_EQ(next(), "c:1");
  EXPECT_EQ(next(), "none");
  EXPECT_EQ(c->in_line(), 2U);
  EXPECT_TRUE(c->busy("a"));
  add("c", "2");
  end("c");
  EXPECT_TRUE(c->busy("c"));
  EXPECT_EQ(next(), "c:2") << "the key's next one takes its place";
  EXPECT_EQ(next(), "none");
  end("c");
  EXPECT_EQ(next(), "b:1");
  end("d");
  EXPECT_EQ(next(), "a:1");
}

TEST_F(conversations_test, a_long_line_is_gone_through_in_order_over_restarts) {
  constexpr int count = 700; // several times what is read of the line at once
  open_max = 1;
  open(0, 0);
  const auto name = [](int i) { return std::to_string(1000 + i); };
  for (int i = 0; i < count; ++i) {
    add(name(i), "s");
    if (i == 300)
      restart();
  }
  for (int i = 0; i < count; ++i) {
    ASSERT_EQ(next(), name(i) + ":s");
    if (i % 97 == 0)
      restart();
    if (i % 2 == 0)
      add(name(count + i), "s");
    end(name(i));
  }
  EXPECT_EQ(c->in_line(), static_cast<std::uint64_t>(count / 2));
  EXPECT_EQ(next(), name(count) + ":s");
}

TEST_F(conversations_test, come_back_from_their_rows_in_each_state) {
  open_max = 1;
  open(0, 0);
  add("open", "s1");
  add("lined", "s2");
  ASSERT_EQ(next(), "open:s1");
  add("open", "s3");
  auto* one = c->find("open");
  call_reply reply{
    "peer", "open", "tag", call_outcome::answered, {200, {{"A", "b"}}, "body", "", false}, 3, true};
  c->add_reply(*one, {reply, now, 17});
  c->add_reply(*one, {reply, now + duration{5}, 18});
  one->effects = 4;
  c->save(*one);
  restart();
  EXPECT_EQ(c->open_count(), 1U);
  one = c->find("open");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(c->find("lined"), nullptr);
  EXPECT_EQ(one->subject, "s1");
  EXPECT_EQ(one->started, now);
  EXPECT_EQ(one->effects, 4U);
  ASSERT_EQ(one->steps.size(), 2U);
  EXPECT_EQ(one->steps[1].asked, 18U);
  EXPECT_EQ(one->steps[1].now, now + duration{5});
  EXPECT_EQ(one->steps[0].reply.answer, reply.answer);
  EXPECT_EQ(one->steps[0].reply.tries, 3U);
  EXPECT_TRUE(one->steps[0].reply.earlier_unanswered);
  EXPECT_EQ(next(), "none") << "there is no room";
  end("open");
  EXPECT_EQ(next(), "open:s3");
  restart();
  EXPECT_TRUE(c->find("open")->steps.empty());
  end("open");
  EXPECT_EQ(next(), "lined:s2");
  restart();
  end("lined");
  base.commit(*rows);
  EXPECT_TRUE(base.store.dump(family::state).empty());
}

TEST_F(conversations_test, one_that_ended_can_be_put_back_with_its_rows) {
  add("a", "1");
  add("a", "2");
  ASSERT_EQ(next(), "a:1");
  auto queued = c->queued();
  auto in_line = c->in_line();
  rows->begin_callback();
  auto ended = c->end("a");
  rows->undo_callback();
  c->restore(std::move(ended), queued, in_line);
  EXPECT_EQ(c->find("a")->subject, "1");
  EXPECT_EQ(next(), "none");
  end("a");
  EXPECT_EQ(next(), "a:2");
}

} // namespace
} // namespace sallyport::lane
