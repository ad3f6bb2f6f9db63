#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

/// Log lines for operators of the service. Normal operation is quiet. Each line has a stable event
/// id (a word with dots, `lane.failed`), by which people search and which docs/operating.md
/// explains. No personal data: values are names of stages and topics, offsets, counts, times.
namespace sallyport::observe {

enum class level { debug, info, warn, error };

struct log_field {
  std::string_view name;
  std::string value;
};

/// Sets form (`text` or `json`) and least level for the process; the default is text, info, to
/// stderr.
void configure_log(std::string_view format, level least);
[[nodiscard]] bool parse_level(std::string_view word, level& out);

void log(level at, std::string_view event, std::string_view text,
         std::initializer_list<log_field> fields = {});

/// Writes out what is buffered; before an exit.
void flush_log();

} // namespace sallyport::observe
