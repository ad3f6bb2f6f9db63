#include "tests/topologies/prison_to_probation.hpp"
#include "topologies/prison_to_probation/aggregation.hpp"
#include "topologies/prison_to_probation/attempt.hpp"
#include "topologies/prison_to_probation/delius.hpp"
#include "topologies/prison_to_probation/domain_event.hpp"
#include "topologies/prison_to_probation/event_header.hpp"
#include "topologies/prison_to_probation/flaws.hpp"
#include "topologies/prison_to_probation/matching.hpp"
#include "topologies/prison_to_probation/order.hpp"
#include "topologies/prison_to_probation/retention.hpp"

#include <gtest/gtest.h>

namespace sallyport::prison_to_probation {
namespace {

sys_days date(std::string_view text) { return parse_date(text).value(); }

// -- the sentence (§4.1, step 2) ------------------------------------------------------------------

TEST(prison_to_probation_sentence, the_latest_start_counts_of_those_that_do_not_follow_another) {
  const auto terms = parse_sentence_terms(R"([
    {"startDate":"2020-02-11","sentenceSequence":1},
    {"startDate":"2020-11-21","sentenceSequence":2,"consecutiveTo":1},
    {"startDate":null},
    {"startDate":"2020-01-13"}])");
  ASSERT_TRUE(terms);
  EXPECT_EQ(primary_start(*terms), date("2020-02-11"));
}

TEST(prison_to_probation_sentence, without_a_start_there_is_none) {
  EXPECT_EQ(primary_start({}), std::nullopt);
  EXPECT_EQ(primary_start({{std::nullopt, false}, {date("2020-01-01"), true}}), std::nullopt);
}

// -- matching (§4.2) ------------------------------------------------------------------------------

struct sentence_case {
  std::string_view name;
  std::string_view conviction;
  bool kept;
};

class prison_to_probation_sentence_filter : public ::testing::TestWithParam<sentence_case> {};

TEST_P(prison_to_probation_sentence_filter, keeps_a_custodial_sentence_near_the_start) {
  const auto convictions = parse_convictions("[" + std::string{GetParam().conviction} + "]");
  ASSERT_TRUE(convictions);
  EXPECT_EQ(has_sentence(*convictions, date("2020-02-11")), GetParam().kept);
}

INSTANTIATE_TEST_SUITE_P(
  cases, prison_to_probation_sentence_filter,
  ::testing::Values(
    sentence_case{"same_day", R"({"custody":{},"sentence":{"startDate":"2020-02-11"}})", true},
    sentence_case{"seven_days_after", R"({"custody":{},"sentence":{"startDate":"2020-02-18"}})",
                  true},
    sentence_case{"eight_days_after", R"({"custody":{},"sentence":{"startDate":"2020-02-19"}})",
                  false},
    sentence_case{"seven_days_before", R"({"custody":{},"sentence":{"startDate":"2020-02-04"}})",
                  true},
    sentence_case{"eight_days_before", R"({"custody":{},"sentence":{"startDate":"2020-02-03"}})",
                  false},
    sentence_case{"not_custodial", R"({"sentence":{"startDate":"2020-02-11"}})", false},
    sentence_case{"null_custody", R"({"custody":null,"sentence":{"startDate":"2020-02-11"}})",
                  false},
    sentence_case{"no_sentence", R"({"custody":{}})", false},
    sentence_case{"no_start", R"({"custody":{},"sentence":{}})", false},
    sentence_case{"not_custodial_beside_a_custodial_elsewhere",
                  R"({"sentence":{"startDate":"2020-02-11"}},
                     {"custody":{},"sentence":{"startDate":"2019-02-11"}})",
                  false},
    sentence_case{"second_of_two",
                  R"({"custody":{},"sentence":{"startDate":"2019-02-11"}},
                     {"custody":{},"sentence":{"startDate":"2020-02-12"}})",
                  true},
    sentence_case{"another_institution",
                  R"({"custody":{"bookingNumber":"1","institution":{"code":"LEI"}},
                      "sentence":{"startDate":"2020-02-11"}})",
                  true},
    sentence_case{"none_at_all", "", false},
    sentence_case{"inactive",
                  R"({"active":false,"custody":{},"sentence":{"startDate":"2020-02-11"}})", true}),
  [](const auto& of) { return std::string{of.param.name}; });

struct decision_case {
  std::string_view name;
  std::string_view matched_by;
  std::vector<std::string> found;
  std::vector<std::string> kept;
  match_outcome outcome;
  std::string_view crn;
  bool stopped;
};

class prison_to_probation_decision : public ::testing::TestWithParam<decision_case> {};

TEST_P(prison_to_probation_decision, follows_the_table) {
  const auto& given = GetParam();
  const match_reply found{std::string{given.matched_by}, given.found};
  const auto decision = decide(found, given.kept);
  EXPECT_EQ(decision.outcome, given.outcome);
  EXPECT_EQ(decision.crn, given.crn);
  EXPECT_EQ(decision.stopped_by_sentence, given.stopped);
}

INSTANTIATE_TEST_SUITE_P(
  cases, prison_to_probation_decision,
  ::testing::Values(
    decision_case{"name_one", "NAME", {"X1", "X2"}, {"X2"}, match_outcome::to_be_told, "X2", false},
    decision_case{"name_none", "NAME", {"X1"}, {}, match_outcome::wrong_sentence, "", false},
    decision_case{
      "name_two", "NAME", {"X1", "X2"}, {"X1", "X2"}, match_outcome::too_many, "", false},
    decision_case{"nothing", "NOTHING", {}, {}, match_outcome::no_candidate, "", false},
    decision_case{"name_nobody", "NAME", {}, {}, match_outcome::no_candidate, "", false},
    decision_case{
      "external_key", "EXTERNAL_KEY", {"X1"}, {"X1"}, match_outcome::to_be_told, "X1", false},
    decision_case{
      "partial_name", "PARTIAL_NAME", {"X1"}, {"X1"}, match_outcome::to_be_told, "X1", false},
    decision_case{"lenient",
                  "PARTIAL_NAME_DOB_LENIENT",
                  {"X1", "X2"},
                  {"X1"},
                  match_outcome::to_be_told,
                  "X1",
                  false},
    decision_case{"noms_one_of_two_that_is_not_the_first",
                  "ALL_SUPPLIED",
                  {"X1", "X2"},
                  {"X2"},
                  match_outcome::known,
                  "X2",
                  false},
    decision_case{"unknown_word", "MAGIC", {"X1"}, {"X1"}, match_outcome::to_be_told, "X1", false},
    decision_case{"noms_one", "HMPPS_KEY", {"X2", "X1"}, {"X2"}, match_outcome::known, "X2", false},
    decision_case{
      "all_supplied", "ALL_SUPPLIED", {"X1"}, {"X1"}, match_outcome::known, "X1", false},
    decision_case{"alias", "ALL_SUPPLIED_ALIAS", {"X1"}, {"X1"}, match_outcome::known, "X1", false},
    decision_case{"noms_none", "HMPPS_KEY", {"X1"}, {}, match_outcome::wrong_sentence, "", true},
    decision_case{
      "noms_two", "ALL_SUPPLIED", {"X1", "X2"}, {"X1", "X2"}, match_outcome::too_many, "", true},
    decision_case{"noms_empty", "HMPPS_KEY", {}, {}, match_outcome::no_candidate, "", false}),
  [](const auto& of) { return std::string{of.param.name}; });

/// §4.2 as the original decided, for `noms_match_skips_sentence`.
class prison_to_probation_original_decision : public ::testing::TestWithParam<decision_case> {};

TEST_P(prison_to_probation_original_decision, follows_the_table_without_the_default_of_10_8) {
  const auto& given = GetParam();
  const auto decision =
    decide_as_original({std::string{given.matched_by}, given.found}, given.kept);
  EXPECT_EQ(decision.outcome, given.outcome);
  EXPECT_EQ(decision.crn, given.crn);
  EXPECT_EQ(decision.stopped_by_sentence, given.stopped);
}

INSTANTIATE_TEST_SUITE_P(
  cases, prison_to_probation_original_decision,
  ::testing::Values(
    decision_case{"alphabetically_first_whatever_was_kept",
                  "HMPPS_KEY",
                  {"X3", "X1", "X2"},
                  {"X3"},
                  match_outcome::known,
                  "X1",
                  false},
    decision_case{
      "none_was_kept", "ALL_SUPPLIED", {"X2", "X1"}, {}, match_outcome::known, "X1", false},
    decision_case{"alias", "ALL_SUPPLIED_ALIAS", {"X2"}, {"X2"}, match_outcome::known, "X2", false},
    decision_case{"empty_list", "HMPPS_KEY", {}, {}, match_outcome::nobody_to_take, "", false},
    decision_case{"name_passes_the_filter",
                  "NAME",
                  {"X1", "X2"},
                  {"X2"},
                  match_outcome::to_be_told,
                  "X2",
                  false},
    decision_case{"name_none", "NAME", {"X1"}, {}, match_outcome::wrong_sentence, "", false}),
  [](const auto& of) { return std::string{of.param.name}; });

TEST(prison_to_probation_matching, a_reply_keeps_its_order_and_its_doubles) {
  const auto found = parse_match_reply(
    R"({"matchedBy":"NAME","matches":[{"offender":{"otherIds":{"crn":"X2"}}},
        {"offender":{"otherIds":{"crn":"X1"}}},{"offender":{"otherIds":{"crn":"X2"}}}]})");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->matched_by, "NAME");
  EXPECT_EQ(found->crns, (std::vector<std::string>{"X2", "X1", "X2"}));
}

TEST(prison_to_probation_matching, a_reply_without_its_fields_is_an_error) {
  EXPECT_FALSE(parse_match_reply("{}"));
  EXPECT_FALSE(parse_match_reply(R"({"matches":[{"offender":{}}]})"));
  EXPECT_FALSE(parse_match_reply(R"({"matches":[{"offender":{"otherIds":{"crn":null}}}]})"));
  EXPECT_FALSE(parse_match_reply("<html>"));
}

// -- requests (§4.6) ------------------------------------------------------------------------------

booking sample_booking() {
  booking b;
  b.booking_no = "38339A";
  b.active = true;
  b.offender_no = "A5089DY";
  b.first_name = "ANDY";
  b.last_name = "MARKE";
  b.date_of_birth = date("1970-01-01");
  b.agency_id = "MDI";
  return b;
}

TEST(prison_to_probation_requests, the_match_sends_nulls_as_null) {
  const auto request = match_request(sample_booking(), prisoner{"A5089DY", {}, "SF80/1", {}, {}});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/match");
  EXPECT_EQ(
    request.body,
    R"({"firstName":"ANDY","surname":"MARKE","dateOfBirth":"1970-01-01",)"
    R"("nomsNumber":"A5089DY","activeSentence":true,"pncNumber":null,"croNumber":"SF80/1"})");
}

TEST(prison_to_probation_requests, key_dates_prefer_the_override_and_never_the_release_date) {
  sentence_detail dates;
  dates.conditional_release = date("2022-11-26");
  dates.conditional_release_override = date("2022-12-01");
  dates.release = date("2022-11-27");
  dates.sentence_expiry = date("2025-09-10");
  const auto request = key_dates_request("A5089DY", "38339A", dates);
  EXPECT_EQ(request.path,
            "/secure/offenders/nomsNumber/A5089DY/bookingNumber/38339A/custody/keyDates");
  EXPECT_EQ(request.body, R"({"conditionalReleaseDate":"2022-12-01","licenceExpiryDate":null,)"
                          R"("hdcEligibilityDate":null,"paroleEligibilityDate":null,)"
                          R"("sentenceExpiryDate":"2025-09-10","expectedReleaseDate":null,)"
                          R"("postSentenceSupervisionEndDate":null})");
}

TEST(prison_to_probation_requests, what_stands_in_a_path_is_escaped) {
  EXPECT_EQ(location_request("A/1", "3 4", "MDI").path,
            "/secure/offenders/nomsNumber/A%2F1/custody/bookingNumber/3%204");
}

TEST(prison_to_probation_requests, a_booking_lacks_no_required_field) {
  EXPECT_EQ(parse_booking(R"({"bookingNo":"1"})").error().what, "activeFlag is missing");
  EXPECT_EQ(parse_booking(R"({"bookingNo":"1","activeFlag":true,"offenderNo":"A","firstName":"B",
                              "lastName":"C"})")
              .error()
              .what,
            "dateOfBirth is missing");
  EXPECT_FALSE(parse_prisoner("[]"));
}

TEST(prison_to_probation_domain_events, have_their_form) {
  const auto london = zone::find("Europe/London").value();
  const wall_time at{date("2020-07-01") + std::chrono::hours{12}};
  const auto added = noms_number_added("X1", "A5089DY", "38339A", at, london);
  const auto json = nlohmann::ordered_json::parse(added.value.view());
  EXPECT_EQ(added.find("eventType"), "probation-case.prison-identifier.added");
  EXPECT_EQ(json.at("version"), 1);
  EXPECT_TRUE(json.at("detailUrl").is_null());
  EXPECT_EQ(json.at("occurredAt"), "2020-07-01T13:00:00+01:00");
  EXPECT_EQ(json.at("additionalInformation").dump(), R"({"bookingNumber":"38339A"})");
  EXPECT_EQ(json.at("personReference").at("identifiers").dump(),
            R"([{"type":"CRN","value":"X1"},{"type":"NOMS","value":"A5089DY"}])");
  EXPECT_EQ(json.size(), 7U);

  const auto updated = nlohmann::ordered_json::parse(
    noms_number_updated("X1", "A5089DY", "A9999DY", "38339A", at, london).value.view());
  EXPECT_EQ(updated.at("eventType"), "probation-case.prison-identifier.updated");
  EXPECT_EQ(updated.at("additionalInformation").dump(),
            R"({"bookingNumber":"38339A","previousNomsNumber":"A9999DY"})");
}

// -- which messages form a batch (§3, §10.9, §10.10, §10.14)
// ---------------------------------------

message some(std::string id, event_type type, std::string_view event_time,
             message_phase phase = message_phase::held) {
  message m;
  m.id = std::move(id);
  m.what.type = type;
  m.phase = phase;
  m.newest_by = parse_local_moment(event_time).value();
  return m;
}

constexpr auto status_change = event_type::imprisonment_status;

TEST(prison_to_probation_batch, the_latest_event_of_a_type_supersedes_the_others) {
  const std::vector<message> all{some("1", status_change, "2020-01-01T10:00:02"),
                                 some("2", status_change, "2020-01-01T10:00:01"),
                                 some("3", event_type::booking_number, "2020-01-01T09:00:00")};
  const auto plan = plan_batch(all);
  EXPECT_EQ(plan.work, (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(plan.superseded, (std::vector<std::size_t>{1}));
}

TEST(prison_to_probation_batch, the_movement_number_and_then_the_arrival_break_a_tie) {
  auto a = some("1", event_type::external_movement, "2020-01-01T10:00:00");
  auto b = some("2", event_type::external_movement, "2020-01-01T10:00:00");
  EXPECT_TRUE(newer(b, a));
  a.what.movement_seq = 4;
  b.what.movement_seq = 3;
  EXPECT_TRUE(newer(a, b));
}

TEST(prison_to_probation_batch, types_go_in_their_order_whatever_came_first) {
  const std::vector<message> all{
    some("1", event_type::booking_number, "2020-01-01T10:00:00"),
    some("2", event_type::confirmed_release_date, "2020-01-01T10:00:00"),
    some("3", event_type::sentence_dates, "2020-01-01T10:00:00"),
    some("4", event_type::external_movement, "2020-01-01T10:00:00"),
    some("5", status_change, "2020-01-01T10:00:00")};
  EXPECT_EQ(plan_batch(all).work, (std::vector<std::size_t>{4, 3, 2, 1, 0}));
}

TEST(prison_to_probation_batch, a_waiting_record_is_superseded_by_a_newer_one_and_joins_no_batch) {
  const auto waiting = message_phase::waiting;
  const std::vector<message> all{
    some("1", status_change, "2020-01-01T10:00:00", waiting),
    some("2", status_change, "2020-01-01T11:00:00"),
    some("3", event_type::sentence_dates, "2020-01-01T09:00:00", waiting)};
  const auto plan = plan_batch(all);
  EXPECT_EQ(plan.work, (std::vector<std::size_t>{1}));
  EXPECT_EQ(plan.superseded, (std::vector<std::size_t>{0}));
  EXPECT_TRUE(is_held_back(all[0], all));
  EXPECT_FALSE(is_held_back(all[2], all));
}

TEST(prison_to_probation_batch, an_older_event_that_comes_late_does_not_supersede_a_waiting_one) {
  const std::vector<message> all{
    some("1", status_change, "2020-01-01T10:00:00", message_phase::waiting),
    some("2", status_change, "2020-01-01T09:00:00")};
  const auto plan = plan_batch(all);
  EXPECT_TRUE(plan.work.empty());
  EXPECT_EQ(plan.superseded, (std::vector<std::size_t>{1}));
  EXPECT_FALSE(is_held_back(all[0], all));
}

TEST(prison_to_probation_batch, each_arrival_starts_the_hold_back_anew_up_to_twice_its_length) {
  using std::chrono::minutes;
  const wall_time start{date("2020-01-01")};
  std::vector<message> all{some("1", status_change, "2020-01-01T10:00:00")};
  all[0].created = start;
  EXPECT_EQ(hold_until(all, minutes{15}), start + minutes{15});
  all.push_back(some("2", status_change, "2020-01-01T10:00:00"));
  all[1].created = start + minutes{10};
  EXPECT_EQ(hold_until(all, minutes{15}), start + minutes{25});
  all.push_back(some("3", status_change, "2020-01-01T10:00:00"));
  all[2].created = start + minutes{24};
  EXPECT_EQ(hold_until(all, minutes{15}), start + minutes{30});
}

TEST(prison_to_probation_batch, of_the_original_the_hold_back_runs_from_the_oldest_untried) {
  using std::chrono::minutes;
  const wall_time start{date("2020-01-01")};
  std::vector<message> all{some("1", status_change, "2020-01-01T10:00:00"),
                           some("2", status_change, "2020-01-01T10:00:00")};
  all[0].created = start;
  all[1].created = start + minutes{14};
  const original_batches as{.hold_back_from_oldest = true};
  EXPECT_EQ(hold_until(all, minutes{15}, as), start + minutes{15});
}

TEST(prison_to_probation_batch, of_the_original_the_last_arrival_of_a_type_wins) {
  const std::vector<message> all{some("1", status_change, "2020-01-01T10:00:02"),
                                 some("2", status_change, "2020-01-01T10:00:01")};
  const auto plan = plan_batch(all, {.newest_by_arrival = true});
  EXPECT_EQ(plan.work, (std::vector<std::size_t>{1}));
  EXPECT_EQ(plan.superseded, (std::vector<std::size_t>{0}));
}

TEST(prison_to_probation_batch, of_the_original_takes_waiting_records_along_but_no_paused_ones) {
  const auto waiting = message_phase::waiting;
  std::vector<message> all{
    some("1", event_type::booking_number, "2020-01-01T10:00:00"),
    some("2", status_change, "2020-01-01T09:00:00", waiting),
    some("3", event_type::external_movement, "2020-01-01T09:00:00", waiting)};
  all[2].paused = "under inquiry";
  const original_batches as{.take_waiting = true};
  const auto plan = plan_batch(all, as);
  EXPECT_EQ(plan.work, (std::vector<std::size_t>{1, 0}));
  EXPECT_TRUE(plan.superseded.empty());
  all.push_back(some("4", status_change, "2020-01-01T11:00:00"));
  EXPECT_FALSE(is_held_back(all[1], all, as));
}

TEST(prison_to_probation_batch, only_untried_messages_are_held_back) {
  const std::vector<message> all{
    some("1", status_change, "2020-01-01T10:00:00", message_phase::waiting)};
  EXPECT_EQ(hold_until(all, std::chrono::minutes{15}), std::nullopt);
}

// -- how long things are kept (§10.12)
// --------------------------------------------------------------

TEST(prison_to_probation_retention, a_date_to_try_until_extends_and_never_shortens) {
  const auto london = zone::find("Europe/London").value();
  const wall_time now{date("2020-01-10") + std::chrono::hours{9}};
  const auto delete_by = now + message_kept_for;
  const retention kept{london, false};
  EXPECT_EQ(kept.extended(delete_by, {}, now), delete_by);
  EXPECT_EQ(kept.extended(delete_by, date("2020-01-11"), now), delete_by);
  // 09:00 in London on a day of summer time is 08:00 UTC.
  EXPECT_EQ(kept.extended(delete_by, date("2025-09-10"), now),
            wall_time{date("2025-09-10") + std::chrono::hours{8}});
}

TEST(prison_to_probation_retention, of_the_original_may_shorten_and_takes_wall_clocks_for_utc) {
  const auto london = zone::find("Europe/London").value();
  const wall_time summer{date("2023-06-01") + std::chrono::hours{9}};
  const retention kept{london, true};
  EXPECT_EQ(kept.from(summer), summer + std::chrono::hours{1} + message_kept_for);
  EXPECT_EQ(kept.replaced(kept.from(summer), date("2023-06-02"), summer),
            wall_time{date("2023-06-02") + std::chrono::hours{10}});
  EXPECT_EQ(kept.replaced(summer, {}, summer), summer);
  // Reports show the same clock on the wall, whichever way it was written.
  EXPECT_EQ(format_local(kept.in_reports(kept.from(summer))), "2023-07-01T10:00:00");
  const retention right{london, false};
  EXPECT_EQ(format_local(right.in_reports(right.from(summer))), "2023-07-01T10:00:00");
  const wall_time winter{date("2023-01-01") + std::chrono::hours{9}};
  EXPECT_EQ(kept.from(winter), winter + message_kept_for);
}

// -- flaws of the original
// -------------------------------------------------------------------------

TEST(prison_to_probation_flaws, are_wanted_by_name_or_all_at_once) {
  EXPECT_EQ(parse_flaws("").value(), flaws{});
  const auto some_of_them = parse_flaws(" one_try , missing_is_zero ").value();
  EXPECT_TRUE(some_of_them.one_try && some_of_them.missing_is_zero);
  EXPECT_FALSE(some_of_them.rejects_lost);
  const auto all = parse_flaws("original").value();
  EXPECT_TRUE(all.one_try && all.missing_is_zero && all.rejects_lost && all.newest_by_arrival);
  EXPECT_EQ(parse_flaws("original, one_try").value(), all);
}

TEST(prison_to_probation_flaws, of_no_such_name_are_an_error_that_tells_the_names) {
  const auto wrong = parse_flaws("on_try");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("'on_try'"), std::string::npos);
  EXPECT_NE(wrong.error().what.find("one_try"), std::string::npos);
}

// -- what a person may do
// --------------------------------------------------------------------------

TEST(prison_to_probation_order, is_about_a_booking_or_one_of_its_records) {
  const auto whole =
    parse_order("pause", R"({"key":1200835,"reason":"under inquiry","by":"J. Doe"})");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->what, order::kind::pause);
  EXPECT_EQ(whole->booking_id, 1200835);
  EXPECT_EQ(whole->message_id, "");
  EXPECT_EQ(whole->reason, "under inquiry");
  EXPECT_EQ(whole->by, "J. Doe");
  const auto one = parse_order("discard", R"({"key":"1200835/0012a","reason":"x","by":"y"})");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->booking_id, 1200835);
  EXPECT_EQ(one->message_id, "0012a");
}

TEST(prison_to_probation_order, that_cannot_be_read_tells_what_is_wrong) {
  const auto wrong = [](std::string_view command, const std::string& payload) {
    const auto parsed = parse_order(command, payload);
    return parsed ? "nothing" : parsed.error().what;
  };
  EXPECT_EQ(wrong("pause", ""), "it is no JSON");
  EXPECT_EQ(wrong("pause", "[]"), "key is missing");
  EXPECT_EQ(wrong("pause", R"({"key":"1/"})"), "key names no message behind its slash");
  EXPECT_EQ(wrong("pause", R"({"key":"/a"})"), "key is neither a booking nor <booking>/<message>");
  EXPECT_EQ(wrong("pause", R"({"key":1.5})"), "key is neither a booking nor <booking>/<message>");
  EXPECT_EQ(wrong("pause", R"({"key":1,"by":"x"})"), "reason is missing");
  EXPECT_EQ(wrong("pause", R"({"key":1,"reason":"","by":"x"})"), "reason is empty");
  EXPECT_EQ(wrong("pause", R"({"key":1,"reason":"x"})"), "by is missing");
  EXPECT_EQ(wrong("pause", R"({"key":1,"by":"x","reason":")" + std::string(501, 'x') + "\"}"),
            "reason is longer than 500 bytes");
  EXPECT_NE(wrong("explode", "{}").find("no such command"), std::string::npos);
}

// -- rows -----------------------------------------------------------------------------------------

TEST(prison_to_probation_rows, a_message_comes_back_as_it_was) {
  auto m = some("00001a", event_type::external_movement, "2020-01-01T10:00:00.000001",
                message_phase::waiting);
  m.what.booking_id = 1200835;
  m.what.movement_seq = 7;
  m.what.event_time = m.newest_by;
  m.what.message_id = "m1";
  m.status = message_status::location_not_updated;
  m.created = wall_time{date("2020-01-01")};
  m.retry_count = 300;
  m.delete_by = wall_time{date("2020-02-01")};
  m.processed = wall_time{date("2020-01-02")};
  m.crns = "X1, X2";
  m.paused = "under inquiry";
  m.snapshot = {"A5089DY", "38339A", "MDI", std::nullopt, false, "SENTENCED"};
  m.received = testing::message_record("X", "{}");
  const auto row = encode(m);
  EXPECT_EQ(decode_message(row), m);
  EXPECT_FALSE(decode_message(row.substr(0, row.size() - 1)));
  EXPECT_FALSE(decode_message("\x09"));
}

TEST(prison_to_probation_rows, an_attempt_comes_back_as_it_was) {
  attempt_report report;
  report.end =
    attempt_result::try_later(message_status::no_match, {"X1", "X2"}, date("2025-09-10"));
  report.exception = "prison-api answered 503";
  report.remembered.noms_number = {"X1", "A5089DY", "38339A"};
  report.remembered.set("A1", "A2", progress::replace_answer::missed);
  report.wrote = true;
  report.refreshed = booking_snapshot{"A", "B", {}, {}, {}, {}};
  const auto back = decode_attempt_report(encode(report));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->end.crns, report.end.crns);
  EXPECT_EQ(back->end.retry_until, report.end.retry_until);
  EXPECT_EQ(back->end.status, report.end.status);
  EXPECT_EQ(back->exception, report.exception);
  EXPECT_EQ(back->remembered, report.remembered);
  EXPECT_EQ(back->refreshed, report.refreshed);
  EXPECT_TRUE(back->wrote);
}

TEST(prison_to_probation_rows, an_event_goes_along_in_a_header_and_is_read_anew_without_it) {
  auto r = testing::message_record("EXTERNAL_MOVEMENT_RECORD-INSERTED",
                                   R"({"bookingId":7,"movementSeq":2})");
  const auto read = std::get<event>(event_of(r, profile::full, false));
  set_event(r, read);
  r.value = bytes{std::string_view{"no JSON"}};
  EXPECT_EQ(std::get<event>(event_of(r, profile::full, false)), read);
  EXPECT_TRUE(std::holds_alternative<unexpected_event>(event_of(r, profile::head, false)));
  drop_event(r);
  EXPECT_TRUE(std::holds_alternative<bad_event>(event_of(r, profile::full, false)));
}

} // namespace
} // namespace sallyport::prison_to_probation
