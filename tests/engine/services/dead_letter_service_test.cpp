#include "engine/services/dead_letter_service.hpp"

#include "engine/core/murmur2.hpp"
#include "tests/engine/services/service_fixture.hpp"

#include <algorithm>
#include <map>
#include <random>

namespace sallyport {
namespace {

using nlohmann::json;

class dead_letter_service_test : public service_test {
protected:
  void SetUp() override {
    make_topic("events", 2);
    make_topic("inner", 3);
    make_topic("dead", 2);
    make_topic("news", 1);
    service_.serve_on(server_, "ROLE_ADMIN");
    server_.set_guard([](const http_server::endpoint*, http_request& request) {
      request.user = "someone";
      return std::optional<http_response>{};
    });
    start();
  }

  static record tell(const dead_letter_news& news) {
    record told;
    told.key = bytes{news.topic};
    told.value = json{{"what", news.what == dead_letter_news::kind::retried ? "retried" : "purged"},
                      {"found", news.found},
                      {"retried", news.retried}}
                   .dump();
    return told;
  }

  /// As the engine writes one.
  void die(const std::string& key, const std::string& value, const std::string& source,
           const std::string& cause = "missing_field") {
    record letter;
    letter.key = bytes{key};
    letter.value = bytes{value};
    letter.set("eventType", "X");
    letter.set("sallyport-cause", cause);
    letter.timestamp = clock_.now();
    if (!source.empty())
      letter.set("sallyport-source", source);
    ASSERT_TRUE(log_.append({{"dead", partition_of(key, 2)}, {letter}}));
  }

  json put(const std::string& path, int status = 200) {
    const auto came = client_->Put(path);
    EXPECT_TRUE(came);
    EXPECT_EQ(came->status, status) << came->body;
    return json::parse(came->body);
  }
  /// What was done in the one topic.
  json redrive(const std::string& query) {
    const auto came = post("/admin/dead-letters/redrive?" + query, "");
    EXPECT_EQ(came.status, 200) << came.body;
    return json::parse(came.body)["topics"].at(0);
  }
  json waiting() { return json::parse(get("/queue-admin/get-dlq-messages/dead").body); }
  std::vector<std::string> values_of(const std::string& topic, std::uint32_t partitions) {
    std::vector<std::string> all;
    for (std::uint32_t p = 0; p < partitions; ++p)
      for (const auto& r : records(topic, p))
        all.push_back(r.value.str());
    return all;
  }

  dead_letter_service service_{{.application = "app",
                                .topics = {"dead"},
                                .source_topic = "events",
                                .tells_to = "news",
                                .tell = tell},
                               log_,
                               clock_};
};

TEST_F(dead_letter_service_test, the_list_shows_json_as_it_stands_and_other_values_as_text) {
  die("k", R"({"a":1})", "inner/0/0");
  die("k", "no \"JSON\"", "inner/0/1");
  const auto partition = std::to_string(partition_of("k", 2));
  EXPECT_EQ(waiting(), (json{{"messagesFoundCount", 2},
                             {"messagesReturnedCount", 2},
                             {"messages",
                              {{{"body", {{"a", 1}}}, {"messageId", partition + "-0"}},
                               {{"body", "no \"JSON\""}, {"messageId", partition + "-1"}}}}}));
  const auto one = json::parse(get("/queue-admin/get-dlq-messages/dead?maxMessages=1").body);
  EXPECT_EQ(one["messagesFoundCount"], 2);
  EXPECT_EQ(one["messagesReturnedCount"], 1);
}

TEST_F(dead_letter_service_test, a_letter_goes_back_to_where_it_came_from_with_its_history) {
  die("k", "1", "inner/2/7");
  EXPECT_EQ(put("/queue-admin/retry-dlq/dead?reason=mended"),
            (json{{"messagesFoundCount", 1}, {"messagesRetriedCount", 1}}));
  const auto back = records("inner", partition_of("k", 3));
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].key.view(), "k");
  EXPECT_EQ(back[0].value.view(), "1");
  EXPECT_EQ(back[0].find("eventType"), "X");
  EXPECT_EQ(back[0].find("sallyport-redriven"), "1");
  EXPECT_EQ(back[0].find("sallyport-cause"), std::nullopt) << "it is not dead any more";
  EXPECT_EQ(json::parse(*back[0].find("sallyport-history")),
            (json{{"cause", "missing_field"},
                  {"source", "inner/2/7"},
                  {"redrivenAt", "2026-01-31T09:00:00.123Z"},
                  {"by", "someone"},
                  {"reason", "mended"}}));
}

TEST_F(dead_letter_service_test, a_call_that_is_repeated_sends_nothing_twice) {
  die("k", "1", "inner/0/0");
  put("/queue-admin/retry-dlq/dead");
  EXPECT_EQ(put("/queue-admin/retry-dlq/dead")["messagesFoundCount"], 0);
  EXPECT_EQ(values_of("inner", 3), (std::vector<std::string>{"1"}));
  EXPECT_EQ(waiting()["messagesFoundCount"], 0);
  EXPECT_EQ(records("news", 0).size(), 1U) << "nothing found, nothing told";
}

TEST_F(dead_letter_service_test, letters_of_a_key_keep_their_order_however_many_they_are) {
  constexpr int letters = 1'203;
  for (int i = 0; i < letters; ++i)
    die("k" + std::to_string(i % 3), std::to_string(i), "inner/0/0");
  EXPECT_EQ(put("/queue-admin/retry-dlq/dead")["messagesRetriedCount"], letters);
  std::map<std::string, int> last;
  int seen = 0;
  for (std::uint32_t p = 0; p < 3; ++p)
    for (const auto& r : records("inner", p)) {
      const auto number = std::stoi(r.value.str());
      auto [at, first] = last.emplace(r.key.str(), number);
      EXPECT_TRUE(first || at->second < number);
      at->second = number;
      ++seen;
    }
  EXPECT_EQ(seen, letters);
  std::uint64_t told = 0;
  for (const auto& r : records("news", 0))
    told += json::parse(r.value.view())["retried"].get<std::uint64_t>();
  EXPECT_EQ(told, letters) << "each commit tells of its own letters";
}

TEST_F(dead_letter_service_test, what_dies_again_is_found_again_with_all_its_history) {
  die("k", "1", "inner/0/0");
  put("/queue-admin/retry-dlq/dead");
  auto again = records("inner", partition_of("k", 3)).at(0);
  again.set("sallyport-cause", "refused");
  again.set("sallyport-source", "inner/0/0");
  ASSERT_TRUE(log_.append({{"dead", partition_of("k", 2)}, {again}}));
  EXPECT_EQ(waiting()["messagesFoundCount"], 1);
  put("/queue-admin/retry-all-dlqs");
  const auto back = records("inner", partition_of("k", 3)).at(1);
  EXPECT_EQ(back.find("sallyport-redriven"), "2");
  std::vector<std::string> causes;
  for (const auto& h : back.headers)
    if (h.name == "sallyport-history")
      causes.push_back(json::parse(h.value)["cause"]);
  EXPECT_EQ(causes, (std::vector<std::string>{"missing_field", "refused"}));
}

TEST_F(dead_letter_service_test, a_letter_without_a_source_goes_to_the_only_one) {
  die("k", "1", "");
  die("k", "2", "gone/0/0");
  EXPECT_EQ(put("/queue-admin/retry-dlq/dead")["messagesRetriedCount"], 1);
  EXPECT_EQ(values_of("events", 2), (std::vector<std::string>{"1"}));
  EXPECT_EQ(waiting()["messagesFoundCount"], 1) << "that of an unknown topic stays";
}

TEST_F(dead_letter_service_test, a_purge_puts_all_aside_and_says_who_and_why) {
  die("a", "1", "inner/0/0");
  die("b", "2", "inner/0/1");
  EXPECT_EQ(put("/queue-admin/purge-queue/dead?reason=poison"), (json{{"messagesFoundCount", 2}}));
  EXPECT_EQ(waiting()["messagesFoundCount"], 0);
  EXPECT_EQ(put("/queue-admin/retry-dlq/dead")["messagesFoundCount"], 0);
  EXPECT_EQ(put("/queue-admin/purge-queue/dead")["messagesFoundCount"], 0);
  const auto told = records("news", 0);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(json::parse(told[0].value.view())["found"], 2);
  EXPECT_EQ(told[0].find("sallyport-by"), "someone");
  EXPECT_EQ(told[0].find("sallyport-reason"), "poison");
}

TEST_F(dead_letter_service_test, letters_are_chosen_by_key_cause_and_age) {
  die("a", "1", "inner/0/0");
  die("b", "2", "inner/0/0", "refused");
  clock_.advance(std::chrono::hours{2});
  die("b", "3", "inner/0/0");
  die("c", "4", "inner/0/0", "refused");
  const auto dry = redrive("cause=refused&dry_run=true");
  EXPECT_EQ(dry, (json{{"waiting", 4},
                       {"redriven", 2},
                       {"behind_others", 0},
                       {"without_source", 0},
                       {"topic", "dead"}}));
  EXPECT_TRUE(values_of("inner", 3).empty());
  EXPECT_EQ(redrive("cause=refused&older_than=1h&reason=x")["redriven"], 1);
  EXPECT_EQ(values_of("inner", 3), (std::vector<std::string>{"2"}));
  EXPECT_EQ(redrive("key=c&reason=x")["redriven"], 1);
  EXPECT_EQ(redrive("key=c&reason=x")["redriven"], 0) << "a repeat sends nothing twice";
  EXPECT_EQ(waiting()["messagesFoundCount"], 2) << "the other routes know of it";
  EXPECT_EQ(lines_of(get("/admin/dead-letters?key=a").body).at(0)["cause"], "missing_field");
  EXPECT_EQ(put("/queue-admin/retry-dlq/dead")["messagesRetriedCount"], 2);
  auto all = values_of("inner", 3);
  std::ranges::sort(all);
  EXPECT_EQ(all, (std::vector<std::string>{"1", "2", "3", "4"})) << "each once";
}

TEST_F(dead_letter_service_test, no_letter_overtakes_an_earlier_one_of_its_key) {
  die("k", "1", "inner/0/0");
  die("k", "2", "inner/0/0", "refused");
  const auto done = redrive("cause=refused&reason=x");
  EXPECT_EQ(done["redriven"], 0);
  EXPECT_EQ(done["behind_others"], 1);
  EXPECT_EQ(redrive("key=k&reason=x")["redriven"], 2);
  EXPECT_EQ(values_of("inner", 3), (std::vector<std::string>{"1", "2"}));
}

TEST_F(dead_letter_service_test, a_purge_forgets_no_letter_that_was_sent_back_alone) {
  die("a", "1", "inner/0/0");
  die("c", "2", "inner/0/0");
  redrive("key=c&reason=x");
  EXPECT_EQ(put("/queue-admin/purge-queue/dead"), (json{{"messagesFoundCount", 1}}));
  EXPECT_EQ(waiting()["messagesFoundCount"], 0);
  die("c", "3", "inner/0/0");
  EXPECT_EQ(redrive("reason=x")["redriven"], 1);
}

TEST_F(dead_letter_service_test, who_chose_letters_and_why_stands_on_the_log) {
  die("a", "1", "inner/0/0");
  EXPECT_EQ(post("/admin/dead-letters/redrive", "").status, 400) << "without a reason";
  EXPECT_EQ(post("/admin/dead-letters/redrive?reason=x&topic=events", "").status, 404);
  EXPECT_EQ(post("/admin/dead-letters/redrive?reason=x&keys=a", "").status, 400);
  EXPECT_EQ(post("/admin/dead-letters/redrive?reason=x&older_than=2", "").status, 400);
  redrive("reason=mended");
  const auto notes = records("app.dead-letters-handled", 0);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(json::parse(notes[0].value.view()), (json{{"at", "2026-01-31T09:00:00.123Z"},
                                                      {"what", "redriven"},
                                                      {"topic", "dead"},
                                                      {"letters", 1},
                                                      {"by", "someone"},
                                                      {"reason", "mended"},
                                                      {"handled", json::object()}}));
}

TEST_F(dead_letter_service_test, any_order_of_choices_sends_each_letter_once_and_keys_in_order) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  int number = 0;
  for (int round = 0; round < 40; ++round) {
    for (auto left = random() % 20; left > 0; --left)
      die(std::string(1, static_cast<char>('a' + random() % 5)), std::to_string(number++),
          "inner/0/0", random() % 2 == 0 ? "refused" : "missing_field");
    switch (random() % 4) {
    case 0: redrive("cause=refused&reason=x"); break;
    case 1: redrive(std::string{"reason=x&key="} + static_cast<char>('a' + random() % 5)); break;
    case 2: put("/queue-admin/retry-dlq/dead"); break;
    default: redrive("cause=missing_field&reason=x"); break;
    }
  }
  redrive("reason=x");
  EXPECT_EQ(waiting()["messagesFoundCount"], 0);
  std::map<std::string, int> last;
  int seen = 0;
  for (std::uint32_t p = 0; p < 3; ++p)
    for (const auto& r : records("inner", p)) {
      const auto each = std::stoi(r.value.str());
      auto [at, first] = last.emplace(r.key.str(), each);
      EXPECT_TRUE(first || at->second < each);
      at->second = each;
      ++seen;
    }
  EXPECT_EQ(seen, number);
}

TEST(offset_set, joins_and_forgets_ranges) {
  offset_set set;
  set.add(3, 5);
  set.add(7, 9);
  set.add(5, 7);
  EXPECT_EQ(set.ranges(), (std::map<std::int64_t, std::int64_t>{{3, 9}}));
  EXPECT_TRUE(set.contains(3) && set.contains(8));
  EXPECT_FALSE(set.contains(2) || set.contains(9));
  EXPECT_EQ(set.first_missing(2), 2);
  EXPECT_EQ(set.first_missing(4), 9);
  set.forget_below(5);
  EXPECT_EQ(set.ranges(), (std::map<std::int64_t, std::int64_t>{{5, 9}}));
  set.forget_below(9);
  EXPECT_TRUE(set.ranges().empty());
}

TEST_F(dead_letter_service_test, other_topics_are_not_administered) {
  for (const char* path : {"/queue-admin/retry-dlq/events", "/queue-admin/purge-queue/nothing"})
    put(path, 404);
  EXPECT_EQ(get("/queue-admin/get-dlq-messages/events").status, 404);
}

TEST_F(dead_letter_service_test, a_wrong_number_is_named) {
  const auto came = get("/queue-admin/get-dlq-messages/dead?maxMessages=many");
  EXPECT_EQ(came.status, 400);
  EXPECT_NE(error_of(came).find("maxMessages"), std::string::npos);
}

} // namespace
} // namespace sallyport
