#pragma once

#include "engine/services/state_query.hpp"
#include "engine/time/zone.hpp"
#include "topologies/prison_to_probation/message.hpp"
#include "topologies/prison_to_probation/retention.hpp"

#include <string>
#include <vector>

/// The CSV of the reports (§6): columns by the alphabet, every cell quoted, a null empty, a line
/// feed behind each line, the oldest createdDate first; no rows, no header.
namespace sallyport::prison_to_probation {

enum class csv_form : std::uint8_t {
  open,     ///< of what is not processed
  processed ///< with PROCESSEDDATE
};

/// Whose clocks the dates are shown by.
struct report_clocks {
  zone london;
  retention kept; ///< how deleteBy was written
};

[[nodiscard]] std::string csv_header(csv_form form);
[[nodiscard]] std::string csv_line(const message& of, csv_form form, const report_clocks& by);

/// The line with its place among the others.
[[nodiscard]] query_row csv_row(const message& of, csv_form form, const report_clocks& by);
/// The whole report of sorted rows, in parts.
[[nodiscard]] http_response csv_answer(std::vector<query_row> rows, csv_form form);

} // namespace sallyport::prison_to_probation
