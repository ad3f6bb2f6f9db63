#include "topologies/prison_to_probation/reports/csv.hpp"
#include "topologies/prison_to_probation/reports/gauges.hpp"
#include "topologies/prison_to_probation/reports/reports.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// The reports of §6, each as the class that decides it.

namespace sallyport::prison_to_probation {
namespace {

using nlohmann::ordered_json;

wall_time at(std::string_view text) { return parse_offset_datetime(text).value(); }

const zone& in_london() {
  static const auto here = london().value();
  return here;
}

/// Asked on 15 June 2023 at noon in London, which is an hour ahead of UTC then.
query_input asked(std::string_view query) {
  return {parse_query(query), at("2023-06-15T11:00:00Z")};
}

message waiting(message_status status, std::string_view created) {
  message m;
  m.id = "1";
  m.what.booking_id = 1200835;
  m.status = status;
  m.phase = message_phase::waiting;
  m.retry_count = 1;
  m.created = at(created);
  m.delete_by = m.created + std::chrono::days{30};
  m.snapshot = {"A5089DY", "38339A", "MDI", "Moorland", true, "SENTENCED"};
  return m;
}

message done(message_status status, std::string_view created, std::string_view processed) {
  auto m = waiting(status, created);
  m.phase = message_phase::processed;
  m.processed = at(processed);
  return m;
}

std::string refusal_of(const result<processed_report>& of) {
  return of ? "taken" : of.error().what;
}

// -- CSV ------------------------------------------------------------------------------------------

TEST(csv, a_line_has_the_columns_of_the_alphabet_each_in_quotes) {
  auto m = waiting(message_status::no_match, "2023-06-01T08:30:15.125Z");
  m.crns = "X1, X2";
  EXPECT_EQ(csv_header(csv_form::open),
            R"("BOOKINGID","BOOKINGNO","CREATEDDATE","CRNS","DELETEBY","EVENTTYPE","LEGALSTATUS",)"
            R"("LOCATION","LOCATIONID","OFFENDERNO","RECALL","STATUS")"
            "\n");
  EXPECT_EQ(csv_line(m, csv_form::open, {in_london(), retention{in_london(), false}}),
            R"("1200835","38339A","2023-06-01T09:30:15.125","X1, X2","2023-07-01T09:30:15",)"
            R"("IMPRISONMENT_STATUS-CHANGED","SENTENCED","Moorland","MDI","A5089DY","true",)"
            R"("NO_MATCH")"
            "\n");
}

TEST(csv, a_processed_line_tells_when) {
  const auto m = done(message_status::completed, "2023-06-01T08:30:15Z", "2023-06-01T09:00:00.5Z");
  EXPECT_NE(csv_header(csv_form::processed).find(R"("OFFENDERNO","PROCESSEDDATE","RECALL")"),
            std::string::npos);
  EXPECT_NE(csv_line(m, csv_form::processed, {in_london(), retention{in_london(), false}})
              .find(R"("A5089DY","2023-06-01T10:00:00.500","true")"),
            std::string::npos);
}

TEST(csv, a_null_is_empty_and_a_quote_is_doubled) {
  auto m = waiting(message_status::validated, "2023-01-01T08:00:00Z");
  m.snapshot.location_id = std::nullopt;
  m.snapshot.location_description = R"(The "Moor", north)";
  m.snapshot.recall = std::nullopt;
  m.snapshot.legal_status = std::nullopt;
  EXPECT_EQ(csv_line(m, csv_form::open, {in_london(), retention{in_london(), false}}),
            R"("1200835","38339A","2023-01-01T08:00:00","","2023-01-31T08:00:00",)"
            R"("IMPRISONMENT_STATUS-CHANGED","","The ""Moor"", north","","A5089DY","","VALIDATED")"
            "\n");
  m.snapshot.recall = false;
  EXPECT_NE(
    csv_line(m, csv_form::open, {in_london(), retention{in_london(), false}}).find(R"("false")"),
    std::string::npos);
}

TEST(csv, delete_by_of_the_original_is_read_as_utc) {
  const auto m = waiting(message_status::no_match, "2023-06-01T08:30:15Z");
  EXPECT_NE(csv_line(m, csv_form::open, {in_london(), retention{in_london(), true}})
              .find("2023-07-01T08:30:15"),
            std::string::npos);
}

TEST(csv, a_report_without_rows_is_empty_and_one_with_rows_comes_whole) {
  const auto none = csv_answer({}, csv_form::open);
  EXPECT_EQ(none.content_type, "text/csv");
  EXPECT_EQ(none.body, "");
  EXPECT_FALSE(none.next_part);
  std::vector<query_row> rows(5'000, query_row{"", std::string(99, 'x') + "\n"});
  const auto some = csv_answer(rows, csv_form::open);
  std::string whole;
  std::size_t parts = 0;
  for (auto part = some.next_part(); !part->empty(); part = some.next_part(), ++parts)
    whole += *part;
  EXPECT_EQ(whole.size(), csv_header(csv_form::open).size() + 5'000 * 100);
  EXPECT_GT(parts, 1U);
}

TEST(csv, rows_are_ordered_by_their_creation) {
  const report_clocks by{in_london(), retention{in_london(), false}};
  const auto older = waiting(message_status::no_match, "2023-06-01T08:30:15.125Z");
  auto younger = waiting(message_status::no_match, "2023-06-01T08:30:15.13Z");
  younger.what.booking_id = 1;
  EXPECT_LT(csv_row(older, csv_form::open, by).order, csv_row(younger, csv_form::open, by).order);
}

// -- not matched ----------------------------------------------------------------------------------

bool is_not_matched(std::string_view query, message_status status, std::string_view created) {
  return not_matched_report::from(asked(query), in_london())
    .value()
    .wants(waiting(status, created));
}

TEST(not_matched, it_has_those_whom_nobody_nothing_or_too_much_matched) {
  const auto old = "2023-06-01T00:00:00Z";
  for (const auto status : {message_status::no_match, message_status::no_match_with_sentence_date,
                            message_status::too_many_matches})
    EXPECT_TRUE(is_not_matched("", status, old)) << to_string(status);
  for (const auto status :
       {message_status::error, message_status::not_valid, message_status::validated,
        message_status::booking_number_not_assigned, message_status::location_not_updated,
        message_status::key_dates_not_updated})
    EXPECT_FALSE(is_not_matched("", status, old)) << to_string(status);
}

TEST(not_matched, it_has_those_older_than_seven_days_or_as_asked) {
  const auto status = message_status::no_match;
  EXPECT_TRUE(is_not_matched("", status, "2023-06-08T10:59:59.999Z"));
  EXPECT_FALSE(is_not_matched("", status, "2023-06-08T11:00:00Z"));
  EXPECT_FALSE(is_not_matched("daysOld=8", status, "2023-06-08T10:00:00Z"));
  EXPECT_TRUE(is_not_matched("daysOld=0", status, "2023-06-15T10:59:59Z"));
  EXPECT_TRUE(is_not_matched("daysOld=", status, "2023-06-08T10:59:59Z")) << "none is seven";
}

TEST(not_matched, days_are_those_of_the_calendar_also_over_a_clock_change) {
  const query_input late{parse_query("daysOld=1"), at("2023-03-26T11:00:00Z")};
  const auto report = not_matched_report::from(late, in_london()).value();
  EXPECT_TRUE(report.wants(waiting(message_status::no_match, "2023-03-25T11:30:00Z")));
}

TEST(not_matched, a_parameter_that_is_no_number_is_named) {
  for (const char* query :
       {"daysOld=x", "daysOld=1.5", "daysOld=99999999999999999999", "daysOld=400000"}) {
    const auto report = not_matched_report::from(asked(query), in_london());
    ASSERT_FALSE(report) << query;
    EXPECT_EQ(report.error().domain, error_domain::user);
    EXPECT_NE(report.error().what.find("daysOld"), std::string::npos);
  }
}

// -- processed ------------------------------------------------------------------------------------

bool is_processed(std::string_view query) {
  return processed_report::from(asked(query), in_london())
    .value()
    .wants(done(message_status::completed, "2023-06-01T08:00:00Z", "2023-06-02T08:00:00Z"));
}

TEST(processed, without_parameters_it_has_all) { EXPECT_TRUE(is_processed("")); }

TEST(processed, place_and_type_must_be_equal) {
  EXPECT_TRUE(is_processed("locationId=MDI&eventType=IMPRISONMENT_STATUS-CHANGED"));
  EXPECT_FALSE(is_processed("locationId=LEI"));
  EXPECT_FALSE(is_processed("locationId=MD"));
  EXPECT_FALSE(is_processed("eventType=BOOKING_NUMBER-CHANGED"));
  EXPECT_TRUE(is_processed("location=LEI")) << "an unknown parameter is ignored";
}

TEST(processed, times_are_of_london_and_bounds_are_exclusive) {
  EXPECT_TRUE(is_processed("createdDateStartDateTime=2023-06-01T08:59:59"));
  EXPECT_FALSE(is_processed("createdDateStartDateTime=2023-06-01T09:00:00"));
  EXPECT_TRUE(is_processed("createdDateEndDateTime=2023-06-01T09:00:01"));
  EXPECT_FALSE(is_processed("createdDateEndDateTime=2023-06-01T09:00"));
  EXPECT_TRUE(is_processed("processedDateStartDateTime=2023-06-02T08:59:59.999"
                           "&processedDateEndDateTime=2023-06-02T09:00:00.001"));
  EXPECT_FALSE(is_processed("processedDateStartDateTime=2023-06-02T09:00:00"));
  EXPECT_FALSE(is_processed("processedDateEndDateTime=2023-06-02T09:00:00"));
}

TEST(processed, what_is_no_local_time_is_named) {
  for (const char* name : {"createdDateStartDateTime", "createdDateEndDateTime",
                           "processedDateStartDateTime", "processedDateEndDateTime"})
    for (const char* value :
         {"2023-06-01", "2023-06-01T09:00:00Z", "yesterday", "2023-13-01T09:00"})
      EXPECT_EQ(
        refusal_of(processed_report::from(asked(std::string{name} + "=" + value), in_london())),
        "the parameter " + std::string{name} +
          " is no local date and time such as 2023-06-01T09:30:00");
}

// -- match summary --------------------------------------------------------------------------------

ordered_json summary(std::string_view query, const std::vector<message>& of) {
  auto report = match_summary::from(asked(query), in_london()).value();
  for (const auto& m : of)
    report.add(m);
  return ordered_json::parse(report.to_json());
}

const auto recent = "2023-06-14T08:00:00Z";
const auto late = "2023-06-01T08:00:00Z";

TEST(match_summary, all_keys_are_there_when_nothing_is) {
  EXPECT_EQ(
    summary("", {}).dump(),
    R"({"total":0,"completed":{"total":0,"success":0,"rejected":0},"waiting":{"total":0,"new":0,)"
    R"("retry":0,"category":{"no-match":0,"no-match-sentence":0,"too-many-matches":0,)"
    R"("book-number-set-fail":0,"location-set-fail":0,"key-dates-set-fail":0,"error-fail":0}},)"
    R"("exceeded-sla":{"total":0,"category":{"no-match":0,"no-match-sentence":0,)"
    R"("too-many-matches":0,"book-number-set-fail":0,"location-set-fail":0,)"
    R"("key-dates-set-fail":0,"error-fail":0}}})");
}

TEST(match_summary, what_is_done_is_a_success_unless_it_was_rejected) {
  const auto s = summary("", {done(message_status::completed, late, recent),
                              done(message_status::location_not_updated, late, recent),
                              done(message_status::no_longer_valid, recent, recent)});
  EXPECT_EQ(s["completed"], (ordered_json{{"total", 3}, {"success", 2}, {"rejected", 1}}));
  EXPECT_EQ(s["total"], 3);
}

TEST(match_summary, each_waiting_status_has_its_category_but_two) {
  std::vector<message> all;
  for (int status = 0; status <= static_cast<int>(message_status::key_dates_not_updated); ++status)
    all.push_back(waiting(static_cast<message_status>(status), recent));
  all.back().retry_count = 0;
  const auto s = summary("", all);
  EXPECT_EQ(s["waiting"]["total"], 9);
  EXPECT_EQ(s["waiting"]["new"], 1);
  EXPECT_EQ(s["waiting"]["retry"], 8);
  for (const auto& [name, count] : s["waiting"]["category"].items())
    EXPECT_EQ(count, 1) << name;
  EXPECT_EQ(s["exceeded-sla"]["total"], 0);
}

TEST(match_summary, what_waits_beyond_the_sla_is_counted_apart) {
  const std::vector<message> two{waiting(message_status::error, late),
                                 waiting(message_status::error, recent)};
  const auto s = summary("", two);
  EXPECT_EQ(s["exceeded-sla"]["total"], 1);
  EXPECT_EQ(s["exceeded-sla"]["category"]["error-fail"], 1);
  EXPECT_EQ(s["waiting"]["category"]["error-fail"], 1);
  EXPECT_EQ(s["total"], 2);
  EXPECT_EQ(summary("slaDays=30", two)["exceeded-sla"]["total"], 0);
  EXPECT_EQ(summary("slaDays=0", two)["exceeded-sla"]["total"], 2);
}

TEST(match_summary, it_has_status_changes_only_and_filters_all_parts) {
  auto move = waiting(message_status::error, recent);
  move.what.type = event_type::external_movement;
  auto elsewhere = done(message_status::completed, recent, recent);
  elsewhere.snapshot.location_id = "LEI";
  const std::vector<message> all{move, elsewhere, waiting(message_status::no_match, recent),
                                 waiting(message_status::no_match, late)};
  EXPECT_EQ(summary("", all)["total"], 3);
  EXPECT_EQ(summary("locationId=LEI", all)["total"], 1);
  EXPECT_EQ(summary("createdDateStartDateTime=2023-06-10T00:00:00", all)["total"], 2);
  EXPECT_EQ(summary("createdDateEndDateTime=2023-06-10T00:00:00", all)["exceeded-sla"]["total"], 1);
}

TEST(match_summary, those_of_several_instances_are_added) {
  const auto one = summary("", {waiting(message_status::error, late)}).dump();
  const auto two = summary("", {waiting(message_status::error, recent),
                                done(message_status::completed, recent, recent)})
                     .dump();
  const auto sum = ordered_json::parse(sum_of_summaries({{"", one}, {"", two}}).value());
  EXPECT_EQ(
    sum, summary("", {waiting(message_status::error, late), waiting(message_status::error, recent),
                      done(message_status::completed, recent, recent)}));
  EXPECT_FALSE(sum_of_summaries({{"", "rubbish"}}));
}

// -- gauges ---------------------------------------------------------------------------------------

double value_of(const std::vector<state_gauges::value>& all, std::string_view name,
                const observe::labels& with = {}) {
  for (const auto& each : all)
    if (each.name == name && each.with == with)
      return each.is;
  ADD_FAILURE() << "there is no " << name;
  return -1;
}

TEST(open_messages, the_oldest_one_that_waits_tells_its_age_and_those_that_are_held_do_not_count) {
  open_messages all;
  auto held = waiting(message_status::validated, "2023-06-01T08:00:00Z");
  held.phase = message_phase::held;
  all.add(held);
  all.add(waiting(message_status::no_match, "2023-06-15T10:58:00Z"));
  all.add(waiting(message_status::no_match, "2023-06-15T10:59:00Z"));
  EXPECT_EQ(value_of(all.values(at("2023-06-15T11:00:00Z")), "ptpu_oldest_waiting_seconds"), 120);
  EXPECT_EQ(value_of(all.values(at("2023-06-15T10:00:00Z")), "ptpu_oldest_waiting_seconds"), 0)
    << "the clock was set back";
}

TEST(open_messages, are_counted_by_status_and_a_status_that_nobody_has_is_zero) {
  open_messages all;
  all.add(waiting(message_status::no_match, "2023-06-15T10:58:00Z"));
  all.add(waiting(message_status::error, "2023-06-15T10:58:00Z"));
  all.add(waiting(message_status::no_match, "2023-06-15T10:59:00Z"));
  const auto values = all.values(at("2023-06-15T11:00:00Z"));
  EXPECT_EQ(value_of(values, "ptpu_records", {{"status", "NO_MATCH"}}), 2);
  EXPECT_EQ(value_of(values, "ptpu_records", {{"status", "ERROR"}}), 1);
  EXPECT_EQ(value_of(values, "ptpu_records", {{"status", "VALIDATED"}}), 0);
  EXPECT_EQ(
    value_of(open_messages{}.values(at("2023-06-15T11:00:00Z")), "ptpu_oldest_waiting_seconds"), 0);
}

/// Rows of the custody stage.
struct stored_rows final : stage_rows {
  std::map<std::string, std::string> rows;
  config::params params;
  [[nodiscard]] status scan(std::string_view prefix, const row_visitor& visit) const override {
    for (const auto& [key, value] : rows)
      if (key.starts_with(prefix) && !visit(key, value))
        break;
    return {};
  }
  [[nodiscard]] result<std::optional<wall_time>> timer_due(std::string_view) const override {
    return std::nullopt;
  }
  [[nodiscard]] const config::params& with() const override { return params; }
};

TEST(open_messages, are_those_of_the_open_rows_and_a_broken_row_is_an_error) {
  stored_rows state;
  state.rows["open/1200835/1"] = encode(waiting(message_status::no_match, "2023-06-15T10:58:00Z"));
  state.rows["done/1200835/2"] =
    encode(done(message_status::completed, "2023-06-01T08:00:00Z", "2023-06-01T09:00:00Z"));
  const auto gauges = open_message_gauges();
  const auto values = gauges.measure(state, at("2023-06-15T11:00:00Z"));
  ASSERT_TRUE(values) << values.error().what;
  EXPECT_EQ(value_of(*values, "ptpu_records", {{"status", "NO_MATCH"}}), 1);
  EXPECT_EQ(value_of(*values, "ptpu_records", {{"status", "COMPLETED"}}), 0);
  state.rows["open/1200835/3"] = "?";
  EXPECT_FALSE(gauges.measure(state, at("2023-06-15T11:00:00Z")));
}

} // namespace
} // namespace sallyport::prison_to_probation
