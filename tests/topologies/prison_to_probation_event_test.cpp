#include "tests/topologies/prison_to_probation.hpp"
#include "topologies/prison_to_probation/event.hpp"

#include <gtest/gtest.h>

namespace sallyport::prison_to_probation {
namespace {

using testing::message_record;
using testing::sample;

event parsed(const record& r, profile of = profile::full) {
  const auto result = parse_event(r, of);
  if (!std::holds_alternative<event>(result))
    throw std::runtime_error("it is no event");
  return std::get<event>(result);
}

bad_event refused(const record& r) {
  const auto result = parse_event(r, profile::full);
  if (!std::holds_alternative<bad_event>(result))
    throw std::runtime_error("it was not refused");
  return std::get<bad_event>(result);
}

bool unexpected(const record& r, profile of) {
  return std::holds_alternative<unexpected_event>(parse_event(r, of));
}

record envelope(std::string_view attributes, std::string_view message) {
  record r;
  r.value = R"({"MessageId":"m1","MessageAttributes":)" + std::string{attributes} +
            R"(,"Message":)" + nlohmann::json(message).dump() + "}";
  return r;
}

constexpr std::string_view status_attribute =
  R"({"eventType":{"Type":"String","Value":"IMPRISONMENT_STATUS-CHANGED"}})";

TEST(prison_to_probation_event, the_sample_messages_are_read) {
  const auto status = parsed(sample("imprisonmentStatusChanged"));
  EXPECT_EQ(status.type, event_type::imprisonment_status);
  EXPECT_EQ(status.booking_id, 1200835);
  EXPECT_EQ(status.imprisonment_status_seq, 0);
  EXPECT_EQ(status.message_id, "ee46cb90-a2de-57bf-86ba-9d2eba64645a");
  EXPECT_EQ(status.event_time, parse_local_moment("2020-02-12T15:14:24.125533"));

  const auto movement = parsed(sample("externalMovement"));
  EXPECT_EQ(movement.type, event_type::external_movement);
  EXPECT_EQ(movement.movement_seq, 1);

  EXPECT_EQ(parsed(sample("bookingNumberChanged")).type, event_type::booking_number);
  EXPECT_EQ(parsed(sample("sentenceDatesChanged")).type, event_type::sentence_dates);
  EXPECT_EQ(parsed(sample("confirmedReleaseDateChanged")).type, event_type::confirmed_release_date);
  EXPECT_TRUE(unexpected(sample("notAnExternalMovement"), profile::full));
}

TEST(prison_to_probation_event, the_attribute_of_the_envelope_counts_and_not_the_inner_type) {
  const auto what = parsed(envelope(status_attribute, R"({"eventType":"OTHER","bookingId":1})"));
  EXPECT_EQ(what.type, event_type::imprisonment_status);
}

TEST(prison_to_probation_event, an_envelope_without_the_attribute_is_refused) {
  const auto bad =
    refused(envelope("{}", R"({"eventType":"IMPRISONMENT_STATUS-CHANGED","bookingId":1})"));
  EXPECT_EQ(bad.cause, "no_event_type");
  EXPECT_EQ(bad.detail, "MessageAttributes.eventType.Value is missing");
}

TEST(prison_to_probation_event, a_bare_message_takes_its_type_from_the_header) {
  const auto what = parsed(message_record("BOOKING_NUMBER-CHANGED", R"({"bookingId":7})"));
  EXPECT_EQ(what.type, event_type::booking_number);
  EXPECT_EQ(what.booking_id, 7);
  EXPECT_EQ(what.message_id, "");

  record without;
  without.value = R"({"eventType":"BOOKING_NUMBER-CHANGED","bookingId":7})";
  EXPECT_EQ(refused(without).cause, "no_event_type");
}

TEST(prison_to_probation_event, what_is_no_json_is_refused) {
  EXPECT_EQ(refused(message_record("BOOKING_NUMBER-CHANGED", "oops")).cause, "no_json");
  EXPECT_EQ(refused(message_record("BOOKING_NUMBER-CHANGED", "")).cause, "no_json");
  EXPECT_EQ(refused(envelope(status_attribute, "oops")).detail, "Message is no JSON");
  EXPECT_EQ(refused(envelope(status_attribute, "")).detail, "Message is empty");
}

TEST(prison_to_probation_event, a_number_written_as_text_is_a_number) {
  const auto what = parsed(message_record("EXTERNAL_MOVEMENT_RECORD-INSERTED",
                                          R"({"bookingId":"1200835","movementSeq":"3"})"));
  EXPECT_EQ(what.booking_id, 1200835);
  EXPECT_EQ(what.movement_seq, 3);
}

TEST(prison_to_probation_event, a_missing_number_is_named) {
  EXPECT_EQ(refused(message_record("BOOKING_NUMBER-CHANGED", "{}")).detail, "bookingId is missing");
  EXPECT_EQ(refused(message_record("BOOKING_NUMBER-CHANGED", R"({"bookingId":null})")).detail,
            "bookingId is missing");
  EXPECT_EQ(
    refused(message_record("EXTERNAL_MOVEMENT_RECORD-INSERTED", R"({"bookingId":1})")).detail,
    "movementSeq is missing");
  EXPECT_EQ(refused(message_record("BOOKING_NUMBER-CHANGED", R"({"bookingId":"x1"})")).detail,
            "bookingId is no whole number");
}

TEST(prison_to_probation_event, what_real_messages_lack_is_no_error) {
  const auto what = parsed(message_record("IMPRISONMENT_STATUS-CHANGED", R"({"bookingId":1})"));
  EXPECT_EQ(what.imprisonment_status_seq, 0);
  EXPECT_FALSE(what.event_time);
}

TEST(prison_to_probation_event, each_profile_handles_its_types) {
  const auto movement = sample("externalMovement");
  const auto dates = sample("sentenceDatesChanged");
  const auto release = sample("confirmedReleaseDateChanged");
  EXPECT_FALSE(unexpected(movement, profile::readme));
  EXPECT_TRUE(unexpected(dates, profile::readme));
  EXPECT_TRUE(unexpected(release, profile::readme));
  EXPECT_TRUE(unexpected(movement, profile::head));
  EXPECT_FALSE(unexpected(sample("bookingNumberChanged"), profile::head));
}

TEST(prison_to_probation_event, local_times_are_read_to_the_microsecond) {
  const auto a = parse_local_moment("2020-02-12T15:14:24.125533");
  const auto b = parse_local_moment("2020-02-12T15:14:24.125534");
  const auto short_one = parse_local_moment("2020-02-12T15:14:24.1");
  ASSERT_TRUE(a && b && short_one);
  EXPECT_LT(*a, *b);
  EXPECT_LT(*short_one, *a);
  EXPECT_EQ(parse_local_moment("2020-02-12T15:14"), parse_local_moment("2020-02-12T15:14:00.0"));
  EXPECT_FALSE(parse_local_moment("2020-02-30T15:14:24"));
  EXPECT_FALSE(parse_local_moment("2020-02-12T15:14:24.12x"));
  EXPECT_FALSE(parse_local_moment("yesterday"));
}

TEST(prison_to_probation_settings, an_empty_list_of_prisons_means_all) {
  EXPECT_TRUE(interested_prisons("").contains("MDI"));
  EXPECT_TRUE(interested_prisons("").contains(std::nullopt));
}

TEST(prison_to_probation_settings, a_list_of_prisons_takes_no_other_and_no_null) {
  const interested_prisons some{"MDI, LEI ,,BMI"};
  EXPECT_TRUE(some.contains("MDI"));
  EXPECT_TRUE(some.contains("LEI"));
  EXPECT_TRUE(some.contains("BMI"));
  EXPECT_FALSE(some.contains("MD"));
  EXPECT_FALSE(some.contains(""));
  EXPECT_FALSE(some.contains(std::nullopt));
}

// -- the forms of the wire
// --------------------------------------------------------------------------

TEST(prison_to_probation_wire, an_object_is_written_as_any_json_reader_reads_it) {
  std::string every_byte;
  for (int c = 1; c < 0x80; ++c)
    every_byte += static_cast<char>(c);
  object_writer inner;
  inner.text("all", every_byte);
  object_writer whole;
  whole.text("text", "Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80")
    .text_or_null("none", std::nullopt)
    .text_or_null("some", std::string{})
    .date("day", parse_date("2020-02-12").value())
    .date("no_day", std::nullopt)
    .flag("yes", true)
    .object("inner", std::move(inner));
  const auto json = nlohmann::ordered_json::parse(std::move(whole).done());
  EXPECT_EQ(json.at("text"), "Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80");
  EXPECT_TRUE(json.at("none").is_null());
  EXPECT_EQ(json.at("some"), "");
  EXPECT_EQ(json.at("day"), "2020-02-12");
  EXPECT_TRUE(json.at("no_day").is_null());
  EXPECT_EQ(json.at("yes"), true);
  EXPECT_EQ(json.at("inner").at("all"), every_byte);
  EXPECT_EQ(json.begin().key(), "text");
  EXPECT_EQ(object_writer{}.done(), "{}");
}

TEST(prison_to_probation_wire, bytes_that_are_no_utf8_are_replaced_one_by_one) {
  object_writer broken;
  broken.text("t", "a\xFF\xC3\xA9\xE2\x82");
  const auto json = nlohmann::json::parse(std::move(broken).done());
  EXPECT_EQ(json.at("t"), "a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(prison_to_probation_wire, texts_that_are_parsed_at_once_do_not_disturb_each_other) {
  json_text outer;
  const auto first = outer.parse(R"({"a":"one"})").value();
  {
    json_text inner;
    EXPECT_EQ(text_of(inner.parse(R"({"a":"two"})").value(), "a"), "two");
  }
  json_text again;
  EXPECT_EQ(text_of(again.parse(R"({"a":"three"})").value(), "a"), "three");
  EXPECT_FALSE(again.parse("{"));
  EXPECT_EQ(text_of(first, "a"), "one");
}

} // namespace
} // namespace sallyport::prison_to_probation
