#include "tests/actors/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::actors_test {
namespace {

constexpr auto put = "port: peer\n"
                     "method: PUT\n"
                     "path: /o/{/no}/b/{key}?h={header:h}\n"
                     "body: '{\"n\": {/no}, \"all\": {value}, \"k\": {key}, \"o\": {/o}}'\n"
                     "headers: { content-type: application/json, x: \"{header:h}\" }\n"
                     "tries: 7\nbackoff: 2s\nbackoff_max: 9s\ntimeout: 3s\ngive_up_after: 40s\n";

TEST(call, the_request_is_filled_from_the_record) {
  auto h = harness_of("call", put);
  h.feed(record_of("k/\"1", R"({"no":"a b","o":{"x":null}})", {{"h", "é"}}));
  ASSERT_EQ(h.calls().size(), 1u);
  const auto& c = h.calls()[0].what;
  EXPECT_EQ(c.port, "peer");
  EXPECT_EQ(c.request.method, "PUT");
  EXPECT_EQ(c.request.path, "/o/a%20b/b/k%2F%221?h=%C3%A9");
  EXPECT_EQ(c.request.body, R"({"n": "a b", "all": {"no":"a b","o":{"x":null}}, )"
                            R"("k": "k/\"1", "o": {"x":null}})");
  EXPECT_EQ(c.request.headers, (header_list{{"content-type", "application/json"}, {"x", "é"}}));
  EXPECT_EQ(c.key, "k/\"1");
  EXPECT_FALSE(c.read);
  EXPECT_EQ(c.policy.tries_max, 7u);
  EXPECT_EQ(c.policy.backoff_initial, duration{2000});
  EXPECT_EQ(c.policy.backoff_max, duration{9000});
  EXPECT_EQ(c.policy.timeout, duration{3000});
  EXPECT_EQ(c.policy.give_up_after, duration{40'000});
  EXPECT_EQ(h.count_of(term::in_call), 1u);
}

TEST(call, the_usual_policy_is_the_one_of_the_engine) {
  auto h = harness_of("call", "port: p\npath: /x");
  h.feed(record_of("k", "v"));
  EXPECT_EQ(h.calls()[0].what.policy, call_policy{});
  EXPECT_TRUE(h.calls()[0].what.read);
}

TEST(call, the_answer_decides_by_which_port_the_record_goes_on) {
  auto h = harness_of("call", "port: p\npath: /x");
  h.restart_before_each_input();
  h.feed({record_of("a", "1"), record_of("b", "2"), record_of("c", "3"), record_of("d", "4")});
  h.reply(2, {0, {}, "", "timed out", false});
  h.reply(1, {404, {}, "no", {}, false});
  h.reply(3, {503, {}, "", {}, false});
  h.reply(0, {200, {}, "answer", {}, false});
  ASSERT_EQ(h.out().size(), 1u);
  EXPECT_EQ(h.out()[0], record_of("a", "answer"));
  EXPECT_EQ(h.out("refused"), std::vector{record_of("b", "2", {{"reply-status", "404"}})});
  ASSERT_EQ(h.out("unknown").size(), 2u);
  EXPECT_EQ(h.out("unknown")[0], record_of("c", "3", {{"reply-status", "0"}}));
  EXPECT_EQ(h.out("unknown")[1], record_of("d", "4", {{"reply-status", "503"}}));
  EXPECT_EQ(h.count_of(term::in_call), 0u);
  EXPECT_EQ(h.state().size(), 1u); // the counter of ids
}

TEST(call, the_reply_can_go_to_a_header_or_be_dropped) {
  auto header = harness_of("call", "port: p\npath: /x\nreply: header\nreply_header: r");
  header.feed(record_of("a", "1", {{"r", "old"}}));
  header.reply(0, {201, {}, "body", {}, false});
  EXPECT_EQ(header.out(), std::vector{record_of("a", "1", {{"r", "body"}})});
  auto none = harness_of("call", "port: p\npath: /x\nreply: none");
  none.feed(record_of("a", "1", {{"reply-status", "404"}}));
  none.reply(0, {204, {}, "", {}, false});
  EXPECT_EQ(none.out(), std::vector{record_of("a", "1")});
}

TEST(call, a_record_that_cannot_fill_the_request_is_rejected_without_a_call) {
  auto h = harness_of("call", "port: p\npath: /x/{/a}\nheaders: { h: \"{header:h}\" }");
  h.feed(record_of("k", "{}", {{"h", "1"}}));
  h.feed(record_of("k", R"({"a":1})"));
  h.feed(record_of("k", R"({"a":1})", {{"h", "1\r\nx: 2"}}));
  h.feed(record_of("k", "{", {{"h", "1"}}));
  h.feed(tombstone("k"));
  EXPECT_TRUE(h.calls().empty());
  ASSERT_EQ(h.rejected().size(), 5u);
  EXPECT_EQ(detail_of(h.rejected()[0]), "/a: missing");
  EXPECT_EQ(detail_of(h.rejected()[1]), "h: missing");
  EXPECT_EQ(cause_of(h.rejected()[2]), "invalid");
  EXPECT_EQ(cause_of(h.rejected()[3]), "invalid");
  EXPECT_EQ(cause_of(h.rejected()[4]), "invalid");
}

TEST(call, a_template_that_does_not_end_is_refused) {
  EXPECT_NE(complaints("call", "port: p\npath: /x/{/a"), "");
  EXPECT_EQ(complaints("call", "port: p\npath: \"/x/{a}\""), "");
}

} // namespace
} // namespace sallyport::actors_test
