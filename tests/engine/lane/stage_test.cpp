#include "engine/lane/lane.hpp"
#include "engine/state/memory_store.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

using namespace std::chrono_literals;

namespace sallyport::lane {
namespace {

/// What the operators of a test do; each callback that is not set does nothing.
struct script {
  std::function<void(context&)> open;
  std::function<verdict(record&&, context&)> process;
  std::function<void(const timer&, context&)> on_timer;
  std::function<void(const call_reply&, context&)> on_reply;
  std::function<void(context&)> on_command;
  std::function<std::string(talk&, const std::string&)> converse;
  std::function<void(const conclusion&, context&)> concluded;
};

class scripted final : public operator_base {
public:
  explicit scripted(const script& s) : s_(s) {}
  void open(context& ctx) override {
    if (s_.open)
      s_.open(ctx);
  }
  verdict process(record&& r, context& ctx) override {
    return s_.process ? s_.process(std::move(r), ctx) : verdict::forward(std::move(r));
  }
  void on_timer(const timer& t, context& ctx) override {
    if (s_.on_timer)
      s_.on_timer(t, ctx);
  }
  void on_reply(const call_reply& reply, context& ctx) override {
    if (s_.on_reply)
      s_.on_reply(reply, ctx);
  }
  void on_command(const std::string&, const std::string&, context& ctx) override {
    if (s_.on_command)
      s_.on_command(ctx);
  }
  std::string converse(talk& with, const std::string&, const std::string& subject) override {
    return s_.converse ? s_.converse(with, subject) : "";
  }
  void concluded(const conclusion& end, context& ctx) override {
    if (s_.concluded)
      s_.concluded(end, ctx);
  }

private:
  const script& s_;
};

/// A lane of stages whose operators are scripts.
struct stage_test : testing::Test {
  memory_store store;
  topology::limits limits;
  topology::part part;
  std::vector<std::unique_ptr<operator_entry>> entries;
  std::vector<std::unique_ptr<script>> scripts;
  std::unique_ptr<lane> l;
  std::vector<published> outputs;
  std::vector<call_start> starts;
  std::optional<wall_time> next_due;
  std::size_t failures = 0;
  std::int64_t offset = 0;
  wall_time now{1h};

  /// Adds a stage; `from` is the port of an earlier stage, or the source.
  script& add(const std::string& name, std::vector<topology::edge> from,
              std::vector<std::string> ports = {"out"}) {
    auto& s = *scripts.emplace_back(std::make_unique<script>());
    auto& e = *entries.emplace_back(std::make_unique<operator_entry>());
    e.spec = config::spec{name};
    e.outputs = std::move(ports);
    e.make = [&s](const config::params&) { return std::make_unique<scripted>(s); };
    part.name = "part";
    part.stages.push_back({name, &e, {}, std::move(from), {}});
    return s;
  }
  /// Adds stages that end the ports `out` and `rejected` of the stage `of`.
  void add_ends(std::size_t of) {
    add("sink", {{of, "out"}}, {}).process = [](record&& r, context& ctx) {
      ctx.publish("out", std::move(r));
      return verdict::done();
    };
    add("dead", {{of, "rejected"}}, {}).process = [](record&& r, context& ctx) {
      std::string cause{*r.find("sallyport-cause")};
      ctx.publish("dead", std::move(r));
      return verdict::dead(cause);
    };
  }
  script& one_stage() {
    auto& s = add("s", {{topology::edge::source, ""}});
    add_ends(0);
    return s;
  }

  const topic_map topics{{"out", {"out", 1, duration{0}, 0}},
                         {"dead", {"dead", 1, duration{0}, 0}}};

  void open() {
    l = std::make_unique<lane>(lane_name{"app", "part", 0, "in"}, part, store, limits, topics);
    l->open(0);
    signal_in(tick{true});
  }
  void restart() {
    commit();
    open();
  }
  void pass(std::vector<event> events, const std::vector<signal>& signals) {
    auto out = l->run(std::move(events), signals);
    next_due = out.next_due;
    failures += out.failures;
    starts.insert(starts.end(), out.reads.begin(), out.reads.end());
  }
  void signal_in(std::variant<tick, answer, command> what) {
    pass({}, {l->entry().admit(std::move(what), now)});
    commit();
  }
  void feed(const std::string& value) {
    std::vector<log_record> one;
    one.push_back({offset++, {bytes{"key"}, bytes{value}, {}, {}}});
    pass(l->entry().admit(std::move(one), now), {});
    commit();
  }
  void commit() {
    auto epoch = l->seal();
    for (const auto* p : outputs_of(epoch))
      outputs.push_back(*p);
    for (auto& p : epoch.parts)
      starts.insert(starts.end(), p.starts.begin(), p.starts.end());
    std::vector<lane_epoch> epochs;
    epochs.push_back(std::move(epoch));
    ASSERT_TRUE(store.write(compose("app", epochs, topics).state, false).has_value());
    l->committed();
    EXPECT_EQ(l->difference(), 0);
  }
  void advance(duration by) {
    now += by;
    signal_in(tick{});
  }
  void reply(int status) {
    auto one = starts.front();
    starts.erase(starts.begin());
    signal_in(answer{one.stage, one.id, {status, {}, "", "", false}});
  }

  [[nodiscard]] std::string sent() const {
    std::string all;
    for (const auto& p : outputs)
      all += p.to + ":" + p.rec.value.str() + " ";
    return all;
  }
  [[nodiscard]] std::string state() const {
    std::string all;
    l->stages()[0]->scan_state("", [&](std::string_view key, std::string_view value) {
      all += std::string{key} + "=" + std::string{value} + " ";
      return true;
    });
    return all;
  }
  [[nodiscard]] const stage_counts& counts(std::size_t stage) const {
    return l->stages()[stage]->counts();
  }

  /// All that a callback can do; none of it may be seen of one that throws.
  static void leave_traces(context& ctx) {
    ctx.state().put("trace", "1");
    ctx.state().erase("kept");
    ctx.timer_set("trace", ctx.now() + 1s);
    ctx.timer_cancel("kept");
    ctx.emit("out", {bytes{"k"}, bytes{"trace"}, {}, {}});
    ctx.publish("out", {bytes{"k"}, bytes{"trace"}, {}, {}});
    ctx.settle(term::held, verdict::done());
    ctx.call({"peer", {"PUT", "/trace", {}, ""}, "", false, "", {}});
    ctx.converse("trace", "trace");
    ctx.count("trace", "trace");
  }
};

TEST_F(stage_test, what_a_record_did_on_which_the_operator_throws_leaves_no_trace) {
  auto& s = one_stage();
  s.process = [](record&& r, context& ctx) -> verdict {
    if (r.value == bytes{"keep"}) {
      ctx.state().put("kept", "1");
      ctx.timer_set("kept", ctx.now() + 1h);
      return verdict::held();
    }
    auto taken = std::move(r);
    leave_traces(ctx);
    throw 42;
  };
  open();
  feed("keep");
  feed("bad");
  EXPECT_EQ(sent(), "dead:bad ");
  EXPECT_EQ(outputs[0].rec.find("sallyport-cause"), "internal");
  EXPECT_EQ(outputs[0].rec.find("sallyport-stage"), "part.s");
  EXPECT_EQ(outputs[0].rec.find("sallyport-source"), "in/0/1");
  EXPECT_EQ(state(), "kept=1 ");
  EXPECT_EQ(next_due, now + 1h);
  EXPECT_TRUE(starts.empty());
  EXPECT_TRUE(l->stages()[0]->take_counters().empty());
  EXPECT_EQ(l->stages()[0]->open_conversations(), 0U);
  EXPECT_EQ(counts(2).dead.at("internal"), 1U);
  EXPECT_EQ(failures, 1U);
}

TEST_F(stage_test, a_timer_whose_callback_throws_is_still_set_and_fires_a_minute_later) {
  int tries = 0;
  auto& s = one_stage();
  s.process = [](record&& r, context& ctx) {
    if (r.value == bytes{"cancel"}) {
      EXPECT_TRUE(ctx.timer_due("t").has_value());
      ctx.timer_cancel("t");
      return verdict::discard("cancelled");
    }
    ctx.state().put("kept", "1");
    ctx.timer_set("kept", ctx.now() + 10h);
    ctx.timer_set("t", ctx.now() + 1s, "payload");
    return verdict::held();
  };
  s.on_timer = [&](const timer& t, context& ctx) {
    EXPECT_EQ(t.name, "t");
    EXPECT_EQ(t.payload, "payload");
    if (++tries <= 2) {
      leave_traces(ctx);
      throw std::runtime_error("no");
    }
    ctx.settle(term::held, verdict::done());
  };
  open();
  feed("x");
  advance(1s);
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(sent(), "");
  EXPECT_EQ(state(), "kept=1 ");
  EXPECT_EQ(counts(0).at(term::held), 1);
  EXPECT_EQ(next_due, now + 1min);
  advance(59s);
  EXPECT_EQ(tries, 1);
  restart();
  advance(1s);
  EXPECT_EQ(tries, 2);
  advance(1min);
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(counts(0).at(term::done), 1);
  tries = 0;
  feed("again");
  advance(1s);
  EXPECT_EQ(tries, 1);
  feed("cancel");
  advance(2min);
  EXPECT_EQ(tries, 1) << "the operator can cancel what will be repeated";
}

TEST_F(stage_test, a_reply_whose_callback_throws_comes_again_a_minute_later) {
  std::vector<int> seen;
  auto& s = one_stage();
  s.process = [](record&&, context& ctx) {
    ctx.call({"peer", {"PUT", "/x", {}, ""}, "k", false, "tag", {}});
    return verdict::in_call();
  };
  s.on_reply = [&](const call_reply& r, context& ctx) {
    seen.push_back(r.answer.status);
    EXPECT_EQ(r.tag, "tag");
    if (seen.size() <= 2) {
      leave_traces(ctx);
      throw std::runtime_error("no");
    }
    ctx.settle(term::in_call, verdict::done());
  };
  open();
  feed("a");
  feed("b");
  reply(201);
  reply(404);
  EXPECT_EQ(seen, (std::vector<int>{201, 404}));
  EXPECT_EQ(counts(0).at(term::in_call), 2);
  EXPECT_TRUE(starts.empty()) << "the calls are settled";
  restart();
  EXPECT_TRUE(starts.empty());
  advance(1min);
  EXPECT_EQ(seen, (std::vector<int>{201, 404, 201, 404}));
  EXPECT_EQ(counts(0).at(term::done), 2);
  EXPECT_EQ(state(), "");
}

TEST_F(stage_test, a_conclusion_whose_callback_throws_comes_again_with_the_conversation_as_it_was) {
  int begun = 0;
  int tries = 0;
  auto& s = one_stage();
  s.process = [](record&& r, context& ctx) {
    ctx.converse("k", r.value.str());
    return verdict::in_call();
  };
  s.converse = [&](talk& with, const std::string& subject) {
    ++begun;
    with.publish("out", {bytes{"k"}, bytes{"begin-" + subject}, {}, {}});
    auto status =
      with.ask({"peer", {"PUT", "/" + subject, {}, ""}, "", false, "", {}}).answer.status;
    with.publish("out", {bytes{"k"}, bytes{"end-" + subject}, {}, {}});
    return std::to_string(status);
  };
  s.concluded = [&](const conclusion& end, context& ctx) {
    if (++tries <= 2) {
      leave_traces(ctx);
      throw std::runtime_error("no");
    }
    EXPECT_EQ(end.outcome, "200");
    ctx.settle(term::in_call, verdict::done());
  };
  open();
  feed("1");
  feed("2");
  reply(200);
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(sent(), "out:begin-1 out:end-1 ");
  restart();
  EXPECT_TRUE(starts.empty());
  advance(1min);
  EXPECT_EQ(tries, 2);
  advance(1min);
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(begun, 4) << "once to get the reply, once for each repetition, once for the next";
  EXPECT_EQ(sent(), "out:begin-1 out:end-1 out:begin-2 ") << "each effect once";
  reply(200);
  EXPECT_EQ(counts(0).at(term::done), 2);
  EXPECT_EQ(state(), "");
}

TEST_F(stage_test, a_command_whose_callback_throws_is_dropped_whole) {
  auto& s = one_stage();
  s.on_command = [](context& ctx) {
    leave_traces(ctx);
    throw std::runtime_error("no");
  };
  open();
  signal_in(command{0, "c", ""});
  advance(5min);
  EXPECT_EQ(sent(), "");
  EXPECT_EQ(state(), "");
  EXPECT_EQ(failures, 1U);
}

TEST_F(stage_test, a_conversation_that_throws_ends_as_failed) {
  std::string outcome;
  auto& s = one_stage();
  s.process = [](record&&, context& ctx) {
    ctx.converse("k", "subject");
    return verdict::in_call();
  };
  s.converse = [](talk& with, const std::string&) -> std::string {
    (void) with.ask({"peer", {"PUT", "/x", {}, ""}, "", false, "", {}});
    throw std::runtime_error("what went wrong");
  };
  s.concluded = [&](const conclusion& end, context& ctx) {
    EXPECT_TRUE(end.failed);
    EXPECT_EQ(end.subject, "subject");
    outcome = end.outcome;
    ctx.settle(term::in_call, verdict::discard("failed"));
  };
  open();
  feed("x");
  reply(200);
  EXPECT_EQ(outcome, "what went wrong");
  EXPECT_EQ(counts(0).discarded.at("failed"), 1U);
}

/// Asks three times, and tells where it is; the outcome holds what it got.
std::string ask_thrice(talk& with, int& begun) {
  ++begun;
  std::string got;
  for (int i = 0; i < 3; ++i) {
    const auto& reply =
      with.ask({"peer", {"PUT", "/" + std::to_string(i), {}, ""}, "", false, "", {}});
    with.publish("out", {bytes{"k"}, bytes{std::to_string(reply.answer.status)}, {}, {}});
    got += std::to_string(reply.answer.status) + " ";
  }
  return got;
}

TEST_F(stage_test, a_conversation_goes_on_where_it_asked_and_from_its_start_after_a_restart) {
  int begun = 0;
  std::string outcome;
  auto& s = one_stage();
  s.process = [](record&&, context& ctx) {
    ctx.converse("k", "subject");
    return verdict::done();
  };
  s.converse = [&](talk& with, const std::string&) { return ask_thrice(with, begun); };
  s.concluded = [&](const conclusion& c, context&) { outcome = c.outcome; };
  open();
  feed("x");
  reply(200);
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(sent(), "out:200 ");
  starts.clear();
  restart();
  reply(201);
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(sent(), "out:200 out:201 ") << "what was let out before is not let out again";
  reply(202);
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(sent(), "out:200 out:201 out:202 ");
  EXPECT_EQ(outcome, "200 201 202 ");
}

TEST_F(stage_test, a_lane_may_close_while_functions_stand_still) {
  int begun = 0;
  int left = 0;
  auto& s = one_stage();
  s.process = [](record&& r, context& ctx) {
    ctx.converse(r.value.view(), "subject");
    return verdict::done();
  };
  s.converse = [&](talk& with, const std::string&) {
    struct leaving {
      int& times;
      ~leaving() { ++times; }
    } const noted{left};
    return ask_thrice(with, begun);
  };
  open();
  feed("x");
  feed("y");
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(left, 0);
  l.reset();
  EXPECT_EQ(left, 2) << "what they held is given back";
  EXPECT_EQ(sent(), "");
}

TEST_F(stage_test, a_conversation_that_asks_otherwise_when_it_is_run_again_is_noticed) {
  int run = 0;
  conclusion end;
  auto& s = one_stage();
  s.process = [](record&&, context& ctx) {
    ctx.converse("k", "subject");
    return verdict::done();
  };
  s.converse = [&](talk& with, const std::string&) -> std::string {
    auto path = "/" + std::to_string(run++);
    (void) with.ask({"peer", {"PUT", path, {}, ""}, "", false, "", {}});
    return "well";
  };
  s.concluded = [&](const conclusion& c, context&) { end = c; };
  open();
  feed("x");
  restart();
  reply(200);
  EXPECT_TRUE(end.failed);
  EXPECT_NE(end.outcome.find("another call"), std::string::npos);
}

TEST_F(stage_test, an_output_that_is_too_big_makes_its_record_a_dead_letter_and_the_lane_goes_on) {
  limits.record_bytes_max = 400;
  auto& s = one_stage();
  s.process = [](record&& r, context& ctx) {
    ctx.state().put("seen", r.value.str());
    ctx.publish("out", {{}, bytes{std::string(r.value == bytes{"bad"} ? 401 : 10, 'x')}, {}, {}});
    return verdict::done();
  };
  open();
  feed("bad");
  EXPECT_EQ(sent(), "dead:bad ");
  EXPECT_EQ(outputs[0].rec.find("sallyport-cause"), "record_too_big");
  EXPECT_EQ(state(), "");
  feed("good");
  EXPECT_EQ(sent(), "dead:bad out:xxxxxxxxxx ");
  EXPECT_EQ(counts(2).dead.at("record_too_big"), 1U);
}

TEST_F(stage_test, the_dead_letter_of_a_record_that_is_itself_too_big_has_no_value) {
  limits.record_bytes_max = 400;
  one_stage().process = [](record&& r, context&) { return verdict::reject(std::move(r), "bad"); };
  open();
  feed(std::string(500, 'x'));
  EXPECT_EQ(sent(), "dead: ");
  EXPECT_EQ(outputs[0].rec.find("sallyport-value-bytes"), "500");
  EXPECT_EQ(outputs[0].rec.find("sallyport-source"), "in/0/0");
  EXPECT_EQ(counts(2).dead.at("bad"), 1U);
}

TEST_F(stage_test, a_port_that_the_operator_has_not_rejects_the_record_as_internal) {
  auto& s = one_stage();
  s.process = [](record&& r, context& ctx) {
    auto how = r.value.str();
    if (how == "emit")
      ctx.emit("nowhere", r);
    if (how == "settle")
      ctx.settle(term::held, verdict::forward(r, "nowhere"));
    return verdict::forward(std::move(r), how == "forward" ? "nowhere" : "out");
  };
  open();
  for (const char* how : {"emit", "settle", "forward", "well"})
    feed(how);
  EXPECT_EQ(sent(), "dead:emit dead:settle dead:forward out:well ");
  EXPECT_EQ(counts(2).dead.at("internal"), 3U);
}

TEST_F(stage_test, several_inputs_are_taken_by_number_and_then_in_the_order_of_the_ports) {
  auto& split = add("split", {{topology::edge::source, ""}}, {"left", "right"});
  split.process = [](record&& r, context& ctx) {
    // The right port is first here, and second among the inputs of `join`.
    ctx.emit("right", {r.key, bytes{r.value.str() + "-right"}, {}, {}});
    r.value = bytes{r.value.str() + "-left"};
    return verdict::forward(std::move(r), "left");
  };
  add("slow", {{0, "left"}});
  add("join", {{1, "out"}, {0, "right"}}, {}).process = [](record&& r, context& ctx) {
    ctx.publish("out", std::move(r));
    return verdict::done();
  };
  open();
  std::vector<log_record> two;
  for (const char* value : {"1", "2"})
    two.push_back({offset++, {bytes{"k"}, bytes{value}, {}, {}}});
  pass(l->entry().admit(std::move(two), now), {});
  commit();
  EXPECT_EQ(sent(), "out:1-left out:1-right out:2-left out:2-right ");
  EXPECT_EQ(counts(0).made, 2);
}

TEST_F(stage_test, a_copy_for_a_second_reader_is_counted_as_made) {
  add("s", {{topology::edge::source, ""}});
  for (const char* name : {"a", "b", "c"})
    add(name, {{0, "out"}}, {}).process = [](record&& r, context& ctx) {
      ctx.publish("out", std::move(r));
      return verdict::done();
    };
  open();
  feed("x");
  EXPECT_EQ(sent(), "out:x out:x out:x ");
  EXPECT_EQ(counts(0).made, 2);
  EXPECT_EQ(l->entry().received(), 1);
  EXPECT_EQ(l->difference(), 0);
}

TEST_F(stage_test, at_most_so_many_timers_fire_under_one_input) {
  limits.timers_per_tick_max = 2;
  int fired = 0;
  auto& s = one_stage();
  s.process = [](record&&, context& ctx) {
    for (const char* name : {"a", "b", "c"})
      ctx.timer_set(name, ctx.now() + 1s);
    return verdict::done();
  };
  s.on_timer = [&](const timer&, context&) { ++fired; };
  open();
  feed("x");
  advance(1s);
  EXPECT_EQ(fired, 2);
  EXPECT_EQ(next_due, now);
  advance(0s);
  EXPECT_EQ(fired, 3);
}

TEST_F(stage_test, an_operator_that_cannot_be_opened_closes_its_lane) {
  auto& s = one_stage();
  s.open = [](context&) { throw std::runtime_error("no"); };
  EXPECT_THROW(open(), engine_failure);
  s.open = [](context& ctx) { ctx.publish("out", {}); };
  EXPECT_THROW(open(), engine_failure);
  entries[0]->make = [](const config::params&) -> std::unique_ptr<operator_base> {
    throw std::runtime_error("no");
  };
  EXPECT_THROW(open(), engine_failure);
}

} // namespace
} // namespace sallyport::lane
