#include "engine/services/state_service.hpp"

#include "engine/services/http_fetch.hpp"
#include "engine/services/record_json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

namespace sallyport {

namespace {

/// By which an instance tells another its `now`, in milliseconds since 1970.
constexpr std::string_view now_header = "sallyport-now";

std::optional<wall_time> told_now(const http_request& request) {
  const auto text = find_header(request.headers, now_header);
  if (!text)
    return std::nullopt;
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (problem != std::errc{} || end != text->data() + text->size())
    return std::nullopt;
  return wall_time{duration{number}};
}

status read_rows(const std::string& lines, std::vector<query_row>& to) {
  const auto broken = [] {
    return fail(error::external(errc::unavailable, "another instance gives rows of another form"));
  };
  simdjson::dom::parser parser;
  simdjson::dom::document_stream all;
  if (parser.parse_many(lines, std::max<std::size_t>(lines.size(), 1U << 20U)).get(all) !=
      simdjson::SUCCESS)
    return broken();
  for (auto line : all) {
    std::string_view order;
    std::string_view text;
    if (line["order"].get(order) != simdjson::SUCCESS ||
        line["text"].get(text) != simdjson::SUCCESS)
      return broken();
    to.push_back({std::string{order}, std::string{text}});
  }
  return {};
}

} // namespace

bool query_rows::add(query_row row) {
  bytes_ += row.order.size() + row.text.size() + sizeof(query_row);
  overflowed_ = bytes_ > bytes_max_;
  if (!overflowed_)
    rows_.push_back(std::move(row));
  return !overflowed_;
}

state_service::state_service(const committed_state& state, const wall_clock& clock, limits with,
                             other_instances others)
  : state_(state), clock_(clock), limits_(with), others_(std::move(others)) {}

void state_service::serve_on(http_server& server, const std::vector<state_query>& queries) {
  for (const auto& query : queries) {
    auto about = query.about;
    about.answers.push_back({400, "a parameter cannot be read; the error names it"});
    server.route({"GET", query.path, access::with_role(query.role), std::move(about),
                  [this, &query](const http_request& request) { return answer(query, request); }});
    route_description between;
    between.group = "between instances";
    between.summary = "What this instance has for " + query.path + ", as lines of JSON.";
    between.answers = {{200, "`order` and `text` a line", "application/x-ndjson"}};
    server.route(
      {"GET", "/internal/rows/" + query.name, access::with_role(query.role), std::move(between),
       [this, &query](const http_request& request) { return own_rows(query, request); }});
  }
}

http_response state_service::answer(const state_query& to, const http_request& request) {
  if (!free_.try_acquire_for(limits_.wait_max)) {
    auto busy = error_response(503, "too many reports are being made; ask again");
    busy.headers.push_back({"Retry-After", "10"});
    return busy;
  }
  const std::unique_ptr<void, std::function<void(void*)>> end{this,
                                                              [this](void*) { free_.release(); }};
  const query_input asked{request.query, clock_.now()};
  auto rows = collect(to, asked);
  if (!rows)
    return error_response(rows.error());
  if (auto added = add_others(to, asked, request, *rows); !added)
    return error_response(added.error());
  std::ranges::sort(*rows, {}, &query_row::order);
  return to.answer(std::move(*rows), asked);
}

http_response state_service::own_rows(const state_query& of, const http_request& request) {
  const query_input asked{request.query, told_now(request).value_or(clock_.now())};
  auto rows = collect(of, asked);
  if (!rows)
    return error_response(rows.error());
  http_response made;
  made.content_type = "application/x-ndjson";
  for (const auto& row : *rows) {
    made.body += R"({"order":)";
    append_json_text(made.body, row.order);
    made.body += R"(,"text":)";
    append_json_text(made.body, row.text);
    made.body += "}\n";
  }
  return made;
}

result<std::vector<query_row>> state_service::collect(const state_query& of,
                                                      const query_input& asked) const {
  query_rows into{limits_.bytes_max};
  SALLYPORT_CHECK(of.collect(*state_.rows_of(of.part, of.stage), asked, into));
  if (into.overflowed())
    return fail(
      error::user(errc::limit_reached, "the answer is bigger than http.report_bytes_max (" +
                                         std::to_string(limits_.bytes_max) +
                                         " bytes); narrow it by its parameters"));
  return std::move(into).take();
}

status state_service::add_others(const state_query& of, const query_input& asked,
                                 const http_request& request, std::vector<query_row>& to) const {
  if (!others_)
    return {};
  header_list headers{
    {std::string{now_header}, std::to_string(asked.now.time_since_epoch().count())}};
  if (const auto token = find_header(request.headers, "authorization"))
    headers.push_back({"Authorization", std::string{*token}});
  for (const auto& instance : others_()) {
    auto came = http_get(instance + "/internal/rows/" + of.name + query_text(asked.parameters),
                         headers, {limits_.instance_timeout, limits_.bytes_max});
    if (!came)
      return fail(std::move(came).error().within("another instance does not answer"));
    if (came->status != 200)
      return fail(error::external(errc::unavailable,
                                  "another instance answers " + std::to_string(came->status)));
    SALLYPORT_CHECK(read_rows(came->body, to));
  }
  return {};
}

} // namespace sallyport
