#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// Log lines for operators of the service. Normal operation is quiet. Each line has a stable event
/// id (a word with dots, `lane.failed`), by which people search and which docs/operating.md
/// explains. No personal data: values are names of stages and topics, offsets, counts, times.
///
/// A line is one line whatever it says: control characters are escaped. JSON lines have `time` (RFC
/// 3339, UTC, milliseconds), `level`, `event`, `text`, and the fields beside them as strings; a
/// field of one of those four names gets an underscore behind its name.
///
/// Thread safety: all functions from any thread; a line is never torn.
namespace sallyport::observe {

enum class level { debug, info, warn, error };

struct log_field {
  std::string_view name;
  std::string value;
};

/// Sets form (`json`; anything else is `text`) and least level for the process; the default is
/// text, info. Lines go to stderr.
void configure_log(std::string_view format, level least);
[[nodiscard]] bool parse_level(std::string_view word, level& out);

void log(level at, std::string_view event, std::string_view text,
         std::initializer_list<log_field> fields = {});

/// A line that says that something is wrong.
struct warning {
  std::string time;
  std::string event;
  std::string text; ///< with its fields, as one line
};
/// The latest lines of level warn and error, the oldest first; those that say the same one after
/// the other are one. For people who cannot look at the log itself.
[[nodiscard]] std::vector<warning> latest_warnings();

/// Writes out what is buffered; before an exit.
void flush_log();

} // namespace sallyport::observe
