#pragma once

#include "engine/core/error.hpp"
#include "engine/services/state_query.hpp"
#include "engine/time/zone.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// The parameters of the reports (§6). One that is not known is ignored; one that cannot be read is
/// an error that names it. An empty number or time is as good as none, as in a form that was not
/// filled in.
namespace sallyport::prison_to_probation {

/// Both ends are exclusive.
struct moment_range {
  std::optional<local_time> after;
  std::optional<local_time> before;

  [[nodiscard]] bool contains(local_time at) const noexcept {
    return (!after || at > *after) && (!before || at < *before);
  }
};

[[nodiscard]] std::optional<std::string> text_parameter(const query_input& asked,
                                                        const std::string& name);
[[nodiscard]] result<std::chrono::days>
days_parameter(const query_input& asked, const std::string& name, std::chrono::days otherwise);
/// `<name>StartDateTime` and `<name>EndDateTime`, ISO local date-times.
[[nodiscard]] result<moment_range> range_parameters(const query_input& asked,
                                                    const std::string& name);

/// Statuses, dates and the parameters are read on the clocks of London.
[[nodiscard]] result<zone> london();

} // namespace sallyport::prison_to_probation
