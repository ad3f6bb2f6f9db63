// Each sample message, with the sample replies of the servers, leads to the calls of the
// specification.

#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

namespace sallyport::test {
namespace {

const std::filesystem::path data =
  std::filesystem::path{SALLYPORT_SOURCE_DIR} / "tests/data/prison_to_probation";

constexpr const char* booking = "GET /api/bookings/1200835?basicInfo=false&extraInfo=true";
constexpr const char* sentence_detail = "GET /api/bookings/1200835/sentenceDetail";
constexpr const char* sentence_terms = "GET /api/offender-sentences/booking/1200835/sentenceTerms";
constexpr const char* movement = "GET /api/bookings/1200835/movement/1";
constexpr const char* merged_numbers = "GET /api/bookings/1200835/identifiers?type=MERGED";
constexpr const char* prisoner = "GET /api/prisoners?offenderNo=A5089DY";
constexpr const char* location =
  "PUT /secure/offenders/nomsNumber/A5089DY/custody/bookingNumber/38339A "
  R"({"nomsPrisonInstitutionCode":"MDI"})";
constexpr const char* key_dates =
  "POST /secure/offenders/nomsNumber/A5089DY/bookingNumber/38339A/custody/keyDates "
  R"({"conditionalReleaseDate":"2022-11-26","licenceExpiryDate":"2025-09-10",)"
  R"("hdcEligibilityDate":null,"paroleEligibilityDate":null,"sentenceExpiryDate":"2025-09-10",)"
  R"("expectedReleaseDate":null,"postSentenceSupervisionEndDate":null})";

class messages_test : public ::testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(instance_.start()) << instance_.said(); }

  /// The calls that the message leads to, in their order.
  std::vector<std::string> calls_of(const std::string& message) {
    const auto text = text_of(data / "messages" / (message + ".json"));
    EXPECT_EQ(instance_.http().post("/ingress/prison-offender-events", text).status, 200);
    EXPECT_TRUE(instance_.settles(1)) << instance_.said();
    std::vector<std::string> calls;
    for (const auto& r : peers_.requests()) {
      EXPECT_EQ(r["status"], 200) << r;
      auto call = r["method"].get<std::string>() + " " + r["path"].get<std::string>();
      if (const auto body = r["body"].get<std::string>(); !body.empty())
        call += " " + body;
      calls.push_back(std::move(call));
    }
    return calls;
  }

  std::vector<std::string> telemetry() {
    std::vector<std::string> names;
    for (const auto& line : instance_.log("telemetry"))
      names.push_back(line["value"]["name"]);
    return names;
  }

  using texts = std::vector<std::string>;

  peers peers_{{"--people", "1", "--mappings", (data / "mappings").string()}};
  instance instance_{peers_.url(), {{"HOLD_BACK", "0s"}}};
};

TEST_F(messages_test, a_status_change_is_matched_and_sets_all_that_delius_keeps) {
  EXPECT_EQ(calls_of("imprisonmentStatusChanged"),
            (texts{// on arrival
                   sentence_detail, booking,
                   // the attempt
                   sentence_detail, sentence_terms, booking, prisoner,
                   R"(POST /match {"firstName":"ANDY","surname":"MARKE",)"
                   R"("dateOfBirth":"1970-01-01","nomsNumber":"A5089DY","activeSentence":true,)"
                   R"("pncNumber":null,"croNumber":null})",
                   "GET /secure/offenders/crn/X142620/convictions",
                   "GET /secure/offenders/crn/X181002/convictions",
                   R"(PUT /secure/offenders/crn/X142620/nomsNumber {"nomsNumber":"A5089DY"})",
                   "PUT /secure/offenders/nomsNumber/A5089DY/custody/bookingNumber "
                   R"({"sentenceStartDate":"2020-02-11","bookingNumber":"38339A"})",
                   location, key_dates}));
  EXPECT_EQ(telemetry(),
            (texts{"P2POffenderMatch", "P2POffenderNumberSet", "P2PImprisonmentStatusUpdated"}));
  const auto events = instance_.log("probation-case-events");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["value"]["eventType"], "probation-case.prison-identifier.added");
}

TEST_F(messages_test, an_admission_sets_the_location) {
  EXPECT_EQ(calls_of("externalMovement"),
            (texts{movement, booking, movement, booking, prisoner, location}));
  EXPECT_EQ(telemetry(), (texts{"P2PExternalMovement", "P2PTransferProbationUpdated"}));
}

TEST_F(messages_test, a_change_of_the_booking_number_replaces_the_merged_number) {
  EXPECT_EQ(calls_of("bookingNumberChanged"),
            (texts{booking, merged_numbers, booking, merged_numbers,
                   R"(PUT /secure/offenders/nomsNumber/A9999DY/nomsNumber )"
                   R"({"nomsNumber":"A5089DY"})"}));
  EXPECT_EQ(telemetry(), texts{"P2PBookingNumberChanged"});
  const auto events = instance_.log("probation-case-events");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["value"]["eventType"], "probation-case.prison-identifier.updated");
}

TEST_F(messages_test, changed_sentence_dates_replace_the_key_dates) {
  EXPECT_EQ(calls_of("sentenceDatesChanged"),
            (texts{booking, booking, sentence_detail, key_dates}));
  EXPECT_EQ(telemetry(), texts{"P2PSentenceDatesChanged"});
}

TEST_F(messages_test, a_confirmed_release_date_replaces_the_key_dates) {
  EXPECT_EQ(calls_of("confirmedReleaseDateChanged"),
            (texts{booking, booking, sentence_detail, key_dates}));
  EXPECT_EQ(telemetry(), texts{"P2PSentenceDatesChanged"});
}

TEST_F(messages_test, a_message_of_another_type_asks_nobody) {
  EXPECT_EQ(calls_of("notAnExternalMovement"), texts{});
  EXPECT_EQ(instance_.look()->discarded, 1);
}

} // namespace
} // namespace sallyport::test
