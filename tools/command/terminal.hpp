#pragma once

#include "engine/config/docs.hpp"

#include <string>
#include <vector>

namespace sallyport::command {

/// How text is laid out on stdout or stderr: as wide as the terminal, with color where it is one
/// and NO_COLOR is not set. A pipe has no color and the usual width.
[[nodiscard]] config::page page_of(int descriptor);

/// Columns as wide as their longest cell, two blanks apart; a heading with `>` before it stands
/// right. What is too wide for stdout's terminal is cut off in the last column. A cell is shown
/// without control characters.
[[nodiscard]] std::string table(const std::vector<std::string>& headings,
                                const std::vector<std::vector<std::string>>& rows);
/// The same for a given page.
[[nodiscard]] std::string table(const std::vector<std::string>& headings,
                                const std::vector<std::vector<std::string>>& rows,
                                const config::page& how, bool cut);

/// A line on stderr that says how far a long work is, drawn over itself. Nothing is shown within
/// the first second, nor where stderr is no terminal.
///
/// Thread safety: confined to the thread of the verb.
class progress {
public:
  explicit progress(std::string what);
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// `of` is 0 where nobody knows how much there is.
  void at(std::size_t done, std::size_t of = 0);

private:
  std::string what_;
  std::int64_t began_ms_;
  std::int64_t shown_ms_ = 0;
};

} // namespace sallyport::command
