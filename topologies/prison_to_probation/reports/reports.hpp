#pragma once

#include "engine/services/state_query.hpp"
#include "topologies/prison_to_probation/message.hpp"
#include "topologies/prison_to_probation/reports/parameters.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// Which messages a report of §6 wants: one class each, which knows its parameters and nothing of
/// rows and HTTP.
namespace sallyport::prison_to_probation {

/// `/report/not-matched`: status changes that wait because nobody, nothing or too much matched, and
/// that came more than `daysOld` days ago.
class not_matched_report {
public:
  [[nodiscard]] static result<not_matched_report> from(const query_input& asked,
                                                       const zone& london);
  /// @pre the message is not processed
  [[nodiscard]] bool wants(const message& m) const;

private:
  explicit not_matched_report(zone london) : london_(std::move(london)) {}

  zone london_;
  local_time before_{};
};

/// `/report/processed`: what is done, by place, type and time.
class processed_report {
public:
  [[nodiscard]] static result<processed_report> from(const query_input& asked, const zone& london);
  /// @pre the message is processed
  [[nodiscard]] bool wants(const message& m) const;

private:
  explicit processed_report(zone london) : london_(std::move(london)) {}

  zone london_;
  std::optional<std::string> location_id_;
  std::optional<std::string> event_type_;
  moment_range processed_;
  moment_range created_;
};

/// `/report/match-summary`: how the status changes fare.
class match_summary {
public:
  /// Why a message waits.
  struct category_counts {
    std::uint64_t no_match = 0;
    std::uint64_t no_match_sentence = 0;
    std::uint64_t too_many_matches = 0;
    std::uint64_t book_number_set_fail = 0;
    std::uint64_t location_set_fail = 0;
    std::uint64_t key_dates_set_fail = 0;
    std::uint64_t error_fail = 0;

    void add(message_status status);
  };

  [[nodiscard]] static result<match_summary> from(const query_input& asked, const zone& london);

  void add(const message& m);
  /// With the keys of the original, in their order; all of them, always.
  [[nodiscard]] std::string to_json() const;

private:
  explicit match_summary(zone london) : london_(std::move(london)) {}

  zone london_;
  std::optional<std::string> location_id_;
  moment_range created_;
  local_time late_before_{};

  std::uint64_t success_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t new_ = 0;
  std::uint64_t retry_ = 0;
  std::uint64_t exceeded_ = 0;
  category_counts waiting_category_;
  category_counts exceeded_category_;
};

/// The sum of summaries, number by number.
[[nodiscard]] result<std::string> sum_of_summaries(const std::vector<query_row>& parts);

} // namespace sallyport::prison_to_probation
