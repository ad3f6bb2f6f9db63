#include "tests/actors/support.hpp"
#include "tests/topologies/prison_to_probation.hpp"
#include "topologies/prison_to_probation/message_store.hpp"

#include <gtest/gtest.h>

namespace sallyport::prison_to_probation {
namespace {

using testing::answer;
using testing::message_record;
using testing::names_of;
using testing::no_answer;
using testing::properties_of;
using testing::sample;
using testing::world;
namespace calls = testing::calls;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using strings = std::vector<std::string>;
using text_map = std::map<std::string, std::string>;

constexpr std::string_view bands = R"(
bands:
  - { attempts: 4, cron: "0 0 * * * *" }
  - { attempts: 6, cron: "0 15 */4 * * *" }
  - { attempts: rest, cron: "0 30 23 * * *" }
zone: Europe/London
)";

/// All calls of a status change that succeeds.
const strings status_calls{calls::sentence_detail, calls::sentence_terms, calls::booking,
                           calls::prisoner,        calls::match,          calls::convictions_1,
                           calls::convictions_2,   calls::noms_number,    calls::booking_number,
                           calls::location,        calls::key_dates};

const text_map with_booking_and_start{
  {"bookingId", "1200835"},  {"imprisonmentStatusSeq", "0"},
  {"offenderNo", "A5089DY"}, {"bookingNumber", "38339A"},
  {"agencyId", "MDI"},       {"sentenceStartDate", "2020-02-11"}};

class prison_to_probation_custody : public ::testing::Test {
protected:
  void start(std::string_view more = "hold_back: 0s") {
    const auto& entry = actors_test::entry_of("prison_to_probation.custody");
    auto with = config::parse_params(entry.spec, std::string{bands} + std::string{more});
    ASSERT_TRUE(with) << with.error().what;
    harness.emplace(entry, *with, actors_test::start);
    harness->script([this](const call& c) { return std::optional{peers.reply(c.request)}; });
    harness->restart_before_each_input();
  }

  void TearDown() override {
    if (harness) {
      EXPECT_TRUE(harness->failures().empty());
    }
  }

  /// As `validate` sends it on.
  static record validated(record r) {
    booking_snapshot snapshot{"A5089DY", "OLD", "LEI", {}, {}, {}};
    set_snapshot(r, encode(snapshot));
    return r;
  }

  /// Feeds the event and lets its hold-back of no length end.
  void work(record r) {
    harness->feed(validated(std::move(r)));
    harness->advance(duration{0});
  }

  strings told() const { return names_of(harness->published("telemetry")); }
  text_map told_of(std::string_view name) const {
    return properties_of(harness->published("telemetry"), name);
  }
  const std::vector<record>& domain_events() const {
    return harness->published("probation-case-events");
  }

  /// The only message there is.
  message the_message() const {
    std::vector<message> all;
    for (const auto& [key, row] : harness->state())
      if (key.starts_with("open/") || key.starts_with("done/"))
        all.push_back(decode_message(row).value());
    if (all.size() != 1)
      throw std::runtime_error("there are " + std::to_string(all.size()) + " messages");
    return all[0];
  }

  void matched_by(const std::string& word) { peers.change(calls::match, "matchedBy", word); }

  world peers;
  std::optional<operator_harness> harness;
};

// -- a status change (§4.1)
// -------------------------------------------------------------------------

TEST_F(prison_to_probation_custody, a_status_change_goes_through_all_steps_in_order) {
  start();
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(peers.names, status_calls);
  EXPECT_EQ(told(),
            (strings{"P2POffenderMatch", "P2POffenderNumberSet", "P2PImprisonmentStatusUpdated"}));
  EXPECT_EQ(told_of("P2POffenderMatch"), (text_map{{"offenderNo", "A5089DY"},
                                                   {"bookingNumber", "38339A"},
                                                   {"matchedBy", "EXTERNAL_KEY"},
                                                   {"matches", "2"},
                                                   {"filtered_matches", "1"},
                                                   {"crns", "X142620, X181002"},
                                                   {"filtered_crns", "X142620"}}));
  EXPECT_EQ(told_of("P2POffenderNumberSet"),
            (text_map{{"offenderNo", "A5089DY"}, {"bookingNumber", "38339A"}, {"crn", "X142620"}}));
  EXPECT_EQ(told_of("P2PImprisonmentStatusUpdated"), with_booking_and_start);
  EXPECT_EQ(peers.body_of(calls::noms_number).dump(), R"({"nomsNumber":"A5089DY"})");
  EXPECT_EQ(peers.body_of(calls::booking_number).dump(),
            R"({"bookingNumber":"38339A","sentenceStartDate":"2020-02-11"})");
  EXPECT_EQ(peers.body_of(calls::location).dump(), R"({"nomsPrisonInstitutionCode":"MDI"})");
  ASSERT_EQ(domain_events().size(), 1U);
  EXPECT_EQ(domain_events()[0].find("eventType"), "probation-case.prison-identifier.added");

  const auto m = the_message();
  EXPECT_EQ(m.phase, message_phase::processed);
  EXPECT_EQ(m.status, message_status::completed);
  EXPECT_EQ(m.crns, "X142620");
  EXPECT_EQ(m.snapshot.location_id, "MDI");
  EXPECT_EQ(m.delete_by, harness->now() + days{30});
  EXPECT_EQ(harness->count_of(term::done), 1U);
  EXPECT_EQ(harness->counter("ptpu_statusChangeCounter", "success"), 1U);
  EXPECT_EQ(harness->counter("ptpu_statusChangeCounter", "total"), 1U);
  EXPECT_EQ(harness->observed("ptpu_statusChange_retries", "eventType=successAfterRetries"),
            std::vector<double>{0});
  EXPECT_EQ(harness->observed("ptpu_statusChange", "eventType=successAfterTimeDays"),
            std::vector<double>{1});
}

TEST_F(prison_to_probation_custody, a_write_is_no_read_and_all_calls_of_a_booking_have_its_key) {
  start();
  work(sample("imprisonmentStatusChanged"));
  for (const auto& c : harness->calls()) {
    EXPECT_EQ(c.what.key, "1200835");
    EXPECT_EQ(c.what.read, c.what.request.method == "GET" || c.what.request.path == "/match");
    EXPECT_GE(c.what.policy.timeout, std::chrono::seconds{10});
    EXPECT_LE(c.what.policy.give_up_after, std::chrono::seconds{10});
  }
}

TEST_F(prison_to_probation_custody, the_readme_profile_has_no_key_dates) {
  start("hold_back: 0s\nprofile: readme");
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(peers.names, strings(status_calls.begin(), status_calls.end() - 1));
}

TEST_F(prison_to_probation_custody, the_head_profile_ends_with_the_booking_number) {
  start("hold_back: 0s\nprofile: head");
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(peers.names, strings(status_calls.begin() + 1, status_calls.end() - 2));
}

TEST_F(prison_to_probation_custody, a_stored_event_that_the_profile_does_not_know_is_completed) {
  start("hold_back: 0s\nprofile: head");
  work(sample("externalMovement"));
  EXPECT_EQ(peers.names, strings{});
  EXPECT_EQ(told(), strings{});
  EXPECT_EQ(the_message().status, message_status::completed);
}

TEST_F(prison_to_probation_custody, the_way_from_the_change_to_delius_is_measured) {
  start("hold_back: 15m");
  harness->feed(validated(message_record(
    "EXTERNAL_MOVEMENT_RECORD-INSERTED",
    R"({"bookingId":1200835,"movementSeq":1,"eventDatetime":"2024-03-01T11:58:00"})")));
  harness->advance(minutes{15});
  // From 11:58 to 12:15.
  EXPECT_EQ(
    harness->observed("ptpu_delius_update_seconds", "eventType=EXTERNAL_MOVEMENT_RECORD-INSERTED"),
    std::vector<double>{17 * 60});
}

TEST_F(prison_to_probation_custody, what_did_not_reach_delius_is_not_measured) {
  start();
  peers.change(calls::booking, "activeFlag", false);
  work(sample("externalMovement"));
  EXPECT_EQ(the_message().status, message_status::completed);
  EXPECT_TRUE(
    harness->observed("ptpu_delius_update_seconds", "eventType=EXTERNAL_MOVEMENT_RECORD-INSERTED")
      .empty());
}

TEST_F(prison_to_probation_custody, each_message_of_a_booking_leaves_the_reports_in_its_time) {
  start();
  work(sample("externalMovement"));
  harness->advance(days{1});
  work(sample("sentenceDatesChanged"));
  harness->advance(days{29} - minutes{1});
  EXPECT_EQ(harness->state().size(), 2U);
  harness->advance(minutes{1});
  EXPECT_EQ(the_message().what.type, event_type::sentence_dates);
  harness->advance(days{1});
  EXPECT_TRUE(harness->state().empty());
  EXPECT_TRUE(harness->timers().empty());
}

TEST_F(prison_to_probation_custody, a_person_may_mean_one_record_of_a_booking) {
  start();
  peers.on(calls::match, answer(200, R"({"matchedBy":"NOTHING","matches":[]})"));
  peers.on(calls::replace, answer(400));
  work(sample("imprisonmentStatusChanged"));
  work(sample("bookingNumberChanged"));
  ASSERT_EQ(harness->count_of(term::waiting), 2U);
  const auto open = harness->state().lower_bound("open/1200835/");
  const auto first = open->first.substr(std::string_view{"open/"}.size());
  harness->command("discard", R"({"key":")" + first + R"(","reason":"a test","by":"J. Doe"})");
  EXPECT_EQ(harness->finished(term::discarded, "by_a_person"), 1U);
  EXPECT_EQ(harness->count_of(term::waiting), 1U);
  EXPECT_EQ(told_of("P2PIntervention").at("eventType"), "IMPRISONMENT_STATUS-CHANGED");
  EXPECT_EQ(the_message().what.type, event_type::booking_number);
  EXPECT_EQ(harness->timers().count("retry/" + first), 0U);
}

TEST_F(prison_to_probation_custody, an_inactive_booking_ends_as_no_longer_valid) {
  start();
  peers.change(calls::booking, "activeFlag", false);
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(told(), strings{"P2PImprisonmentStatusIgnored"});
  EXPECT_EQ(told_of("P2PImprisonmentStatusIgnored"),
            (text_map{{"bookingId", "1200835"},
                      {"imprisonmentStatusSeq", "0"},
                      {"reason", "Not an active booking"}}));
  EXPECT_EQ(the_message().status, message_status::no_longer_valid);
  EXPECT_EQ(the_message().snapshot.location_id, "LEI");
  EXPECT_EQ(harness->counter("ptpu_statusChangeCounter", "rejected"), 1U);
  EXPECT_EQ(harness->counter("ptpu_statusChangeCounter", "success"), 0U);
}

TEST_F(prison_to_probation_custody, without_a_sentence_start_it_is_no_longer_valid) {
  start();
  peers.on(calls::sentence_terms, answer(200, "[]"));
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(peers.names, (strings{calls::sentence_detail, calls::sentence_terms}));
  EXPECT_EQ(told(), strings{"P2PImprisonmentStatusNoSentenceStartDate"});
  EXPECT_EQ(the_message().status, message_status::no_longer_valid);
}

TEST_F(prison_to_probation_custody, no_candidate_at_all_is_tried_again) {
  start();
  peers.on(calls::match, answer(200, R"({"matchedBy":"NOTHING","matches":[]})"));
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(told(), (strings{"P2POffenderMatch", "P2POffenderNoMatch"}));
  EXPECT_EQ(told_of("P2POffenderNoMatch"), (text_map{{"bookingId", "1200835"},
                                                     {"imprisonmentStatusSeq", "0"},
                                                     {"offenderNo", "A5089DY"},
                                                     {"crns", ""}}));
  EXPECT_EQ(the_message().status, message_status::no_match);
  EXPECT_EQ(the_message().crns, std::nullopt);
  EXPECT_EQ(the_message().retry_count, 1U);
  EXPECT_EQ(harness->count_of(term::waiting), 1U);
}

TEST_F(prison_to_probation_custody, candidates_without_the_sentence_are_named_and_tried_again) {
  start();
  peers.on(calls::convictions_1, answer(200, "[]"));
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(the_message().status, message_status::no_match_with_sentence_date);
  EXPECT_EQ(the_message().crns, "X142620, X181002");
  EXPECT_EQ(peers.times(calls::noms_number), 0U);
}

TEST_F(prison_to_probation_custody, several_with_the_sentence_are_too_many) {
  start();
  peers.on(calls::convictions_2,
           answer(200, R"([{"custody":{},"sentence":{"startDate":"2020-02-18"}}])"));
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(told(), (strings{"P2POffenderMatch", "P2POffenderTooManyMatches"}));
  EXPECT_EQ(told_of("P2POffenderTooManyMatches").at("filtered_crns"), "X142620, X181002");
  EXPECT_EQ(the_message().status, message_status::too_many_matches);
}

TEST_F(prison_to_probation_custody, a_match_by_noms_number_writes_no_noms_number) {
  start();
  matched_by("HMPPS_KEY");
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(peers.times(calls::noms_number), 0U);
  EXPECT_EQ(told(), (strings{"P2POffenderMatch", "P2PImprisonmentStatusUpdated"}));
  EXPECT_TRUE(domain_events().empty());
}

TEST_F(prison_to_probation_custody, a_match_by_noms_number_passes_the_sentence_filter_too) {
  start();
  matched_by("ALL_SUPPLIED");
  peers.on(calls::convictions_1, answer(200, "[]"));
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(told(),
            (strings{"P2POffenderMatch", "P2PNomsMatchStoppedBySentence", "P2POffenderNoMatch"}));
  EXPECT_EQ(the_message().status, message_status::no_match_with_sentence_date);
}

TEST_F(prison_to_probation_custody, a_prison_that_takes_no_part_ends_before_the_noms_number) {
  start("hold_back: 0s\nonly_prisons: LEI");
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(peers.names.back(), calls::convictions_2);
  EXPECT_EQ(told(), (strings{"P2POffenderMatch", "P2PChangeIgnored"}));
  EXPECT_EQ(told_of("P2PChangeIgnored").at("reason"), "Not at an interested prison");
  EXPECT_EQ(the_message().status, message_status::no_longer_valid);
  EXPECT_EQ(the_message().snapshot.location_id, "LEI");
}

TEST_F(prison_to_probation_custody, a_known_person_in_a_prison_that_takes_no_part_is_ignored) {
  start("hold_back: 0s\nonly_prisons: LEI");
  matched_by("HMPPS_KEY");
  work(sample("imprisonmentStatusChanged"));
  auto expected = with_booking_and_start;
  expected["reason"] = "Not at an interested prison";
  EXPECT_EQ(told_of("P2PImprisonmentStatusIgnored"), expected);
  EXPECT_EQ(the_message().status, message_status::no_longer_valid);
  EXPECT_EQ(the_message().crns, std::nullopt);
}

struct miss {
  std::string call;
  std::string telemetry;
  message_status status;
  bool extends;
};

TEST_F(prison_to_probation_custody, a_404_or_409_of_a_step_is_its_miss_and_is_tried_again) {
  const std::vector<miss> misses{
    {calls::booking_number, "P2PBookingNumberNotAssigned",
     message_status::booking_number_not_assigned, false},
    {calls::location, "P2PLocationNotUpdated", message_status::location_not_updated, true},
    {calls::key_dates, "P2PKeyDatesNotUpdated", message_status::key_dates_not_updated, true}};
  for (const auto& one : misses)
    for (const int status : {404, 409}) {
      peers = world{};
      start();
      peers.on(one.call, answer(status));
      work(sample("imprisonmentStatusChanged"));
      EXPECT_EQ(peers.names.back(), one.call);
      EXPECT_EQ(told().back(), one.telemetry);
      EXPECT_EQ(told_of(one.telemetry), with_booking_and_start);
      const auto m = the_message();
      EXPECT_EQ(m.status, one.status);
      EXPECT_EQ(m.crns, "X142620");
      EXPECT_EQ(m.delete_by > harness->now() + days{31}, one.extends) << one.telemetry;
    }
}

TEST_F(prison_to_probation_custody, a_booking_without_a_prison_skips_the_location) {
  start();
  peers.change(calls::booking, "agencyId", nullptr);
  work(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(peers.times(calls::location), 0U);
  EXPECT_EQ(told_of("P2PImprisonmentStatusUpdated").at("agencyId"), "not present");
}

TEST_F(prison_to_probation_custody, any_other_answer_ends_the_attempt_as_an_error) {
  const strings failing{calls::sentence_detail, calls::booking,     calls::match,
                        calls::convictions_2,   calls::noms_number, calls::location};
  for (const auto& call : failing)
    for (const auto& with : {answer(500), answer(400), no_answer()}) {
      peers = world{};
      start();
      peers.on(call, with);
      work(sample("imprisonmentStatusChanged"));
      EXPECT_EQ(peers.names.back(), call);
      EXPECT_EQ(told().back(), "P2PAttemptFailed");
      EXPECT_EQ(the_message().status, message_status::error);
      EXPECT_EQ(the_message().retry_count, 1U);
      EXPECT_EQ(harness->count_of(term::waiting), 1U);
      EXPECT_TRUE(harness->rejected().empty());
    }
}

// -- writes without a clear answer (§10.4, §10.5)
// ------------------------------------------------------

TEST_F(prison_to_probation_custody, an_unanswered_noms_number_is_told_when_a_match_shows_it) {
  start();
  peers.once(calls::noms_number, no_answer());
  work(sample("imprisonmentStatusChanged"));
  EXPECT_TRUE(domain_events().empty());
  matched_by("HMPPS_KEY");
  harness->advance(hours{1});
  EXPECT_EQ(peers.times(calls::noms_number), 1U);
  ASSERT_EQ(domain_events().size(), 1U);
  EXPECT_EQ(domain_events()[0].find("eventType"), "probation-case.prison-identifier.added");
  EXPECT_EQ(the_message().status, message_status::completed);
  EXPECT_EQ(harness->state().size(), 1U);
}

TEST_F(prison_to_probation_custody, an_unanswered_noms_number_that_was_not_done_is_sent_again) {
  start();
  peers.once(calls::noms_number, answer(503));
  work(sample("imprisonmentStatusChanged"));
  harness->advance(hours{1});
  EXPECT_EQ(peers.times(calls::noms_number), 2U);
  EXPECT_EQ(domain_events().size(), 1U);
}

TEST_F(prison_to_probation_custody, a_refused_noms_number_is_not_told_later) {
  start();
  peers.once(calls::noms_number, answer(409));
  work(sample("imprisonmentStatusChanged"));
  matched_by("HMPPS_KEY");
  harness->advance(hours{1});
  EXPECT_TRUE(domain_events().empty());
  EXPECT_EQ(the_message().status, message_status::completed);
}

// -- a movement (§4.3)
// --------------------------------------------------------------------------------

const text_map transfer{{"bookingId", "1200835"},        {"movementType", "ADM"},
                        {"fromAgency", "ABRYCT"},        {"toAgency", "MDI"},
                        {"offenderNo", "A5089DY"},       {"latestLocation", "Moorland (HMP & YOI)"},
                        {"convictedStatus", "Convicted"}};

TEST_F(prison_to_probation_custody, a_movement_tells_delius_the_prison) {
  start();
  peers.change(calls::booking, "agencyId", "OUT");
  work(sample("externalMovement"));
  EXPECT_EQ(peers.names,
            (strings{calls::movement, calls::booking, calls::prisoner, calls::location}));
  EXPECT_EQ(peers.body_of(calls::location).dump(), R"({"nomsPrisonInstitutionCode":"MDI"})");
  EXPECT_EQ(told(), (strings{"P2PExternalMovement", "P2PTransferProbationUpdated"}));
  EXPECT_EQ(told_of("P2PExternalMovement"),
            (text_map{{"bookingId", "1200835"}, {"movementSeq", "1"}}));
  auto expected = transfer;
  expected["toAgencyDescription"] = "Unknown";
  EXPECT_EQ(told_of("P2PTransferProbationUpdated"), expected);
  EXPECT_EQ(the_message().status, message_status::completed);
  EXPECT_EQ(harness->counter("ptpu_movement", "success"), 1U);
}

TEST_F(prison_to_probation_custody, a_movement_that_delius_misses_is_done_and_says_so) {
  start();
  peers.on(calls::location, answer(404));
  work(sample("externalMovement"));
  EXPECT_EQ(told_of("P2PTransferProbationRecordNotFound"), transfer);
  EXPECT_EQ(the_message().status, message_status::location_not_updated);
  EXPECT_EQ(the_message().phase, message_phase::processed);
  EXPECT_EQ(harness->counter("ptpu_movement", "fail"), 1U);
}

TEST_F(prison_to_probation_custody, a_movement_that_is_none_any_more_is_ignored) {
  start();
  peers.on(calls::movement, answer(404));
  work(sample("externalMovement"));
  EXPECT_EQ(
    told_of("P2PTransferIgnored"),
    (text_map{{"bookingId", "1200835"}, {"movementSeq", "1"}, {"reason", "Movement not found"}}));
  EXPECT_EQ(the_message().status, message_status::completed);
}

TEST_F(prison_to_probation_custody, an_ignored_movement_says_not_present_for_what_is_null) {
  start();
  peers.change(calls::movement, "toAgency", nullptr);
  work(sample("externalMovement"));
  EXPECT_EQ(told_of("P2PTransferIgnored"), (text_map{{"bookingId", "1200835"},
                                                     {"movementType", "ADM"},
                                                     {"fromAgency", "ABRYCT"},
                                                     {"toAgency", "not present"},
                                                     {"reason", "Not a transfer"}}));
}

// -- a booking number (§4.4, §10.5)
// --------------------------------------------------------------------

const std::string replace_b = "PUT /secure/offenders/nomsNumber/B1111BB/nomsNumber";
constexpr std::string_view two_numbers =
  R"([{"type":"MERGED","value":"A9999DY"},{"type":"MERGED","value":"B1111BB"}])";

TEST_F(prison_to_probation_custody, a_merged_number_is_replaced_and_told) {
  start();
  work(sample("bookingNumberChanged"));
  EXPECT_EQ(peers.names, (strings{calls::booking, calls::identifiers, calls::replace}));
  EXPECT_EQ(peers.body_of(calls::replace).dump(), R"({"nomsNumber":"A5089DY"})");
  EXPECT_EQ(told_of("P2PBookingNumberChanged"), (text_map{{"bookingId", "1200835"},
                                                          {"offenderNo", "A5089DY"},
                                                          {"oldOffenderNo", "A9999DY"},
                                                          {"crn", "X142620"}}));
  ASSERT_EQ(domain_events().size(), 1U);
  EXPECT_EQ(domain_events()[0].find("eventType"), "probation-case.prison-identifier.updated");
  EXPECT_EQ(the_message().status, message_status::completed);
}

TEST_F(prison_to_probation_custody, a_merged_number_that_nobody_holds_is_done_as_no_match) {
  start();
  peers.on(calls::replace, answer(404));
  work(sample("bookingNumberChanged"));
  EXPECT_EQ(told(), strings{"P2PBookingNumberChangedOffenderNotFound"});
  EXPECT_EQ(the_message().status, message_status::no_match);
  EXPECT_EQ(the_message().phase, message_phase::processed);
}

TEST_F(prison_to_probation_custody, a_conflict_is_told_and_done_without_a_domain_event) {
  start();
  peers.on(calls::replace, answer(409));
  work(sample("bookingNumberChanged"));
  EXPECT_EQ(told(), strings{"P2PBookingNumberChangeConflict"});
  EXPECT_TRUE(domain_events().empty());
  EXPECT_EQ(the_message().phase, message_phase::processed);
}

TEST_F(prison_to_probation_custody, what_was_replaced_is_not_sent_again_in_a_later_attempt) {
  start();
  peers.on(calls::identifiers, answer(200, std::string{two_numbers}));
  peers.once(replace_b, answer(500));
  peers.on(replace_b, answer(409));
  work(sample("bookingNumberChanged"));
  EXPECT_EQ(the_message().status, message_status::error);
  harness->advance(hours{1});
  EXPECT_EQ(peers.times(calls::replace), 1U);
  EXPECT_EQ(peers.times(replace_b), 2U);
  // The first value explains the 409 of the second, though that had been sent before.
  EXPECT_EQ(told(), (strings{"P2PBookingNumberChanged", "P2PAttemptFailed",
                             "P2PBookingNumberChangeConflict"}));
  EXPECT_EQ(domain_events().size(), 1U);
  EXPECT_EQ(the_message().status, message_status::completed);
  EXPECT_EQ(harness->state().size(), 1U);
}

TEST_F(prison_to_probation_custody,
       a_conflict_on_the_repeat_of_an_unanswered_replace_is_its_success) {
  start();
  peers.once(calls::replace, no_answer());
  peers.on(calls::replace, answer(409));
  work(sample("bookingNumberChanged"));
  EXPECT_TRUE(domain_events().empty());
  harness->advance(hours{1});
  EXPECT_EQ(domain_events().size(), 1U);
  EXPECT_EQ(told().back(), "P2PBookingNumberChanged");
  EXPECT_EQ(the_message().status, message_status::completed);
}

TEST_F(prison_to_probation_custody, a_number_change_with_nothing_to_do_is_silently_done) {
  start("hold_back: 0s\nonly_prisons: LEI");
  work(sample("bookingNumberChanged"));
  EXPECT_EQ(peers.names, strings{calls::booking});
  EXPECT_TRUE(told().empty());
  EXPECT_EQ(the_message().status, message_status::completed);
}

// -- dates (§4.5)
// --------------------------------------------------------------------------------------

TEST_F(prison_to_probation_custody, changed_dates_are_sent_and_told) {
  for (const auto* message : {"sentenceDatesChanged", "confirmedReleaseDateChanged"}) {
    peers = world{};
    start();
    work(sample(message));
    EXPECT_EQ(peers.names, (strings{calls::booking, calls::sentence_detail, calls::key_dates}));
    EXPECT_EQ(told(), strings{"P2PSentenceDatesChanged"});
    EXPECT_EQ(told_of("P2PSentenceDatesChanged"),
              (text_map{{"bookingId", "1200835"},
                        {"offenderNo", "A5089DY"},
                        {"bookingNumber", "38339A"},
                        {"agencyId", "MDI"},
                        {"sentenceStartDate", "2020-02-11"},
                        {"sentenceExpiryDate", "2025-09-10"},
                        {"confirmedReleaseDate", "not present"},
                        {"conditionalReleaseDate", "2022-11-26"},
                        {"conditionalReleaseOverrideDate", "not present"},
                        {"licenceExpiryDate", "2025-09-10"},
                        {"paroleEligibilityDate", "not present"},
                        {"topupSupervisionExpiryDate", "not present"},
                        {"releaseDate", "2022-11-26"}}));
    EXPECT_EQ(harness->counter("ptpu_sentenceDateChange", "success"), 1U);
  }
}

TEST_F(prison_to_probation_custody, dates_that_delius_misses_are_done_and_counted_by_cause) {
  const std::map<std::string, std::string> labels{
    {"offender not found", "fail_no_offender"},
    {"conviction with bookingNumber 38339A not found", "fail_no_conviction"},
    {"duplicate active custodial convictions with booking number 38339A", "fail_no_offender"}};
  for (const auto& [text, label] : labels) {
    peers = world{};
    start();
    peers.on(calls::key_dates, answer(404, text));
    work(sample("sentenceDatesChanged"));
    EXPECT_EQ(told(), strings{"P2PSentenceDatesRecordNotFound"});
    EXPECT_EQ(the_message().status, message_status::key_dates_not_updated);
    EXPECT_EQ(the_message().phase, message_phase::processed);
    EXPECT_EQ(harness->counter("ptpu_sentenceDateChange", label), 1U) << text;
  }
}

TEST_F(prison_to_probation_custody, ignored_dates_tell_the_booking_when_its_prison_is_the_reason) {
  start("hold_back: 0s\nonly_prisons: LEI");
  work(sample("sentenceDatesChanged"));
  EXPECT_EQ(told_of("P2PSentenceDatesChangeIgnored"),
            (text_map{{"bookingId", "1200835"},
                      {"reason", "Not at an interested prison"},
                      {"offenderNo", "A5089DY"},
                      {"bookingNumber", "38339A"},
                      {"agencyId", "MDI"}}));
  peers.change(calls::booking, "activeFlag", false);
  work(sample("confirmedReleaseDateChanged"));
  EXPECT_EQ(told_of("P2PSentenceDatesChangeIgnored"),
            (text_map{{"bookingId", "1200835"}, {"reason", "Not an active booking"}}));
}

// -- hold-back and batch (§3, §10.9, §10.10)
// -----------------------------------------------------------

record status_at(std::string_view event_time) {
  return message_record("IMPRISONMENT_STATUS-CHANGED", R"({"bookingId":1200835,"eventDatetime":")" +
                                                         std::string{event_time} + "\"}");
}

TEST_F(prison_to_probation_custody, nothing_is_asked_before_the_hold_back_is_over) {
  start("hold_back: 15m");
  harness->feed(validated(sample("sentenceDatesChanged")));
  harness->advance(minutes{15} - duration{1});
  EXPECT_TRUE(peers.names.empty());
  EXPECT_EQ(harness->count_of(term::held), 1U);
  harness->advance(duration{1});
  EXPECT_EQ(peers.times(calls::key_dates), 1U);
}

TEST_F(prison_to_probation_custody, the_newest_of_a_type_is_synced_and_the_others_leave_a_trace) {
  start("hold_back: 15m");
  harness->feed(validated(status_at("2020-02-12T15:14:26")));
  harness->advance(minutes{10});
  harness->feed(validated(status_at("2020-02-12T15:14:24")));
  harness->advance(minutes{14});
  EXPECT_TRUE(peers.names.empty());
  harness->advance(minutes{1});
  EXPECT_EQ(harness->count_of(term::superseded), 1U);
  EXPECT_EQ(harness->count_of(term::done), 1U);
  EXPECT_EQ(peers.names, status_calls);
  EXPECT_EQ(told().front(), "P2PEventSuperseded");
  EXPECT_EQ(the_message().created, actors_test::start);
}

TEST_F(prison_to_probation_custody, the_types_of_a_batch_go_one_after_the_other_in_their_order) {
  start("hold_back: 15m");
  peers.on(calls::sentence_detail, answer(500));
  harness->feed(validated(sample("bookingNumberChanged")));
  harness->feed(validated(sample("externalMovement")));
  harness->feed(validated(sample("imprisonmentStatusChanged")));
  harness->advance(minutes{15});
  // That the first fails does not stop the others.
  EXPECT_EQ(peers.names,
            (strings{calls::sentence_detail, calls::movement, calls::booking, calls::prisoner,
                     calls::location, calls::booking, calls::identifiers, calls::replace}));
}

TEST_F(prison_to_probation_custody, a_batch_waits_for_the_attempt_that_is_under_way) {
  start("hold_back: 1m");
  harness->script([](const call&) { return std::optional<call_answer>{}; });
  harness->feed(validated(status_at("2020-02-12T15:14:24")));
  harness->advance(minutes{1});
  ASSERT_EQ(harness->open_calls().size(), 1U);
  harness->feed(validated(status_at("2020-02-12T15:14:25")));
  harness->advance(minutes{5});
  EXPECT_EQ(harness->count_of(term::held), 1U);
  EXPECT_EQ(harness->calls().size(), 1U);
  // The first one fails, so it waits; the newer one, whose hold-back is over, takes its place.
  harness->script([this](const call& c) { return std::optional{peers.reply(c.request)}; });
  EXPECT_EQ(harness->count_of(term::held), 0U);
  EXPECT_EQ(harness->count_of(term::done), 2U);
}

// -- retry and give-up (§5, §10.3, §10.9)
// ----------------------------------------------------------------

TEST_F(prison_to_probation_custody, the_bands_say_when_it_is_tried_again) {
  start(); // at 12:00 on 1 March
  peers.on(calls::sentence_detail, answer(500));
  work(sample("imprisonmentStatusChanged"));
  const auto tries = [&] { return peers.times(calls::sentence_detail); };
  EXPECT_EQ(tries(), 1U);
  harness->advance(hours{4});
  EXPECT_EQ(tries(), 5U); // 13, 14, 15, 16 o'clock: the short band has given its four
  harness->advance(minutes{14});
  EXPECT_EQ(tries(), 5U);
  harness->advance(minutes{1});
  EXPECT_EQ(tries(), 6U); // 16:15
  harness->advance(hours{20});
  EXPECT_EQ(tries(), 11U); // 20:15, 00:15, 04:15, 08:15, 12:15: six in all
  harness->advance_to(wall_time{parse_date("2024-03-02").value() + hours{23} + minutes{29}});
  EXPECT_EQ(tries(), 11U);
  harness->advance(minutes{1});
  EXPECT_EQ(tries(), 12U); // 23:30, and so on each day
  harness->advance(days{1});
  EXPECT_EQ(tries(), 13U);
  EXPECT_EQ(the_message().retry_count, 13U);
}

TEST_F(prison_to_probation_custody, at_delete_by_it_is_given_up_with_all_that_belongs_to_it) {
  start();
  peers.on(calls::match, answer(200, R"({"matchedBy":"NOTHING","matches":[]})"));
  const auto given = sample("imprisonmentStatusChanged");
  work(given);
  harness->advance(days{30} - duration{1});
  EXPECT_TRUE(harness->rejected().empty());
  harness->advance(duration{1});
  ASSERT_EQ(harness->rejected().size(), 1U);
  EXPECT_EQ(actors_test::cause_of(harness->rejected()[0]), "given_up");
  EXPECT_EQ(harness->rejected()[0].value, given.value);
  EXPECT_EQ(told().back(), "P2PGivenUp");
  EXPECT_EQ(told_of("P2PGivenUp").at("status"), "NO_MATCH");
  EXPECT_EQ(harness->counter("ptpu_statusChangeCounter", "fail"), 1U);
  EXPECT_TRUE(harness->state().empty());
  EXPECT_TRUE(harness->timers().empty());
}

TEST_F(prison_to_probation_custody, a_newer_event_pauses_the_retry_of_an_older_and_supersedes_it) {
  start("hold_back: 15m");
  peers.on(calls::booking_number, answer(404));
  harness->feed(validated(status_at("2020-02-12T15:14:24")));
  harness->advance(minutes{50}); // tried at 12:15; the next tick is at 13:00
  EXPECT_EQ(peers.times(calls::booking_number), 1U);
  harness->feed(validated(status_at("2020-02-12T15:14:25")));
  harness->advance(minutes{14}); // 13:04
  EXPECT_EQ(peers.times(calls::booking_number), 1U);
  harness->advance(minutes{1});
  EXPECT_EQ(peers.times(calls::booking_number), 2U);
  EXPECT_EQ(harness->count_of(term::superseded), 1U);
  EXPECT_EQ(told_of("P2PEventSuperseded").at("retryCount"), "1");
  EXPECT_EQ(the_message().retry_count, 1U);
}

TEST_F(prison_to_probation_custody, a_processed_message_is_forgotten_after_thirty_days) {
  start();
  work(sample("sentenceDatesChanged"));
  harness->advance(days{30} - duration{1});
  EXPECT_EQ(harness->state().size(), 1U);
  harness->advance(duration{1});
  EXPECT_TRUE(harness->state().empty());
  EXPECT_TRUE(harness->timers().empty());
}

} // namespace
} // namespace sallyport::prison_to_probation
