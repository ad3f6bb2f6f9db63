#include "topologies/prison_to_probation/reports/parameters.hpp"

#include <charconv>

namespace sallyport::prison_to_probation {

namespace {

/// A thousand years: more would not fit into what a date can hold.
constexpr std::int64_t days_max = 365'000;

error wrong(const std::string& name, const std::string& what) {
  return error::user(errc::invalid_data, "the parameter " + name + " " + what);
}

result<std::optional<local_time>> moment_parameter(const query_input& asked,
                                                   const std::string& name) {
  const auto text = text_parameter(asked, name);
  if (!text || text->empty())
    return std::nullopt;
  auto at = parse_local_datetime(*text);
  if (!at)
    return fail(wrong(name, "is no local date and time such as 2023-06-01T09:30:00"));
  return *at;
}

} // namespace

std::optional<std::string> text_parameter(const query_input& asked, const std::string& name) {
  const auto found = asked.parameters.find(name);
  return found == asked.parameters.end() ? std::nullopt : std::optional{found->second};
}

result<std::chrono::days> days_parameter(const query_input& asked, const std::string& name,
                                         std::chrono::days otherwise) {
  const auto text = text_parameter(asked, name);
  if (!text || text->empty())
    return otherwise;
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (problem != std::errc{} || end != text->data() + text->size() || number < -days_max ||
      number > days_max)
    return fail(wrong(name, "is no whole number of days"));
  return std::chrono::days{number};
}

result<moment_range> range_parameters(const query_input& asked, const std::string& name) {
  moment_range range;
  SALLYPORT_TRY(range.after, moment_parameter(asked, name + "StartDateTime"));
  SALLYPORT_TRY(range.before, moment_parameter(asked, name + "EndDateTime"));
  return range;
}

result<zone> london() { return zone::find("Europe/London"); }

} // namespace sallyport::prison_to_probation
