#include "tests/actors/support.hpp"
#include "tests/topologies/prison_to_probation.hpp"

#include <gtest/gtest.h>

namespace sallyport::prison_to_probation {
namespace {

using actors_test::cause_of;
using actors_test::detail_of;
using testing::answer;
using testing::message_record;
using testing::names_of;
using testing::no_answer;
using testing::properties_of;
using testing::sample;
using testing::world;
namespace calls = testing::calls;
using std::chrono::days;
using std::chrono::seconds;

// -- form -----------------------------------------------------------------------------------------

operator_harness form_harness(std::string_view yaml = "{}") {
  return actors_test::harness_of("prison_to_probation.form", yaml);
}

TEST(prison_to_probation_form, an_event_goes_on_as_it_came_with_its_type_and_booking_in_headers) {
  auto form = form_harness();
  const auto given = sample("imprisonmentStatusChanged");
  form.feed(given);
  ASSERT_EQ(form.out().size(), 1U);
  const auto& out = form.out()[0];
  EXPECT_EQ(out.value, given.value);
  EXPECT_EQ(out.key.view(), "1200835");
  EXPECT_EQ(out.find("eventType"), "IMPRISONMENT_STATUS-CHANGED");
  EXPECT_EQ(out.find("bookingId"), "1200835");
  EXPECT_EQ(out.find("messageId"), "ee46cb90-a2de-57bf-86ba-9d2eba64645a");
}

TEST(prison_to_probation_form, what_can_never_be_an_event_is_rejected_by_name_and_told) {
  auto form = form_harness();
  form.feed(message_record("EXTERNAL_MOVEMENT_RECORD-INSERTED", R"({"bookingId":1})"));
  ASSERT_EQ(form.rejected().size(), 1U);
  EXPECT_EQ(cause_of(form.rejected()[0]), "missing_field");
  EXPECT_EQ(detail_of(form.rejected()[0]), "movementSeq is missing");
  EXPECT_EQ(properties_of(form.published("telemetry"), "P2PDeadLetter").at("detail"),
            "movementSeq is missing");
}

TEST(prison_to_probation_form, a_type_that_is_not_ours_is_discarded_and_told) {
  auto form = form_harness("profile: head");
  form.feed(sample("notAnExternalMovement"));
  form.feed(sample("externalMovement"));
  EXPECT_EQ(form.finished(term::discarded, "unexpected_type"), 2U);
  EXPECT_EQ(names_of(form.published("telemetry")),
            (std::vector<std::string>{"P2PUnexpectedEventType", "P2PUnexpectedEventType"}));
}

// -- validate -------------------------------------------------------------------------------------

class prison_to_probation_validate : public ::testing::Test {
protected:
  void start(std::string_view yaml = "{}") {
    harness.emplace(
      actors_test::entry_of("prison_to_probation.validate"),
      config::parse_params(actors_test::entry_of("prison_to_probation.validate").spec, yaml)
        .value(),
      actors_test::start);
    harness->script([this](const call& c) { return std::optional{peers.reply(c.request)}; });
    harness->restart_before_each_input();
  }
  void TearDown() override {
    if (harness) {
      EXPECT_TRUE(harness->failures().empty());
      for (const auto& c : harness->calls()) {
        EXPECT_TRUE(c.what.read);
        EXPECT_EQ(c.what.key, "1200835");
      }
    }
  }

  /// That the sample is discarded with the reason, after these calls.
  void expect_reject(std::string_view message, std::string_view reason,
                     const std::vector<std::string>& asked) {
    harness->feed(sample(message));
    EXPECT_EQ(peers.names, asked);
    EXPECT_EQ(harness->finished(term::discarded, reason), 1U) << reason;
    EXPECT_EQ(properties_of(harness->published("telemetry"), "P2PEventRejected").at("reason"),
              reason);
  }

  world peers;
  std::optional<operator_harness> harness;
};

using strings = std::vector<std::string>;

TEST_F(prison_to_probation_validate, each_sample_passes_after_the_reads_of_its_type) {
  const std::map<std::string, strings> expected{
    {"imprisonmentStatusChanged", {calls::sentence_detail, calls::booking}},
    {"externalMovement", {calls::movement, calls::booking}},
    {"bookingNumberChanged", {calls::booking, calls::identifiers}},
    {"sentenceDatesChanged", {calls::booking}},
    {"confirmedReleaseDateChanged", {calls::booking}}};
  for (const auto& [message, asked] : expected) {
    start();
    peers.names.clear();
    const auto given = sample(message);
    harness->feed(given);
    EXPECT_EQ(peers.names, asked) << message;
    ASSERT_EQ(harness->out().size(), 1U) << message;
    auto out = harness->out()[0];
    EXPECT_EQ(out.value, given.value);
    const auto snapshot = take_snapshot(out);
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(snapshot->booking_no, "38339A");
    EXPECT_EQ(snapshot->location_id, "MDI");
    EXPECT_TRUE(harness->published("telemetry").empty());
  }
}

TEST_F(prison_to_probation_validate, a_status_change_of_another_sequence_asks_nobody) {
  start();
  harness->feed(message_record("IMPRISONMENT_STATUS-CHANGED",
                               R"({"bookingId":1200835,"imprisonmentStatusSeq":1})"));
  EXPECT_EQ(harness->finished(term::discarded, "Non zero sequence"), 1U);
  EXPECT_TRUE(peers.names.empty());
}

TEST_F(prison_to_probation_validate, a_status_change_without_a_sentence_start_is_rejected) {
  start();
  peers.change(calls::sentence_detail, "sentenceStartDate", nullptr);
  expect_reject("imprisonmentStatusChanged", "No sentence start date", {calls::sentence_detail});
}

TEST_F(prison_to_probation_validate, an_inactive_booking_is_rejected) {
  start();
  peers.change(calls::booking, "activeFlag", false);
  expect_reject("imprisonmentStatusChanged", "Not an active booking",
                {calls::sentence_detail, calls::booking});
}

TEST_F(prison_to_probation_validate, a_prison_that_takes_no_part_is_rejected) {
  start("only_prisons: LEI");
  expect_reject("sentenceDatesChanged", "Not at an interested prison", {calls::booking});
}

TEST_F(prison_to_probation_validate, a_movement_that_is_not_there_is_rejected) {
  start();
  peers.on(calls::movement, answer(404));
  expect_reject("externalMovement", "Movement not found", {calls::movement});
}

TEST_F(prison_to_probation_validate, a_movement_that_is_no_admission_is_rejected) {
  start();
  peers.change(calls::movement, "movementType", "TRN");
  expect_reject("externalMovement", "Not a transfer", {calls::movement});
}

TEST_F(prison_to_probation_validate, a_movement_to_a_prison_that_takes_no_part_is_rejected) {
  start("only_prisons: LEI");
  expect_reject("externalMovement", "Not an interested prison", {calls::movement});
}

TEST_F(prison_to_probation_validate, a_booking_number_without_merged_numbers_is_rejected) {
  start();
  peers.on(calls::identifiers, answer(200, "[]"));
  expect_reject("bookingNumberChanged", "No merged offenders found",
                {calls::booking, calls::identifiers});
}

TEST_F(prison_to_probation_validate, a_booking_number_of_an_inactive_booking_passes) {
  start();
  peers.change(calls::booking, "activeFlag", false);
  harness->feed(sample("bookingNumberChanged"));
  EXPECT_EQ(harness->out().size(), 1U);
}

TEST_F(prison_to_probation_validate, a_read_that_is_refused_makes_a_dead_letter_at_once) {
  start();
  peers.on(calls::booking, answer(404));
  harness->feed(sample("sentenceDatesChanged"));
  ASSERT_EQ(harness->rejected().size(), 1U);
  EXPECT_EQ(cause_of(harness->rejected()[0]), "read_refused");
  EXPECT_EQ(detail_of(harness->rejected()[0]),
            "prison-api answered 404 to the read of the booking");
  EXPECT_EQ(names_of(harness->published("telemetry")), strings{"P2PDeadLetter"});
}

TEST_F(prison_to_probation_validate, a_dead_letter_that_is_sent_back_is_no_repeat) {
  start();
  peers.once(calls::booking, answer(400));
  harness->feed(sample("sentenceDatesChanged"));
  harness->feed(sample("sentenceDatesChanged"));
  EXPECT_EQ(harness->rejected().size(), 1U);
  EXPECT_EQ(harness->out().size(), 1U);
}

TEST_F(prison_to_probation_validate, any_other_failure_is_repeated_with_growing_pauses) {
  start();
  for (const int status : {503, 429, 401, 408})
    peers.once(calls::booking, answer(status));
  peers.once(calls::booking, no_answer());
  peers.once(calls::booking, answer(200, "<html>"));
  harness->feed(sample("sentenceDatesChanged"));
  EXPECT_EQ(harness->count_of(term::waiting), 1U);
  for (const int pause : {5, 10, 20, 40, 80}) {
    harness->advance(seconds{pause} - duration{1});
    EXPECT_TRUE(harness->out().empty());
    harness->advance(duration{1});
  }
  EXPECT_TRUE(harness->out().empty());
  harness->advance(seconds{160});
  EXPECT_EQ(harness->out().size(), 1U);
  EXPECT_EQ(peers.times(calls::booking), 7U);
  EXPECT_TRUE(harness->published("telemetry").empty());
}

TEST_F(prison_to_probation_validate, a_message_that_comes_again_within_thirty_days_is_dropped) {
  start();
  harness->feed(sample("sentenceDatesChanged"));
  harness->advance(days{30} - duration{1});
  harness->feed(sample("sentenceDatesChanged"));
  EXPECT_EQ(harness->finished(term::discarded, "repeated_message"), 1U);
  EXPECT_EQ(names_of(harness->published("telemetry")), strings{"P2PEventRepeated"});
  harness->advance(duration{1});
  harness->feed(sample("sentenceDatesChanged"));
  EXPECT_EQ(harness->out().size(), 2U);
}

TEST_F(prison_to_probation_validate, ids_are_forgotten_when_their_time_is_over) {
  start();
  harness->feed(sample("sentenceDatesChanged"));
  EXPECT_FALSE(harness->state().empty());
  harness->advance(days{31});
  EXPECT_TRUE(harness->state().empty());
  EXPECT_TRUE(harness->timers().empty());
}

TEST_F(prison_to_probation_validate, two_messages_of_equal_content_are_two_events) {
  start();
  harness->feed(message_record("SENTENCE_DATES-CHANGED", R"({"bookingId":1200835})"));
  harness->feed(message_record("SENTENCE_DATES-CHANGED", R"({"bookingId":1200835})"));
  EXPECT_EQ(harness->out().size(), 2U);
}

} // namespace
} // namespace sallyport::prison_to_probation
