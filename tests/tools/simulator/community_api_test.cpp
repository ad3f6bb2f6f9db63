#include "tests/tools/simulator/people.hpp"
#include "tools/simulator/community_api.hpp"

#include <gtest/gtest.h>

namespace sallyport::simulator {
namespace {

using nlohmann::json;
using std::chrono::days;
using test::custodial_event;
using test::person;
using test::sentence;

struct community_api_test : ::testing::Test {
  delius people;
  community_settings settings;

  void have(std::vector<delius_person> some) { people = delius{std::move(some)}; }

  static delius_person holder(const std::string& crn, const std::string& number) {
    auto one = person(crn);
    one.noms_number = number;
    return one;
  }

  [[nodiscard]] community_api api() { return {people, settings}; }
  [[nodiscard]] static json booking_body(date start, const char* number = "38339A") {
    return {{"sentenceStartDate", iso(start)}, {"bookingNumber", number}};
  }
  [[nodiscard]] static json prison(const char* code) {
    return {{"nomsPrisonInstitutionCode", code}};
  }
  [[nodiscard]] const custody& first_custody() const { return *people.at(0).events[0].custodial; }
};

// -- NOMS number
// ------------------------------------------------------------------------------------

TEST_F(community_api_test, a_noms_number_is_set_and_the_ids_are_answered) {
  have({person("X1")});
  const auto answer = api().put_noms_number("X1", {{"nomsNumber", "A1"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["crn"], "X1");
  EXPECT_EQ(answer.body["nomsNumber"], "A1");
  EXPECT_EQ(people.holders("A1"), std::vector<std::size_t>{0});
}

TEST_F(community_api_test, a_noms_number_of_another_person_moves_and_leaves_a_trace) {
  have({holder("X1", "A0"), holder("X2", "A1")});
  EXPECT_EQ(api().put_noms_number("X1", {{"nomsNumber", "A1"}}).status, 200);
  EXPECT_EQ(people.at(1).noms_number, "");
  const std::set<std::pair<std::string, std::string>> traces{{"DNOMS", "A1"}, {"XNOMS", "A0"}};
  EXPECT_EQ(people.at(0).additional_identifiers, traces);
  const auto before = people.canonical_state();
  EXPECT_EQ(api().put_noms_number("X1", {{"nomsNumber", "A1"}}).status, 200);
  EXPECT_EQ(people.canonical_state(), before);
}

TEST_F(community_api_test, a_noms_number_needs_a_known_crn_and_a_value) {
  have({person("X1")});
  EXPECT_EQ(api().put_noms_number("X9", {{"nomsNumber", "A1"}}).status, 404);
  EXPECT_EQ(api().put_noms_number("X1", {{"nomsNumber", " "}}).status, 400);
  EXPECT_EQ(api().put_noms_number("X1", json::object()).status, 400);
}

TEST_F(community_api_test, a_replace_tests_the_new_number_before_the_old_one) {
  have({holder("X1", "OLD"), holder("X2", "NEW")});
  EXPECT_EQ(api().replace_noms_number("NOBODY", {{"nomsNumber", "NEW"}}).status, 409);
  EXPECT_EQ(api().replace_noms_number("OLD", {{"nomsNumber", "NEW"}}).status, 409);
  EXPECT_EQ(api().replace_noms_number("NOBODY", {{"nomsNumber", "FREE"}}).status, 404);
  EXPECT_EQ(people.at(0).noms_number, "OLD");
}

TEST_F(community_api_test, a_replace_changes_all_holders_and_then_conflicts) {
  have({holder("X1", "OLD"), holder("X2", "OLD")});
  const auto answer = api().replace_noms_number("OLD", {{"nomsNumber", "NEW"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.size(), 2U);
  EXPECT_EQ(answer.body[1]["crn"], "X2");
  EXPECT_EQ(people.holders("NEW").size(), 2U);
  EXPECT_EQ(api().replace_noms_number("OLD", {{"nomsNumber", "NEW"}}).status, 409);
}

// -- book number
// ------------------------------------------------------------------------------------

TEST_F(community_api_test, a_book_number_goes_to_the_event_within_seven_days) {
  for (const int off : {-7, 0, 7}) {
    have({holder("X1", "A1")});
    EXPECT_EQ(api().put_booking_number("A1", booking_body(sentence + days{off})).status, 200);
    EXPECT_EQ(first_custody().booking_number, "38339A");
  }
  for (const int off : {-8, 8}) {
    have({holder("X1", "A1")});
    EXPECT_EQ(api().put_booking_number("A1", booking_body(sentence + days{off})).status, 404);
    EXPECT_EQ(first_custody().booking_number, "");
  }
}

TEST_F(community_api_test, a_book_number_takes_the_date_as_an_array_too) {
  have({holder("X1", "A1")});
  const json body{{"sentenceStartDate", {2025, 2, 11}}, {"bookingNumber", "38339A"}};
  EXPECT_EQ(api().put_booking_number("A1", body).status, 200);
}

TEST_F(community_api_test, a_book_number_needs_exactly_one_active_custodial_event) {
  auto two = holder("X1", "A1");
  two.events.push_back(custodial_event(2, sentence + days{3}));
  have({two});
  EXPECT_EQ(api().put_booking_number("A1", booking_body(sentence)).status, 404);
  using change = void (*)(delius_event&);
  for (const change unfit :
       {change{[](auto& e) { e.active = false; }}, change{[](auto& e) { e.terminated = true; }},
        change{[](auto& e) { e.soft_deleted = true; }},
        change{[](auto& e) { e.custodial.reset(); }},
        change{[](auto& e) { e.custodial->status = 'P'; }},
        change{[](auto& e) { e.sentence_start.reset(); }}}) {
    auto one = two;
    unfit(one.events[1]);
    have({one});
    EXPECT_EQ(api().put_booking_number("A1", booking_body(sentence)).status, 200);
    unfit(one.events[0]);
    have({one});
    EXPECT_EQ(api().put_booking_number("A1", booking_body(sentence)).status, 404);
  }
}

TEST_F(community_api_test, a_book_number_needs_both_fields) {
  have({holder("X1", "A1")});
  EXPECT_EQ(api().put_booking_number("A1", booking_body(sentence, " ")).status, 400);
  EXPECT_EQ(api().put_booking_number("A1", {{"bookingNumber", "1"}}).status, 400);
  EXPECT_EQ(
    api().put_booking_number("A1", {{"bookingNumber", "1"}, {"sentenceStartDate", "x"}}).status,
    400);
}

TEST_F(community_api_test, several_holders_conflict_but_for_the_location_they_are_missing) {
  have({holder("X1", "A1"), holder("X2", "A1")});
  EXPECT_EQ(api().put_booking_number("A1", booking_body(sentence)).status, 409);
  EXPECT_EQ(api().post_key_dates("A1", "38339A", json::object()).status, 409);
  EXPECT_EQ(api().put_location("A1", prison("MDI")).status, 404);
}

TEST_F(community_api_test, of_several_holders_the_only_one_with_an_active_sentence_is_meant) {
  auto idle = holder("X1", "A1");
  idle.events.front().active = false;
  have({idle, holder("X2", "A1")});
  EXPECT_EQ(api().put_booking_number("A1", booking_body(sentence)).status, 200);
  EXPECT_EQ(people.at(1).events[0].custodial->booking_number, "38339A");
}

// -- location
// ---------------------------------------------------------------------------------------

TEST_F(community_api_test, a_move_sets_the_institution_and_who_was_sentenced_comes_into_custody) {
  auto one = holder("X1", "A1");
  one.events.front().custodial->status = 'A';
  have({one});
  const auto answer = api().put_location("A1", prison("MDI"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["institution"]["description"], "Moorland (HMP & YOI)");
  EXPECT_EQ(first_custody().institution, "MDI");
  EXPECT_EQ(first_custody().status, 'D');
  EXPECT_TRUE(people.at(0).has_prison_manager);
}

TEST_F(community_api_test, a_move_is_missed_for_other_states_prisons_and_numbers_of_events) {
  auto licensed = holder("X1", "A1");
  licensed.events.front().custodial->status = 'B';
  auto two = holder("X2", "A2");
  two.events.push_back(custodial_event(2, sentence - days{300}));
  have({licensed, two, holder("X3", "A3")});
  EXPECT_EQ(api().put_location("A1", prison("MDI")).status, 404);
  EXPECT_EQ(api().put_location("A2", prison("MDI")).status, 404);
  EXPECT_EQ(api().put_location("A3", prison("XXX")).status, 404);
  EXPECT_EQ(api().put_location("A4", prison("MDI")).status, 404);
  EXPECT_EQ(api().put_location("A3", json::object()).status, 400);
  settings.multiple_events = true;
  EXPECT_EQ(api().put_location("A2", prison("MDI")).status, 200);
  EXPECT_EQ(people.at(1).events[0].custodial->institution, "MDI");
  EXPECT_EQ(people.at(1).events[1].custodial->institution, "MDI");
}

// -- key dates
// --------------------------------------------------------------------------------------

TEST_F(community_api_test, key_dates_are_replaced_and_a_null_removes_one) {
  auto one = holder("X1", "A1");
  one.events.front().custodial->booking_number = "38339A";
  one.events.front().custodial->key_dates = {{"licenceExpiryDate", make_date(2030, 1, 1)},
                                             {"expectedReleaseDate", make_date(2029, 1, 1)}};
  have({one});
  const json body{{"licenceExpiryDate", {2031, 1, 2}},
                  {"expectedReleaseDate", nullptr},
                  {"sentenceExpiryDate", "2032-03-04"}};
  EXPECT_EQ(api().post_key_dates("A1", "38339A", body).status, 200);
  const std::map<std::string, date> wanted{{"licenceExpiryDate", make_date(2031, 1, 2)},
                                           {"sentenceExpiryDate", make_date(2032, 3, 4)}};
  EXPECT_EQ(first_custody().key_dates, wanted);
  EXPECT_EQ(api().post_key_dates("A1", "38339A", {{"sentenceExpiryDate", 7}}).status, 400);
  EXPECT_EQ(first_custody().key_dates, wanted);
}

TEST_F(community_api_test, the_texts_of_missed_key_dates_tell_an_unknown_number_from_two) {
  auto two = holder("X1", "A1");
  two.events.front().custodial->booking_number = "38339A";
  two.events.push_back(custodial_event(2, sentence - days{900}, "38339A", 'P'));
  have({two});
  const auto unknown = api().post_key_dates("A1", "OTHER", json::object());
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.body.dump().find("bookingNumber"), std::string::npos);
  const auto several = api().post_key_dates("A1", "38339A", json::object());
  EXPECT_EQ(several.status, 404);
  EXPECT_EQ(several.body.dump().find("bookingNumber"), std::string::npos);
}

// -- all
// --------------------------------------------------------------------------------------------

TEST_F(community_api_test, with_the_switches_off_writes_are_answered_and_change_nothing) {
  have({holder("X1", "A1")});
  const auto before = people.canonical_state();
  settings.updates = false;
  EXPECT_EQ(api().put_booking_number("A1", booking_body(sentence)).status, 200);
  EXPECT_EQ(api().put_location("A1", prison("MDI")).status, 200);
  EXPECT_EQ(api().post_key_dates("A1", "x", json::object()).status, 200);
  EXPECT_EQ(api().put_noms_number("X1", {{"nomsNumber", "A2"}}).status, 200);
  EXPECT_EQ(api().replace_noms_number("A1", {{"nomsNumber", "A2"}}).status, 200);
  EXPECT_EQ(people.canonical_state(), before);
}

TEST_F(community_api_test, convictions_tell_sentence_and_custody) {
  auto one = person("X1");
  one.events.push_back(custodial_event(2, sentence));
  one.events[1].soft_deleted = true;
  have({one});
  const auto answer = api().convictions("X1");
  ASSERT_EQ(answer.status, 200);
  ASSERT_EQ(answer.body.size(), 1U);
  EXPECT_EQ(answer.body[0]["sentence"]["startDate"], "2025-02-11");
  EXPECT_TRUE(answer.body[0]["custody"].is_object());
  EXPECT_EQ(api().convictions("X2").status, 404);
}

TEST_F(community_api_test, every_write_may_be_made_twice) {
  have({holder("X1", "A1"), person("X2")});
  const auto all = [&] {
    (void) api().put_noms_number("X2", {{"nomsNumber", "A2"}});
    (void) api().put_booking_number("A1", booking_body(sentence));
    (void) api().put_location("A1", prison("LEI"));
    (void) api().post_key_dates("A1", "38339A", {{"sentenceExpiryDate", "2032-03-04"}});
    return people.canonical_state();
  };
  EXPECT_EQ(all(), all());
}

} // namespace
} // namespace sallyport::simulator
