#include "engine/services/log_service.hpp"

#include "tests/engine/services/service_fixture.hpp"

namespace sallyport {
namespace {

class log_service_test : public service_test {
protected:
  void SetUp() override {
    make_topic("events", 2);
    service_.serve_on(server_);
    start();
  }

  void append(std::uint32_t partition, batch records) {
    ASSERT_TRUE(log_.append({{"events", partition}, std::move(records)}, std::nullopt));
  }

  log_service service_{log_};
};

TEST_F(log_service_test, gives_a_record_with_all_it_has) {
  append(1, {{bytes{"k\"1"},
              bytes{R"({"b":1.50,"a":[1]})"},
              {{"x", "1"}, {"y", "2\n"}, {"x", "3"}},
              clock_.now()}});
  const auto came = get("/log/events");
  EXPECT_EQ(came.get_header_value("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(came.body,
            R"({"partition":1,"offset":0,"timestamp":"2026-01-31T09:00:00.123Z","key":"k\"1",)"
            R"("headers":{"x":["1","3"],"y":"2\n"},"value":{"b":1.50,"a":[1]}})"
            "\n");
}

TEST_F(log_service_test, gives_every_kind_of_value_on_one_line) {
  const auto now = clock_.now();
  append(0, {{bytes{}, bytes{}, {}, now},
             {bytes{""}, bytes{""}, {}, now},
             {bytes{}, bytes{"plain\ttext"}, {}, now},
             {bytes{"\xff"}, bytes{"\xfe\xff\x00"}, {{"h", "\xff"}}, now},
             {bytes{}, bytes{"{\r\n \"a\" : \"b c\"\n}"}, {}, now},
             {bytes{}, bytes{"{\"a\":1} "}, {}, now},
             {bytes{}, bytes{"{\"a\":1} {}"}, {}, now}});
  const auto lines = lines_of(get("/log/events").body);
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(lines[0]["value"], nullptr);
  EXPECT_EQ(lines[0]["key"], nullptr);
  EXPECT_EQ(lines[1]["value"], "");
  EXPECT_EQ(lines[1]["key"], "");
  EXPECT_EQ(lines[2]["value"], "plain\ttext");
  EXPECT_EQ(lines[3]["value"]["base64"], "/v8=");
  EXPECT_EQ(lines[3]["key"]["base64"], "/w==");
  EXPECT_EQ(lines[3]["headers"]["h"]["base64"], "/w==");
  EXPECT_EQ(lines[4]["value"]["a"], "b c");
  EXPECT_EQ(lines[5]["value"]["a"], 1);
  EXPECT_EQ(lines[6]["value"], "{\"a\":1} {}");
}

TEST_F(log_service_test, counts_from_in_each_partition_and_the_limit_over_all) {
  for (int i = 0; i < 600; ++i) {
    append(0, {{bytes{}, bytes{"1"}, {}, clock_.now()}});
    append(1, {{bytes{}, bytes{"2"}, {}, clock_.now()}});
  }
  auto lines = lines_of(get("/log/events?from=597&limit=5").body);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0]["offset"], 597);
  EXPECT_EQ(lines[0]["partition"], 0);
  EXPECT_EQ(lines[1]["partition"], 1);
  EXPECT_EQ(lines[4]["offset"], 599);
  EXPECT_EQ(lines_of(get("/log/events").body).size(), 1000U) << "the limit by default";
  EXPECT_EQ(lines_of(get("/log/events?limit=100000").body).size(), 1200U);
  lines = lines_of(get("/log/events?partition=1&limit=2").body);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1]["value"], 2);
  EXPECT_EQ(lines[1]["offset"], 1);
  EXPECT_EQ(get("/log/events?from=600").body, "");
}

TEST_F(log_service_test, leaves_out_what_is_not_asked_for) {
  for (int i = 0; i < 6; ++i) {
    append(static_cast<std::uint32_t>(i % 2),
           {{i == 5 ? bytes{} : bytes{"k" + std::to_string(i % 3)},
             bytes{"{\"n\":" + std::to_string(i) + "}"},
             {},
             clock_.now()}});
    clock_.advance(std::chrono::minutes{1});
  }
  const auto numbers = [&](const std::string& query) {
    std::vector<int> all;
    for (const auto& line : lines_of(get("/log/events?" + query).body))
      all.push_back(line["value"]["n"].get<int>());
    return all;
  };
  EXPECT_EQ(numbers("key=k0"), (std::vector{0, 3}));
  EXPECT_EQ(numbers("key="), std::vector<int>{}) << "no key is not an empty one";
  EXPECT_EQ(numbers("from=1&to=2"), (std::vector{2, 3}));
  EXPECT_EQ(numbers("to=0"), std::vector<int>{});
  EXPECT_EQ(numbers("since=2026-01-31T09:03:00.123Z"), (std::vector{3, 4, 5}));
  EXPECT_EQ(numbers("since=2026-01-31T09:01:00Z&until=2026-01-31T10:03:00.123%2B01:00"),
            (std::vector{1, 2}));
  EXPECT_EQ(numbers("grep=%22n%22:4"), (std::vector{4}));
  EXPECT_EQ(numbers("key=k1&limit=1"), (std::vector{1})) << "the limit counts what is shown";
}

TEST_F(log_service_test, starts_at_the_begin_when_from_is_below_it) {
  ASSERT_TRUE(log_.create_topic({"short", 1, std::chrono::hours{1}, 0}));
  ASSERT_TRUE(log_.append({{"short", 0}, {{bytes{}, bytes{"1"}, {}, clock_.now()}}}, std::nullopt));
  clock_.advance(std::chrono::hours{2});
  ASSERT_TRUE(log_.append({{"short", 0}, {{bytes{}, bytes{"2"}, {}, clock_.now()}}}, std::nullopt));
  ASSERT_EQ(log_.retain(clock_.now()), 1U);
  const auto lines = lines_of(get("/log/short?from=0").body);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["offset"], 1);
}

TEST_F(log_service_test, names_a_parameter_that_is_wrong) {
  for (const auto& [query, name] :
       std::vector<std::pair<std::string, std::string>>{{"from=-1", "from"},
                                                        {"from=x", "from"},
                                                        {"from=1.5", "from"},
                                                        {"limit=0", "limit"},
                                                        {"limit=1000000000001", "limit"},
                                                        {"to=x", "to"},
                                                        {"since=2026-01-31", "since"},
                                                        {"until=now", "until"},
                                                        {"limit=", "limit"},
                                                        {"limit=99999999999999999999", "limit"},
                                                        {"partition=2", "partition"},
                                                        {"form=1", "form"}}) {
    const auto came = get("/log/events?" + query);
    EXPECT_EQ(came.status, 400) << query;
    EXPECT_NE(error_of(came).find(name), std::string::npos) << came.body;
  }
  const auto unknown = get("/log/evnets");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(error_of(unknown).find("'events'"), std::string::npos);
}

TEST_F(log_service_test, lists_the_topics) {
  append(1, {{bytes{}, bytes{"1"}, {}, clock_.now()}});
  EXPECT_EQ(nlohmann::json::parse(get("/log").body), nlohmann::json::parse(R"({"topics":[
    {"name":"events","partitions":2,"offsets":[
      {"partition":0,"begin":0,"end":0},{"partition":1,"begin":0,"end":1}]}]})"));
  make_topic("others", 1);
  EXPECT_EQ(nlohmann::json::parse(get("/log?topic=others").body)["topics"].size(), 1U);
  EXPECT_EQ(get("/log?topic=other").status, 404);
}

} // namespace
} // namespace sallyport
