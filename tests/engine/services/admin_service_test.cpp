#include "engine/services/admin_service.hpp"

#include "engine/time/zone.hpp"
#include "tests/engine/services/service_fixture.hpp"

namespace sallyport {
namespace {

using json = nlohmann::ordered_json;

/// Lanes with the calls, timers and records that a test puts there; orders change them at once.
class admin_service_test : public service_test, public committed_lanes, public committed_state {
protected:
  struct rows final : lanes_at_once {
    explicit rows(const admin_service_test& of) : of_(of) {}
    [[nodiscard]] status calls(const std::function<bool(open_call&&)>& visit) const override {
      const std::lock_guard lock{of_.guard_};
      for (const auto& [name, c] : of_.calls_)
        if (!visit(open_call{c}))
          break;
      return {};
    }
    [[nodiscard]] status timers(const std::function<bool(set_timer&&)>& visit) const override {
      for (const auto& t : of_.timers_)
        if (!visit(set_timer{t}))
          break;
      return {};
    }
    [[nodiscard]] result<std::vector<stage_figures_view>> stages() const override {
      return std::vector<stage_figures_view>{};
    }
    const admin_service_test& of_;
  };
  struct no_rows final : stage_rows {
    [[nodiscard]] status scan(std::string_view, const row_visitor&) const override { return {}; }
    [[nodiscard]] result<std::optional<wall_time>> timer_due(std::string_view) const override {
      return std::nullopt;
    }
    [[nodiscard]] const config::params& with() const override { return none; }
    config::params none;
  };

  void SetUp() override {
    waiting_.push_back(
      {"one", "sync", {"discard", "pause"}, [this](const stage_rows&, const auto& visit) {
         const std::lock_guard lock{guard_};
         for (const auto& [key, r] : records_)
           if (!visit(waiting_record{r}))
             break;
         return status{};
       }});
    ASSERT_TRUE(control_.open());
    control_.start({[] { return std::vector<std::pair<std::string, std::uint32_t>>{}; },
                    [](const stage_place&) { return control_board::wanted_pause{}; },
                    [](const stage_place&, const control_board::wanted_pause&) {},
                    [this](const control_board::stage_order& o) { obey(o); }});
    admin_.serve_on(server_);
    start();
  }
  void TearDown() override { control_.stop(); }

  void obey(const control_board::stage_order& o) {
    const std::lock_guard lock{guard_};
    taken_.push_back(o);
    if (o.name == "discard")
      records_.erase(json::parse(o.payload)["key"].get<std::string>());
    else if (o.name == "settle")
      calls_.erase(o.payload);
  }

  void add_call(const std::string& id, call_state state, std::chrono::seconds age,
                const std::string& peer = "delius") {
    open_call c;
    c.at = {"one", 2, "sync"};
    c.id = id;
    c.peer = peer;
    c.key = "k" + id;
    c.state = state;
    c.asked = clock_.now() - age;
    c.tries = 3;
    calls_.emplace(id, c);
  }
  void add_record(const std::string& key, std::chrono::seconds age, std::uint32_t attempts = 1) {
    records_.emplace(
      key, waiting_record{key, "waiting", "NO_MATCH", clock_.now() - age, attempts, {}, {}, {}});
  }

  [[nodiscard]] std::unique_ptr<lanes_at_once> look(wall_time) const override {
    return std::make_unique<rows>(*this);
  }
  [[nodiscard]] std::unique_ptr<stage_rows> rows_of(std::string_view,
                                                    std::string_view) const override {
    return std::make_unique<no_rows>();
  }

  json ask(const std::string& path, int status = 200) {
    const auto came = get(path);
    EXPECT_EQ(came.status, status) << path << ": " << came.body;
    return json::parse(came.body);
  }
  json order(const std::string& path, const json& body, int status = 200) {
    const auto came = post(path, body.dump());
    EXPECT_EQ(came.status, status) << path << ": " << came.body;
    return json::parse(came.body);
  }

  mutable std::mutex guard_;
  std::map<std::string, open_call> calls_;
  std::vector<set_timer> timers_;
  std::map<std::string, waiting_record> records_;
  std::vector<control_board::stage_order> taken_;
  std::vector<waiting_records> waiting_;
  bool drained_ = false;
  control_board control_{"app", {{"one", "sync", {"delius"}}}, log_, clock_};
  admin_service admin_{{*this,
                        *this,
                        waiting_,
                        clock_,
                        control_,
                        [](const stage_place& at, const std::string& id, std::optional<int> said) {
                          return control_board::stage_order{at.part, at.partition, at.stage,
                                                            said ? "settle" : "try", id};
                        },
                        [this] { drained_ = true; },
                        {}}};
};

using std::chrono::seconds;

TEST_F(admin_service_test, lists_come_with_the_oldest_first_bounded_and_narrowed) {
  add_call("1/0", call_state::retrying, seconds{10});
  add_call("2/0", call_state::held, seconds{30}, "nomis");
  add_call("3/0", call_state::held, seconds{20});
  const auto all = ask("/admin/calls?limit=2");
  EXPECT_EQ(all["found"], 3);
  ASSERT_EQ(all["calls"].size(), 2U);
  EXPECT_EQ(all["calls"][0]["call"], "one/2/sync/2/0");
  EXPECT_EQ(all["calls"][1]["call"], "one/2/sync/3/0");
  EXPECT_EQ(ask("/admin/calls?peer=delius&state=held")["found"], 1);
  EXPECT_EQ(ask("/admin/calls?older-than=15s")["found"], 2);
  EXPECT_EQ(ask("/admin/calls?key=k1/0&key=k3/0")["found"], 2);
  EXPECT_EQ(ask("/admin/calls?stage=one.sync")["found"], 3);
  EXPECT_EQ(ask("/admin/calls?stage=other")["found"], 0);
}

TEST_F(admin_service_test, what_is_asked_wrongly_is_said) {
  EXPECT_NE(ask("/admin/calls?peeer=x", 400)["error"].get<std::string>().find("peeer"),
            std::string::npos);
  (void) ask("/admin/timers?limit=many", 400);
  (void) ask("/admin/waiting?older-than=5", 400);
  (void) order("/admin/pause", {{"what", "delius"}}, 400);
  (void) order("/admin/pause", {{"what", "delius"}, {"reason", std::string(501, 'x')}}, 400);
  (void) order("/admin/pause", {{"what", 7}, {"reason", "x"}}, 404);
  (void) order("/admin/calls/resolve", {{"calls", {"one"}}, {"as", "done"}, {"reason", "x"}}, 400);
  (void) order("/admin/waiting/discard", {{"reason", "x"}}, 400);
  EXPECT_EQ(post("/admin/drain", R"({"reason":"x"})", "text/plain").status, 400)
    << "a form of another site cannot send JSON";
  EXPECT_FALSE(drained_);
  EXPECT_TRUE(records("app.orders", 0).empty()) << "nothing was ordered";
}

TEST_F(admin_service_test, a_pause_is_told_with_who_and_why) {
  EXPECT_EQ(
    order("/admin/pause", {{"what", "delius"}, {"reason", "upgrade"}, {"by", "alice"}})["what"],
    "peer/delius");
  const auto pauses = ask("/admin/pauses")["pauses"];
  ASSERT_EQ(pauses.size(), 1U);
  EXPECT_EQ(pauses[0]["by"], "alice");
  EXPECT_EQ(pauses[0]["at"], format_utc(clock_.now()));
  (void) order("/admin/resume", {{"what", "delius"}, {"reason", "done"}});
  EXPECT_TRUE(ask("/admin/pauses")["pauses"].empty());
}

TEST_F(admin_service_test, a_call_that_waits_is_settled_and_one_that_may_be_answered_is_not) {
  add_call("1/0", call_state::retrying, seconds{10});
  add_call("2/0", call_state::under_way, seconds{10});
  const auto said =
    order("/admin/calls/resolve",
          {{"calls", {"one/2/sync/1/0", "one/0/sync/9/0"}}, {"as", "done"}, {"reason", "seen"}});
  EXPECT_EQ(said["orders"][0]["outcome"], "done");
  EXPECT_EQ(said["orders"][1]["outcome"], "not_here");
  (void) order("/admin/calls/resolve",
               {{"calls", {"one/2/sync/2/0"}}, {"as", "refused"}, {"reason", "seen"}}, 409);
  EXPECT_EQ(records("app.orders", 0).size(), 2U);
}

TEST_F(admin_service_test, an_order_for_records_goes_to_those_that_fit) {
  add_record("7/a", seconds{100});
  add_record("7/b", seconds{50});
  add_record("8/a", seconds{10}, 5);
  add_record("77/a", seconds{10});
  const auto said = order("/admin/waiting/discard", {{"keys", {"7"}}, {"reason", "x"}});
  ASSERT_EQ(said["orders"].size(), 2U);
  EXPECT_EQ(said["orders"][1]["key"], "7/b");
  EXPECT_EQ(said["orders"][1]["outcome"], "done");
  EXPECT_EQ(ask("/admin/waiting")["found"], 2);
  const auto some =
    order("/admin/waiting/discard", {{"all", true}, {"tries-min", 2}, {"reason", "x"}});
  ASSERT_EQ(some["orders"].size(), 1U);
  EXPECT_EQ(some["orders"][0]["key"], "8/a");
  (void) order("/admin/waiting/eat", {{"keys", {"77"}}, {"reason", "x"}}, 404);
  EXPECT_EQ(taken_[0].part, "one");
  EXPECT_EQ(json::parse(taken_[0].payload)["by"], "operator");
}

TEST_F(admin_service_test, timers_are_named_with_what_is_late) {
  timers_ = {{{"one", 0, "sync"}, "retry/7/a", clock_.now() - seconds{5}, false},
             {{"one", 0, "sync"}, "hold/9", clock_.now() + seconds{60}, false}};
  EXPECT_EQ(ask("/admin/timers")["found"], 2);
  EXPECT_TRUE(ask("/admin/timers")["timers"][0]["overdue"].get<bool>());
  EXPECT_EQ(ask("/admin/timers?overdue=1")["found"], 1);
  EXPECT_EQ(ask("/admin/timers?key=9")["timers"][0]["timer"], "hold/9");
}

TEST_F(admin_service_test, a_drain_is_on_the_log_before_it_begins) {
  EXPECT_EQ(order("/admin/drain", {{"reason", "kernel"}})["draining"], true);
  EXPECT_TRUE(drained_);
  ASSERT_EQ(records("app.orders", 0).size(), 1U);
  EXPECT_EQ(records("app.orders", 0)[0].key.str(), "drain");
}

} // namespace
} // namespace sallyport
