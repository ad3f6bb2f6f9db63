#include "engine/services/dead_letter_service.hpp"

#include "engine/core/murmur2.hpp"
#include "tests/engine/services/service_fixture.hpp"

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
  void die(const std::string& key, const std::string& value, const std::string& source) {
    record letter;
    letter.key = bytes{key};
    letter.value = bytes{value};
    letter.set("eventType", "X");
    letter.set("sallyport-cause", "missing_field");
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
