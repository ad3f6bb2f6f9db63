#include "topologies/prison_to_probation/reports/reports.hpp"

#include <nlohmann/json.hpp>

namespace sallyport::prison_to_probation {

namespace {

using tree = nlohmann::ordered_json;

constexpr std::chrono::days sla_days_by_default{7};

tree as_json(const match_summary::category_counts& of) {
  return {{"no-match", of.no_match},
          {"no-match-sentence", of.no_match_sentence},
          {"too-many-matches", of.too_many_matches},
          {"book-number-set-fail", of.book_number_set_fail},
          {"location-set-fail", of.location_set_fail},
          {"key-dates-set-fail", of.key_dates_set_fail},
          {"error-fail", of.error_fail}};
}

void add_numbers(tree& to, const tree& more) {
  for (const auto& [name, value] : more.items())
    if (value.is_object())
      add_numbers(to[name], value);
    else
      to[name] = to[name].get<std::uint64_t>() + value.get<std::uint64_t>();
}

} // namespace

void match_summary::category_counts::add(message_status status) {
  switch (status) {
  case message_status::no_match: ++no_match; return;
  case message_status::no_match_with_sentence_date: ++no_match_sentence; return;
  case message_status::too_many_matches: ++too_many_matches; return;
  case message_status::booking_number_not_assigned: ++book_number_set_fail; return;
  case message_status::location_not_updated: ++location_set_fail; return;
  case message_status::key_dates_not_updated: ++key_dates_set_fail; return;
  case message_status::error: ++error_fail; return;
  case message_status::validated:
  case message_status::not_valid:
  case message_status::completed:
  case message_status::no_longer_valid: return;
  }
}

result<match_summary> match_summary::from(const query_input& asked, const zone& london) {
  match_summary made{london};
  made.location_id_ = text_parameter(asked, "locationId");
  SALLYPORT_TRY(made.created_, range_parameters(asked, "createdDate"));
  SALLYPORT_TRY(const auto sla, days_parameter(asked, "slaDays", sla_days_by_default));
  made.late_before_ = london.to_local(asked.now) - sla;
  return made;
}

void match_summary::add(const message& m) {
  const auto created = london_.to_local(m.created);
  if (m.what.type != event_type::imprisonment_status ||
      (location_id_ && m.snapshot.location_id != location_id_) || !created_.contains(created))
    return;
  if (m.processed) {
    ++(m.status == message_status::no_longer_valid ? rejected_ : success_);
  } else if (created < late_before_) {
    ++exceeded_;
    exceeded_category_.add(m.status);
  } else {
    ++(m.retry_count == 0 ? new_ : retry_);
    waiting_category_.add(m.status);
  }
}

std::string match_summary::to_json() const {
  const auto completed = success_ + rejected_;
  const auto waiting = new_ + retry_;
  const tree whole{
    {"total", completed + waiting + exceeded_},
    {"completed", {{"total", completed}, {"success", success_}, {"rejected", rejected_}}},
    {"waiting",
     {{"total", waiting},
      {"new", new_},
      {"retry", retry_},
      {"category", as_json(waiting_category_)}}},
    {"exceeded-sla", {{"total", exceeded_}, {"category", as_json(exceeded_category_)}}}};
  return whole.dump();
}

result<std::string> sum_of_summaries(const std::vector<query_row>& parts) {
  tree sum;
  for (const auto& part : parts) {
    auto one = tree::parse(part.text, nullptr, false);
    if (one.is_discarded())
      return fail(error::external(errc::unavailable, "another instance gives another summary"));
    if (sum.is_null())
      sum = std::move(one);
    else
      add_numbers(sum, one);
  }
  return sum.dump();
}

} // namespace sallyport::prison_to_probation
