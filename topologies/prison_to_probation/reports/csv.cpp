#include "topologies/prison_to_probation/reports/csv.hpp"

#include <memory>

namespace sallyport::prison_to_probation {

namespace {

constexpr std::size_t part_bytes = 64U << 10U;

void put_cell(std::string& line, std::string_view text) {
  line += line.empty() ? "\"" : ",\"";
  for (const char c : text) {
    if (c == '"')
      line.push_back('"');
    line.push_back(c);
  }
  line.push_back('"');
}

void put_cell(std::string& line, const std::optional<std::string>& text) {
  put_cell(line, std::string_view{text ? *text : std::string_view{}});
}

} // namespace

std::string csv_header(csv_form form) {
  std::string line;
  for (const char* name : {"BOOKINGID", "BOOKINGNO", "CREATEDDATE", "CRNS", "DELETEBY", "EVENTTYPE",
                           "LEGALSTATUS", "LOCATION", "LOCATIONID", "OFFENDERNO"})
    put_cell(line, std::string_view{name});
  if (form == csv_form::processed)
    put_cell(line, std::string_view{"PROCESSEDDATE"});
  put_cell(line, std::string_view{"RECALL"});
  put_cell(line, std::string_view{"STATUS"});
  return line + "\n";
}

std::string csv_line(const message& of, csv_form form, const report_clocks& by) {
  std::string line;
  put_cell(line, std::string_view{std::to_string(of.what.booking_id)});
  put_cell(line, std::string_view{of.snapshot.booking_no});
  put_cell(line, std::string_view{format_local(of.created, by.london)});
  put_cell(line, of.crns);
  // deleteBy counts whole seconds.
  put_cell(line, std::string_view{format_local(
                   by.kept.in_reports(std::chrono::floor<std::chrono::seconds>(of.delete_by)))});
  put_cell(line, to_string(of.what.type));
  put_cell(line, of.snapshot.legal_status);
  put_cell(line, of.snapshot.location_description);
  put_cell(line, of.snapshot.location_id);
  put_cell(line, std::string_view{of.snapshot.offender_no});
  if (form == csv_form::processed)
    put_cell(line, of.processed ? std::optional{format_local(*of.processed, by.london)}
                                : std::optional<std::string>{});
  put_cell(line, std::string_view{!of.snapshot.recall   ? ""
                                  : *of.snapshot.recall ? "true"
                                                        : "false"});
  put_cell(line, to_string(of.status));
  return line + "\n";
}

query_row csv_row(const message& of, csv_form form, const report_clocks& by) {
  // Messages of one moment have an order too: a report must not change when nothing does.
  return {format_utc(of.created) + "/" + std::to_string(of.what.booking_id) + "/" + of.id,
          csv_line(of, form, by)};
}

http_response csv_answer(std::vector<query_row> rows, csv_form form) {
  http_response made;
  made.content_type = "text/csv";
  if (rows.empty())
    return made;
  made.next_part = [rows = std::make_shared<std::vector<query_row>>(std::move(rows)), form,
                    next = std::size_t{0}]() mutable -> result<std::string> {
    std::string part = next == 0 ? csv_header(form) : std::string{};
    while (next < rows->size() && part.size() < part_bytes)
      part += std::exchange((*rows)[next++].text, {});
    return part;
  };
  return made;
}

} // namespace sallyport::prison_to_probation
