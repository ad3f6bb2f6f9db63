#include "engine/services/ingress_service.hpp"

#include "engine/core/fault.hpp"
#include "engine/core/murmur2.hpp"
#include "tests/engine/services/service_fixture.hpp"

namespace sallyport {
namespace {

class ingress_test : public service_test {
protected:
  void SetUp() override {
    make_topic("events", 4);
    ingress_.serve_on(server_);
    start();
  }
  void TearDown() override { ASSERT_TRUE(fault::arm("")); }

  std::size_t count() {
    std::size_t all = 0;
    for (std::uint32_t i = 0; i < 4; ++i)
      all += records("events", i).size();
    return all;
  }

  ingress_service ingress_{log_, clock_, {.record_bytes_max = 1000, .records_max = 100}};
};

TEST_F(ingress_test, puts_one_value_on_the_log_as_it_came) {
  const auto came =
    post("/ingress/events?key=A%26b&header.eventType=X&header.n=1&header.n=2", " {\"a\" : 1.0}\n");
  ASSERT_EQ(came.status, 200) << came.body;
  const auto partition = partition_of("A&b", 4);
  const auto all = records("events", partition);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].key, bytes{"A&b"});
  EXPECT_EQ(all[0].value, bytes{R"({"a" : 1.0})"});
  EXPECT_EQ(all[0].headers, (header_list{{"eventType", "X"}, {"n", "1"}, {"n", "2"}}));
  EXPECT_EQ(all[0].timestamp, clock_.now());
  const auto body = nlohmann::json::parse(came.body);
  EXPECT_EQ(body["topic"], "events");
  EXPECT_EQ(body["records"], 1);
  EXPECT_EQ(body["positions"],
            nlohmann::json::parse(R"([{"offset":0,"partition":)" + std::to_string(partition) +
                                  R"(,"records":1}])"));
}

TEST_F(ingress_test, takes_a_value_that_spans_lines_as_one) {
  EXPECT_EQ(post("/ingress/events?key=a", "{\n  \"a\": [\n1,\n2]\n}").status, 200);
  EXPECT_EQ(count(), 1U);
}

TEST_F(ingress_test, takes_lines_as_records_that_keep_their_order_and_posts_in_turn) {
  std::string body;
  for (int i = 0; i < 40; ++i)
    body += "{\"n\":" + std::to_string(i) + "}\r\n\n";
  for (int i = 0; i < 4; ++i)
    ASSERT_EQ(post("/ingress/events", body).status, 200);
  for (std::uint32_t i = 0; i < 4; ++i) {
    const auto all = records("events", i);
    ASSERT_EQ(all.size(), 40U);
    for (std::size_t n = 0; n < all.size(); ++n) {
      EXPECT_TRUE(all[n].key.is_null());
      EXPECT_EQ(all[n].value.view(), "{\"n\":" + std::to_string(n) + "}");
    }
  }
  EXPECT_EQ(post("/ingress/events", "1", "application/x-ndjson; charset=utf-8").status, 200);
  EXPECT_EQ(count(), 161U);
}

TEST_F(ingress_test, names_the_line_that_is_no_json_and_writes_nothing) {
  for (const auto& [body, line] :
       std::vector<std::pair<std::string, std::string>>{{"{\"a\":1}\n\n{\"a\":}\n{}", "line 3"},
                                                        {"{\"a\":1} x", "line 1"},
                                                        {"nope", "line 1"},
                                                        {"1\n\"\xff\"", "line 2"}}) {
    const auto came = post("/ingress/events", body);
    EXPECT_EQ(came.status, 400) << body;
    EXPECT_EQ(error_of(came).rfind(line, 0), 0U) << came.body;
  }
  EXPECT_EQ(post("/ingress/events", " \n ").status, 400);
  EXPECT_EQ(count(), 0U);
}

TEST_F(ingress_test, takes_any_bytes_as_an_octet_stream) {
  const std::string odd{"\0\xff\n not JSON ", 13};
  EXPECT_EQ(post("/ingress/events?key=", odd, "application/octet-stream").status, 200);
  const auto all = records("events", partition_of("", 4));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].value.view(), odd);
  EXPECT_FALSE(all[0].key.is_null());
}

TEST_F(ingress_test, names_the_nearest_topic) {
  const auto came = post("/ingress/event", "{}");
  EXPECT_EQ(came.status, 404);
  EXPECT_NE(error_of(came).find("did you mean 'events'"), std::string::npos);
}

TEST_F(ingress_test, refuses_parameters_that_it_does_not_know) {
  for (const char* query : {"?kye=a", "?header.=a", "?key=a&key=b"})
    EXPECT_EQ(post(std::string{"/ingress/events"} + query, "{}").status, 400) << query;
  EXPECT_EQ(count(), 0U);
}

TEST_F(ingress_test, bounds_a_record_and_a_post) {
  EXPECT_EQ(post("/ingress/events", '"' + std::string(998, 'x') + '"').status, 200);
  EXPECT_EQ(post("/ingress/events", '"' + std::string(999, 'x') + '"').status, 413);
  EXPECT_EQ(post("/ingress/events", "1\n\"" + std::string(999, 'x') + '"').status, 413);
  EXPECT_EQ(post("/ingress/events", std::string(1001, 'x'), "application/octet-stream").status,
            413);
  std::string many;
  for (int i = 0; i < 101; ++i)
    many += "1\n";
  EXPECT_EQ(post("/ingress/events", many).status, 413);
  EXPECT_EQ(count(), 1U);
}

TEST_F(ingress_test, answers_a_repeat_as_the_first_and_writes_nothing_twice) {
  const std::string body = "1\n2\n3\n4\n5\n6";
  const auto first = post("/ingress/events", body, "application/json", {{"Idempotency-Key", "k"}});
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(post("/ingress/events", "7").status, 200); // Moves the turn on.
  const auto again = post("/ingress/events", body, "application/json", {{"Idempotency-Key", "k"}});
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(count(), 7U);
  EXPECT_EQ(post("/ingress/events", body, "application/json", {{"Idempotency-Key", "l"}}).status,
            200);
  EXPECT_EQ(count(), 13U);
}

TEST_F(ingress_test, completes_by_a_repeat_what_failed_before_the_answer) {
  ASSERT_TRUE(fault::arm("ingress.before:fail"));
  EXPECT_EQ(post("/ingress/events", "1", "application/json", {{"Idempotency-Key", "k"}}).status,
            503);
  EXPECT_EQ(count(), 0U);
  ASSERT_TRUE(fault::arm("ingress.appended:fail"));
  EXPECT_EQ(post("/ingress/events", "1", "application/json", {{"Idempotency-Key", "k"}}).status,
            503);
  EXPECT_EQ(count(), 1U);
  EXPECT_EQ(post("/ingress/events", "1", "application/json", {{"Idempotency-Key", "k"}}).status,
            200);
  EXPECT_EQ(count(), 1U);
}

} // namespace
} // namespace sallyport
