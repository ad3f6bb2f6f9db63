// The HTTP surface of the topology (§6): its reports, and who may do what.

#include "engine/services/surface.hpp"

#include "topologies/prison_to_probation/flaws.hpp"
#include "topologies/prison_to_probation/message_store.hpp"
#include "topologies/prison_to_probation/reports/csv.hpp"
#include "topologies/prison_to_probation/reports/gauges.hpp"
#include "topologies/prison_to_probation/reports/reports.hpp"
#include "topologies/prison_to_probation/telemetry.hpp"

namespace sallyport::prison_to_probation {
namespace {

constexpr std::string_view report_role = "ROLE_PTPU_REPORT";
constexpr std::string_view operator_role = "ROLE_PTPU_QUEUE_ADMIN";
constexpr std::string_view not_processed = "open/";
constexpr std::string_view processed = "done/";

using message_visitor = std::function<bool(const message&)>;

/// Visits messages until `visit` returns false.
status each_message(const stage_rows& of, std::string_view prefix, const message_visitor& visit) {
  status read;
  SALLYPORT_CHECK(of.scan(prefix, [&](std::string_view, std::string_view row) {
    const auto m = decode_message(row);
    if (!m)
      read = fail(m.error());
    return m && visit(*m);
  }));
  return read;
}

result<report_clocks> clocks_of(const stage_rows& of) {
  SALLYPORT_TRY(auto here, london());
  retention kept{here, flaws_of(of.with()).delete_by_wall_clock};
  return report_clocks{std::move(here), std::move(kept)};
}

state_query query(std::string name, std::string summary) {
  state_query made;
  made.path = "/report/" + name;
  made.name = std::move(name);
  made.role = report_role;
  made.part = "custody";
  made.stage = "custody";
  made.about.group = "reports";
  made.about.summary = std::move(summary);
  return made;
}

route_description::parameter parameter(std::string name, std::string text) {
  return {std::move(name), "query", "string", "", std::move(text), ""};
}

route_description::parameter days(std::string name, std::string text) {
  return {std::move(name), "query", "integer", "int64", std::move(text), "7"};
}

void add_range(state_query& to, const std::string& name) {
  to.about.parameters.push_back(
    {name + "StartDateTime", "query", "string", "date-time",
     "Only later ones: a local date and time of London, without offset.", ""});
  to.about.parameters.push_back({name + "EndDateTime", "query", "string", "date-time",
                                 "Only earlier ones: a local date and time of London.", ""});
}

void answers_csv(state_query& q, csv_form form) {
  q.about.answers = {
    {200, "A row a message, the oldest first; nothing at all when there is none.", "text/csv"}};
  q.answer = [form](std::vector<query_row> rows, const query_input&) {
    return csv_answer(std::move(rows), form);
  };
}

state_query in_progress() {
  auto q = query("in-progress", "All events that are not processed yet.");
  answers_csv(q, csv_form::open);
  q.collect = [](const stage_rows& of, const query_input&, query_rows& into) -> status {
    SALLYPORT_TRY(const auto clocks, clocks_of(of));
    return each_message(of, not_processed, [&](const message& m) {
      return into.add(csv_row(m, csv_form::open, clocks));
    });
  };
  return q;
}

state_query not_matched() {
  auto q =
    query("not-matched", "Events that wait because no person, no sentence or too many match.");
  q.about.parameters = {days("daysOld", "Only those that came more than so many days ago.")};
  answers_csv(q, csv_form::open);
  q.collect = [](const stage_rows& of, const query_input& asked, query_rows& into) -> status {
    SALLYPORT_TRY(const auto clocks, clocks_of(of));
    SALLYPORT_TRY(const auto report, not_matched_report::from(asked, clocks.london));
    return each_message(of, not_processed, [&](const message& m) {
      return !report.wants(m) || into.add(csv_row(m, csv_form::open, clocks));
    });
  };
  return q;
}

state_query processed_events() {
  auto q = query("processed", "Events that are done, for thirty days.");
  q.about.parameters = {parameter("locationId", "Only those of the prison."),
                        parameter("eventType", "Only those of the type.")};
  add_range(q, "processedDate");
  add_range(q, "createdDate");
  answers_csv(q, csv_form::processed);
  q.collect = [](const stage_rows& of, const query_input& asked, query_rows& into) -> status {
    SALLYPORT_TRY(const auto clocks, clocks_of(of));
    SALLYPORT_TRY(const auto report, processed_report::from(asked, clocks.london));
    return each_message(of, processed, [&](const message& m) {
      return !report.wants(m) || into.add(csv_row(m, csv_form::processed, clocks));
    });
  };
  return q;
}

state_query summary() {
  auto q = query("match-summary", "How the changes of imprisonment status fare, in numbers.");
  q.about.parameters = {parameter("locationId", "Only those of the prison.")};
  add_range(q, "createdDate");
  q.about.parameters.push_back(days("slaDays", "A change should be done within so many days."));
  q.about.answers = {{200, "All keys, always; 0 where there is nothing.", "application/json"}};
  q.collect = [](const stage_rows& of, const query_input& asked, query_rows& into) -> status {
    SALLYPORT_TRY(const auto clock, london());
    SALLYPORT_TRY(auto report, match_summary::from(asked, clock));
    for (const auto prefix : {not_processed, processed})
      SALLYPORT_CHECK(each_message(of, prefix, [&](const message& m) {
        report.add(m);
        return true;
      }));
    (void) into.add({"", report.to_json()});
    return {};
  };
  q.answer = [](const std::vector<query_row>& rows, const query_input&) {
    auto sum = sum_of_summaries(rows);
    if (!sum)
      return error_response(sum.error());
    http_response made;
    made.body = *std::move(sum);
    return made;
  };
  return q;
}

std::string_view state_of(message_phase phase) {
  switch (phase) {
  case message_phase::held: return "held";
  case message_phase::in_sync: return "in_call";
  case message_phase::waiting: return "waiting";
  case message_phase::processed: break;
  }
  return "done";
}

/// What a person may give orders for (order.hpp).
waiting_records open_records() {
  waiting_records made;
  made.part = "custody";
  made.stage = "custody";
  made.orders = {"retry-now", "pause", "resume", "discard"};
  made.list = [](const stage_rows& of,
                 const std::function<bool(waiting_record&&)>& visit) -> status {
    status read;
    SALLYPORT_CHECK(each_message(of, not_processed, [&](const message& m) {
      waiting_record r{message_store::name_of(m),
                       std::string{state_of(m.phase)},
                       std::string{to_string(m.status)},
                       m.created,
                       m.retry_count,
                       {},
                       m.delete_by,
                       m.paused};
      auto next =
        of.timer_due(m.phase == message_phase::held ? "hold/" + std::to_string(m.what.booking_id)
                                                    : "retry/" + r.key);
      if (!next) {
        read = fail(std::move(next).error());
        return false;
      }
      r.next = *next;
      return visit(std::move(r));
    }));
    return read;
  };
  return made;
}

/// §9: the events of the original, with its dimensions.
record tell(const dead_letter_news& news) {
  const bool retried = news.what == dead_letter_news::kind::retried;
  auto told = retried ? telemetry_event{"RetryDLQ"}
                          .with("dlq-name", std::string_view{news.topic})
                          .with("messages-found", static_cast<std::size_t>(news.found))
                          .with("messages-retried", static_cast<std::size_t>(news.retried))
                      : telemetry_event{"PurgeQueue"}
                          .with("queue-name", std::string_view{news.topic})
                          .with("messages-found", static_cast<std::size_t>(news.found));
  return told.to_record(news.topic, news.at);
}

surface reports_surface() {
  surface made;
  made.topology = "prison-to-probation";
  made.queries = {in_progress(), not_matched(), processed_events(), summary()};
  made.gauges = {open_message_gauges()};
  made.waiting.push_back(open_records());
  made.operator_role = operator_role;
  made.tells_to = "telemetry";
  made.tell = tell;
  return made;
}

} // namespace

SALLYPORT_SURFACE(prison_to_probation, reports_surface());

} // namespace sallyport::prison_to_probation
